"""Take pictures of the page in every state, size and colour scheme: `make screenshots` (needs Chromium).

All go to screenshots/, a few to docs/ for the README, and the picture for link previews to static/preview.png.
Played from real pen tracks. Name a state to take only its pictures: python -m docs.screenshots answered
"""

from __future__ import annotations

import base64
import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.main import ROOT
from app.recognition.classifier import Classifier
from benchmarks.photograph import photograph
from tests.conftest import MODEL, TRACK_FILES, encode
from tests.page.conftest import launched_browser, opened, served
from tests.page.playing import Held, answer, beside, bring, draw_line, first, jot, message, units
from training.prepare.drawing import draw
from training.prepare.unipen import Character, Stroke, read_unipen

_K: tuple[Stroke, ...] = (((0, 0), (0, 0.5), (0, 1)), ((0.6, 0.05), (0.05, 0.5), (0.05, 0.5), (0.65, 1)))
_TSU: tuple[Stroke, ...] = (((0, 0.35), (0.3, 0.2), (0.7, 0.15), (0.95, 0.4), (0.9, 0.65), (0.6, 0.85), (0.35, 0.95)),)
TRACKS = [track for file in TRACK_FILES for track in read_unipen(file)]
SIZES = {"320": (320, 568), "390": (390, 844), "844x390": (844, 390), "820": (820, 1180), "1280": (1280, 800)}
SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "forced_colors": "none"},
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
    "page-photograph": ("cropped", "1280", "light"),
    "page-share": ("share", "390", "light"),
    "page-number": ("wide", "390", "light"),
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
    """The track with the least confidence of those that are known for digits."""
    classifier = Classifier.load(MODEL)
    answers = classifier.predict([classifier.model.preprocessing(draw(track.strokes)) for track in TRACKS])
    known = [pair for pair in zip(answers, TRACKS, strict=True) if pair[0].known]
    return min(known, key=lambda pair: pair[0].confidence)[1]


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


def number(page: Page) -> None:
    """Several characters on the usual paper."""
    for place, label in ((0.3, "4"), (0.7, "2")):
        beside(page, first(TRACKS, label).strokes, place)
    expect(page.locator("#characters button")).to_have_count(2)
    page.locator("#characters button").first.hover()


def wide(page: Page) -> None:
    """A longer number on the wide paper."""
    page.locator("#wideButton").click()
    expect(page.locator("#paper")).to_have_class(re.compile("wide"))
    for place, label in enumerate("2046"):
        beside(page, first(TRACKS, label).strokes, 0.12 + 0.25 * place, 0.6)
    expect(page.locator("#characters button")).to_have_count(4)


def number_shared(page: Page) -> None:
    """The dialog that sends a number."""
    wide(page)
    page.locator("#shareButton").click()
    expect(page.locator("#shareDialog")).to_be_visible()


def look_inside(page: Page) -> None:
    """The network at work on a 4, a map of the first layer enlarged."""
    read(page, "4")
    page.locator("#inside summary").first.click()
    page.get_by_role("slider", name="Convolution 1").click(position={"x": 45, "y": 10})
    expect(page.locator(".detail").first).to_be_visible()
    expect(page.locator("#changeWords")).to_contain_text(re.compile("Without|It is one stroke"))
    for maps in page.locator(".layer > canvas").all():  # what is not in the window is not drawn
        maps.scroll_into_view_if_needed()
        page.wait_for_timeout(50)
    page.evaluate("scrollTo(0, 0)")


def cropped(page: Page) -> None:
    """A photograph of two digits, one of which is read."""
    sheet = Image.new("L", (560, 560), 255)
    for place, label in enumerate("73"):
        sheet.paste(draw(first(TRACKS, label).strokes), (280 * place, 140))
    bring(page, "drop", (photograph(sheet, np.random.default_rng(0)), "73.jpg", "image/jpeg"))
    message(page, "sure of each")
    for key in ["-"] * 8 + ["]"] * 2 + ["ArrowRight"] * 30:
        page.locator("#frameBody").press(key)
    expect(page.locator("#predictionResult")).to_have_text("3")
    message(page, "sure")


def corrected(page: Page) -> None:
    """Thanks for a correction."""
    read(page, "3")
    page.route("**/corrections*", lambda route: route.fulfill(status=201, json={"id": "x"}))
    page.locator("#confirmButton").click()
    expect(page.locator("#takeBackButton")).to_be_visible()


