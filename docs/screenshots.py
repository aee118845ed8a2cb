"""Regenerate the pictures of the page: `make screenshots` (needs Chromium). Played from real pen tracks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from app.recognition.classifier import Classifier
from tests.conftest import MODEL, TRACK_FILES
from tests.page.conftest import DEVICES, launched_browser, opened, served
from tests.page.playing import first, message, play, predict
from training.prepare.drawing import draw
from training.prepare.unipen import read_unipen

FOLDER = Path(__file__).parent
TRACKS = [track for file in TRACK_FILES for track in read_unipen(file)]


def answered(page: Page) -> None:
    """A digit that is read without doubt."""
    play(page, first(TRACKS, "3").strokes)
    predict(page)


def not_sure(page: Page) -> None:
    """The track that the model has most doubts about."""
    classifier = Classifier.load(MODEL)
    prepared = [classifier.model.preprocessing(draw(track.strokes)) for track in TRACKS]
    answers = classifier.predict(prepared)
    play(page, min(zip(answers, TRACKS, strict=True), key=lambda pair: pair[0].confidence)[1].strokes)
    predict(page)
    message(page, "Not sure")


def error(page: Page) -> None:
    """A server that does not answer."""
    page.route("**/predict?*", lambda route: route.abort())
    play(page, first(TRACKS, "5").strokes)
    message(page, "cannot be reached")


DESKTOP = {"viewport": {"width": 900, "height": 735}, "device_scale_factor": 2}
# File name: how the page is opened, and what happens on it.
SCENES: dict[str, tuple[dict[str, Any], Callable[[Page], None]]] = {
    "page-desktop": (DESKTOP, answered),
    "page-dark": ({**DESKTOP, "color_scheme": "dark"}, answered),
    "page-phone": ({**DEVICES["phone"], "device_scale_factor": 2}, answered),
    "page-not-sure": (DESKTOP, not_sure),
    "page-error": (DESKTOP, error),
}


def main() -> None:
    """Write one picture for each scene."""
    with served() as address, launched_browser() as browser:
        for name in SCENES:
            shoot(browser, address, name)


def shoot(browser: Browser, address: str, name: str) -> None:
    """Play a scene and save the page as it is then, with nothing on it still moving."""
    options, scene = SCENES[name]
    with opened(browser, address, reduced_motion="reduce", **options) as page:
        scene(page)
        expect(page.locator("body.waiting")).to_have_count(0)
        page.mouse.move(0, 0)
        page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
