"""Take pictures of the page in every state, size and colour scheme: `make screenshots` (needs Chromium).

All go to screenshots/, a few to docs/ for the README, and the picture for link previews to static/preview.png.
Played from real pen tracks. Name a state to take only its pictures: python -m docs.screenshots answered
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.main import ROOT
from app.recognition.classifier import Classifier
from benchmarks.photograph import photograph
from tests.conftest import MODEL, TRACK_FILES, encode
from tests.page.conftest import launched_browser, opened, served
from tests.page.playing import Held, answer, bring, draw_line, first, jot, message, units
from training.prepare.drawing import draw
from training.prepare.unipen import Character, Stroke, read_unipen

_K: tuple[Stroke, ...] = (((0, 0), (0, 0.5), (0, 1)), ((0.6, 0.05), (0.05, 0.5), (0.05, 0.5), (0.65, 1)))
_TSU: tuple[Stroke, ...] = (((0, 0.35), (0.3, 0.2), (0.7, 0.15), (0.95, 0.4), (0.9, 0.65), (0.6, 0.85), (0.35, 0.95)),)
TRACKS = [track for file in TRACK_FILES for track in read_unipen(file)]
SIZES = {"320": (320, 568), "390": (390, 844), "844x390": (844, 390), "820": (820, 1180), "1280": (1280, 800)}
SCHEMES: dict[str, dict[str, str]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active", "color_scheme": "dark"},
}
# What the README shows: state, size and scheme of each.
CHOSEN = {
    "page-desktop": ("answered", "1280", "light"),
    "page-dark": ("answered", "1280", "dark"),
    "page-phone": ("answered", "390", "light"),
    "page-not-sure": ("not-sure", "390", "light"),
    "page-error": ("waiting", "390", "light"),
    "page-letters": ("letters", "390", "light"),
    "page-kana": ("kana", "390", "light"),
    "page-game": ("game", "390", "light"),
    "page-share": ("share", "390", "light"),
}


def read(page: Page, label: str) -> None:
    """Draw a digit and wait for its answer."""
    show(page, first(TRACKS, label).strokes)


def empty(page: Page) -> None:
    """As it is at first."""
    expect(page.locator("#examples")).to_be_visible()


def answered(page: Page) -> None:
    """A digit that is read without doubt."""
    read(page, "3")


def not_sure(page: Page) -> None:
    """The track that the model has most doubts about."""
    jot(page, doubtful().strokes)
    message(page, "Not sure")


def doubtful() -> Character:
    """The track with the least confidence of all."""
    classifier = Classifier.load(MODEL)
    answers = classifier.predict([classifier.model.preprocessing(draw(track.strokes)) for track in TRACKS])
    return min(zip(answers, TRACKS, strict=True), key=lambda pair: pair[0].confidence)[1]


def hard(page: Page) -> None:
    """No class stands out."""
    shares = {f"c{digit}": 0.08 + 0.004 * digit for digit in range(10)}
    page.route("**/predict?*", lambda route: route.fulfill(json=answer("9", **shares)))
    read(page, "8")


def reading(page: Page) -> None:
    """An answer that takes its time, after another."""
    read(page, "3")
    Held(page)
    draw_line(page, 0.2)
    message(page, "Reading…")


def waiting(page: Page) -> None:
    """A server that does not answer."""
    page.route("**/predict?*", lambda route: route.fulfill(status=503, headers={"Retry-After": "30"}, json={}))
    jot(page, first(TRACKS, "5").strokes)
    message(page, "busy")


def refused(page: Page) -> None:
    """A picture with nothing on it."""
    bring(page, "drop", (encode(Image.new("L", (60, 60), 255)), "white.png", "image/png"))
    message(page, "No character")


def told(page: Page) -> None:
    """A wrong file beside an answer."""
    read(page, "3")
    bring(page, "drop", (b"\0\0\0\x18ftypheic", "IMG_20391203_1201.HEIC", "image/heic"))
    message(page, "cannot open")


def photo(page: Page) -> None:
    """A photograph instead of a drawing."""
    data = photograph(draw(first(TRACKS, "2").strokes), np.random.default_rng(0))
    bring(page, "drop", (data, "2.jpg", "image/jpeg"))
    message(page, "sure")


def keyboard(page: Page) -> None:
    """The pen of the arrow keys."""
    page.locator("#canvas").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    message(page, "sure")


def gallery(page: Page) -> None:
    """Some drawings later."""
    for track in TRACKS[:13]:
        jot(page, track.strokes)
        expect(page.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
        page.keyboard.press("Escape")
    expect(page.locator("#galleryStrip li")).to_have_count(12)


def share(page: Page) -> None:
    """The dialog that sends a drawing."""
    read(page, "3")
    page.locator("#shareButton").click()
    expect(page.locator("#shareDialog")).to_be_visible()


def game(page: Page) -> None:
    """A game under way, once won."""
    page.locator("#playButton").click()
    fool(page, "7")
    read(page, "4")


def game_over(page: Page) -> None:
    """The score."""
    page.locator("#playButton").click()
    for label in "784":
        fool(page, label)
    page.locator("#stopButton").click()
    expect(page.locator("#gameOver")).to_be_visible()


def fool(page: Page, label: str) -> None:
    """Have the server misread a drawing of what the game asks for."""
    target = page.locator("#gameTarget").inner_text()
    wrong = "1" if target != "1" else "7"
    page.route("**/predict?*", lambda route: route.fulfill(json=answer(wrong, **{f"c{wrong}": 0.7, f"c{target}": 0.3})))
    score = int(page.locator("#gameScore").inner_text())
    read(page, label)
    page.locator("#predictButton").click()
    expect(page.locator("#gameScore")).to_have_text(str(score + 1))
    page.unroute("**/predict?*")


def letters(page: Page) -> None:
    """Another model, which cannot tell a capital from a small letter by its shape."""
    page.goto(f"{page.url}?model=letters")
    show(page, _K)


def kana(page: Page) -> None:
    """A third one."""
    page.goto(f"{page.url}?model=kana")
    show(page, _TSU)


def show(page: Page, strokes: Sequence[Stroke]) -> None:
    """Draw and wait for the answer."""
    jot(page, strokes)
    expect(page.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")


def about(page: Page) -> None:
    """The model card for people."""
    page.goto(f"{page.url}about")


STATES: dict[str, Callable[[Page], None]] = {
    "empty": empty,
    "answered": answered,
    "not-sure": not_sure,
    "hard": hard,
    "reading": reading,
    "waiting": waiting,
    "refused": refused,
    "told": told,
    "photo": photo,
    "keyboard": keyboard,
    "gallery": gallery,
    "share": share,
    "game": game,
    "game-over": game_over,
    "letters": letters,
    "kana": kana,
    "about": about,
}
_BLANK = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAFElEQVR42mP8z4APMOGVHZUeKtIAWKwBH5wjE8QAAAAASUVORK5CYII="
_PREVIEW = """async ([strokes, answer]) => {
  const [{ drawingCard }, { marked }] = await Promise.all([import('/static/card.js'), import('/static/ink.js')]);
  return drawingCard(marked(strokes), answer, 'Draw one and see', '').toDataURL();
}"""


def main(states: list[str]) -> None:
    """Take the pictures, of all states or of some."""
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    with served(Path(f"{MODEL}:{ROOT / 'models'}")) as address, launched_browser() as browser:
        for state in states or STATES:
            for size in SIZES:
                for scheme in SCHEMES:
                    shoot(browser, address, (state, size, scheme), folder / f"{state}-{size}-{scheme}.png")
        for name, scene in CHOSEN.items():
            if not states or scene[0] in states:
                shoot(browser, address, scene, Path(__file__).parent / f"{name}.png", device_scale_factor=1.5)
        if not states:
            preview(browser, address)


def shoot(browser: Browser, address: str, scene: tuple[str, str, str], path: Path, **options: Any) -> None:
    """Bring the page into a state and save it as it is then, with nothing on it still moving."""
    state, size, scheme = scene
    width, height = SIZES[size]
    options |= {"viewport": {"width": width, "height": height}, **SCHEMES[scheme]}
    with opened(browser, address, reduced_motion="reduce", has_touch=width < 1000, **options) as page:
        STATES[state](page)
        page.mouse.move(0, 0)
        page.wait_for_timeout(100)
        page.screenshot(path=path)


def preview(browser: Browser, address: str) -> None:
    """What a link preview shows: a drawing's card, without an address."""
    with opened(browser, address) as page:
        shares = answer("3", c3=0.978, c5=0.012, c8=0.006, c2=0.004)
        data = page.evaluate(_PREVIEW, [units(first(TRACKS, "3").strokes), shares])
    (ROOT / "static" / "preview.png").write_bytes(base64.b64decode(data.split(",")[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