def number_correcting(page: Page) -> None:
    """The question about one character of several."""
    number(page)
    page.locator("#characters button").last.click()
    expect(page.locator("#correctionQuestion")).to_be_visible()


def number_corrected(page: Page) -> None:
    """Thanks for one character of several, while another is asked about."""
    number_correcting(page)
    page.route("**/corrections*", lambda route: route.fulfill(status=201, json={"id": "x"}))
    page.locator("#correction button[data-label='7']").click()
    expect(page.locator("#takeBackButton")).to_be_visible()
    page.locator("#characters button").first.click()
    expect(page.locator("#correctionQuestion")).to_be_visible()


def game(page: Page) -> None:
    """A game under way, once won."""
    begin(page)
    fool(page, "7")
    read(page, "4")


def game_over(page: Page) -> None:
    """The score."""
    begin(page)
    for label in "784":
        fool(page, label)
    page.locator("#stopButton").click()
    expect(page.locator("#gameOver")).to_be_visible()


def begin(page: Page) -> None:
    """The game is loaded with its first round."""
    page.locator("#playButton").click()
    expect(page.locator("#gameTarget")).not_to_be_empty()


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
    "cropped": cropped,
    "number": number,
    "wide": wide,
    "corrected": corrected,
    "number-correcting": number_correcting,
    "number-corrected": number_corrected,
    "look-inside": look_inside,
    "keyboard": keyboard,
    "gallery": gallery,
    "share": share,
    "share-number": number_shared,
    "game": game,
    "game-over": game_over,
    "letters": letters,
    "kana": kana,
    "about": about,
}
_BLANK = "iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAAAAAA6mKC9AAAAFElEQVR42mP8z4APMOGVHZUeKtIAWKwBH5wjE8QAAAAASUVORK5CYII="
_PREVIEW = """async ([strokes, answer]) => {
  const [{ drawingCard }, { marked }] = await Promise.all([import('/static/card.js'), import('/static/marks.js')]);
  return drawingCard(marked(strokes), 280, answer, 'Draw one and see', '').toDataURL();
}"""


def main(states: list[str]) -> None:
    """Take the pictures, of all states or of some."""
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    with (
        TemporaryDirectory() as database,
        served(
            Path(f"{MODEL}:{ROOT / 'models'}"), DATABASE_URL=f"sqlite:///{database}/it.db", LOG_REQUESTS="false"
        ) as address,
        launched_browser() as browser,
    ):
        for state in states or STATES:
            for size in SIZES:
                with brought(browser, address, state, size) as page:
                    for scheme, media in SCHEMES.items():
                        page.emulate_media(**media)
                        page.screenshot(path=folder / f"{state}-{size}-{scheme}.png", full_page=True)
        for name, (state, size, scheme) in CHOSEN.items():
            if not states or state in states:
                with brought(browser, address, state, size, device_scale_factor=1.5) as page:
                    page.emulate_media(**SCHEMES[scheme])
                    save(page.screenshot(), Path(__file__).parent / f"{name}.png")
        if not states:
            preview(browser, address)


@contextmanager
def brought(browser: Browser, address: str, state: str, size: str, **options: Any) -> Iterator[Page]:
    """The page in a window of its own, in a state, with nothing on it still moving."""
    width, height = SIZES[size]
    options |= {"viewport": {"width": width, "height": height}, "reduced_motion": "reduce"}
    with opened(browser, address, has_touch=width < 1000, **options) as page:
        STATES[state](page)
        if state != "number":  # where the pointer is on a character
            page.mouse.move(0, 0)
        page.wait_for_timeout(100)
        yield page


def save(picture: bytes, path: Path) -> None:
    """As a PNG of 256 colours, which the page has hardly more of; a quarter of the size."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def preview(browser: Browser, address: str) -> None:
    """What a link preview shows: a drawing's card, without an address."""
    with opened(browser, address) as page:
        shares = answer("3", c3=0.978, c5=0.012, c8=0.006, c2=0.004)
        data = page.evaluate(_PREVIEW, [units(first(TRACKS, "3").strokes), shares])
    save(base64.b64decode(data.split(",")[1]), ROOT / "static" / "preview.png")


if __name__ == "__main__":
    main(sys.argv[1:])
