"""What makes people send the page to each other: links, pictures, the gallery, examples, the game."""

from __future__ import annotations

import io
import json
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.main import create_app
from app.settings import Settings
from tests.conftest import MODEL
from tests.page.conftest import opened
from tests.page.playing import bring, draw_line, first, ink, jot, message, sheet, units
from tests.page.waiting import wait_until
from training.prepare.unipen import Character

ENCODE = "strokes => import('/static/stroke-encoding.js').then(({ encode }) => encode(strokes))"


def read(page: Page, track: Character) -> None:
    jot(page, track.strokes)
    expect(page.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")


def shared(page: Page) -> str:
    """The link in the dialog."""
    page.locator("#shareButton").click()
    expect(page.locator("#shareDialog")).to_be_visible()
    link = page.locator("#shareLink").input_value()
    page.keyboard.press("Escape")
    return link


@pytest.mark.parametrize("label", "78")
def test_a_link_shows_the_drawing_to_somebody_else_and_reads_it(
    desktop: Page, other: Page, tracks: list[Character], label: str
):
    read(desktop, first(tracks, label))
    link = shared(desktop)
    other.goto(link)
    expect(other.locator("#predictionResult")).to_have_text(desktop.locator("#predictionResult").inner_text())
    expect(other.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
    assert ink(other) == pytest.approx(ink(desktop), rel=0.1)


def test_a_link_has_some_60_characters(desktop: Page, tracks: list[Character]):
    lengths = sorted(len(desktop.evaluate(ENCODE, units(track.strokes))) for track in tracks[::4])
    assert lengths[len(lengths) // 2] <= 60
    assert lengths[-1] <= 90


def test_strokes_of_a_link_are_off_by_less_than_a_third_of_the_pen(desktop: Page, tracks: list[Character]):
    script = """async strokes => {
      const [{ encode }, { decode }] = await Promise.all(
        [import('/static/stroke-encoding.js'), import('/static/strokes.js')]);
      const far = (points, others) => Math.max(...points.map(
        one => Math.min(...others.map(other => Math.hypot(one.x - other.x, one.y - other.y)))));
      const back = decode(encode(strokes)).strokes;
      return Math.max(...back.map((stroke, i) => far(stroke, strokes[i])));
    }"""
    for track in tracks[::40]:
        dense = [
            [
                {axis: a[axis] + (b[axis] - a[axis]) * step / 20 for axis in "xy"}
                for a, b in pairwise(stroke)
                for step in range(21)
            ]
            or stroke
            for stroke in units(track.strokes)
        ]
        assert desktop.evaluate(script, dense) < 6


def test_nothing_of_a_link_reaches_the_server_but_the_drawing(desktop: Page, other: Page, seven_track: Character):
    read(desktop, seven_track)
    link = shared(desktop)
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.goto(link)
    expect(other.locator("#predictionResult")).to_have_text("7")
    code = urlsplit(link).fragment.removeprefix("d=")
    assert not any(code in url for url in asked if "#" not in url)


def test_a_changed_drawing_leaves_the_link(desktop: Page, seven_track: Character):
    read(desktop, seven_track)
    link = shared(desktop)
    desktop.goto("about:blank")
    desktop.goto(link)
    expect(desktop.locator("#predictionResult")).to_have_text("7")
    assert desktop.evaluate("location.hash").startswith("#d=1")
    draw_line(desktop)
    assert desktop.evaluate("location.hash") == ""


@pytest.mark.parametrize("fragment", ["d=", "d=1", "d=1ABC_", "d=2ABCDE", "d=1ABCDE-", "d=" + "1ABC" + "zz" * 5000])
def test_a_damaged_link_is_told(lasting: Page, fragment: str):
    lasting.evaluate("fragment => { location.hash = fragment; }", fragment)
    message(lasting, "This link is damaged")
    lasting.reload()
    message(lasting, "This link is damaged")
    assert ink(lasting) == 0


_WATCH = """fragment => new Promise(done => {
  const seen = [], start = performance.now();
  location.hash = fragment;
  const look = () => {
    const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    seen.push(data.filter((level, i) => i % 4 === 0 && level < 128).length);
    if (performance.now() < start + 1500) requestAnimationFrame(look);
    else done(seen);
  };
  requestAnimationFrame(look);
})"""


def test_a_drawing_in_a_link_is_replayed(desktop: Page, other: Page, address: str, seven_track: Character):
    read(desktop, seven_track)
    other.emulate_media(reduced_motion="no-preference")
    other.goto(address)
    seen = other.evaluate(_WATCH, urlsplit(shared(desktop)).fragment)
    assert len(set(seen)) > 2
    assert seen == sorted(seen)


def test_a_stroke_during_a_replay_finds_it_finished(desktop: Page, other: Page, seven_track: Character):
    other.emulate_media(reduced_motion="no-preference")
    read(desktop, seven_track)
    whole = ink(desktop)
    other.goto(shared(desktop))
    wait_until(other, "document.querySelector('#paper:not(.empty)')")
    draw_line(other, 0.95)
    assert ink(other, 0, 0, 0.9, 1) * 0.9 == pytest.approx(whole, rel=0.1)


def card(page: Page) -> Image.Image:
    """The picture as it is downloaded."""
    with page.expect_download() as download:
        page.locator("#downloadLink").click()
    return Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))


def test_the_picture_card_is_downloaded(desktop: Page, seven_track: Character):
    read(desktop, seven_track)
    desktop.locator("#shareButton").click()
    picture = card(desktop).convert("L")
    assert picture.size == (1200, 630)
    drawing, answered = picture.crop((80, 80, 560, 560)), picture.crop((640, 60, 900, 240))
    assert np.asarray(drawing).min() < 40  # ink
    assert np.asarray(answered).min() < 60  # the answer


def test_the_picture_card_is_copied(desktop: Page, seven_track: Character):
    desktop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    read(desktop, seven_track)
    desktop.locator("#shareButton").click()
    desktop.locator("#copyPictureButton").click()
    expect(desktop.locator("#shareStatus")).to_have_text("The picture is on the clipboard.")
    script = """async () => {
      const [item] = await navigator.clipboard.read();
      const { width, height } = await createImageBitmap(await item.getType('image/png'));
      return [width, height];
    }"""
    assert desktop.evaluate(script) == [1200, 630]


def test_the_link_is_copied(desktop: Page, seven_track: Character):
    desktop.context.grant_permissions(["clipboard-read", "clipboard-write"])
    read(desktop, seven_track)
    desktop.locator("#shareButton").click()
    desktop.locator("#copyLinkButton").click()
    expect(desktop.locator("#shareStatus")).to_have_text("The link is on the clipboard.")
    assert desktop.evaluate("navigator.clipboard.readText()") == desktop.locator("#shareLink").input_value()


def test_the_system_shares_link_and_picture(desktop: Page, seven_track: Character):
    desktop.evaluate("""() => {
      navigator.canShare = () => true;
      navigator.share = async ({ text, files }) => { window.shared = [text, files[0].name, files[0].type]; };
    }""")
    read(desktop, seven_track)
    desktop.locator("#shareButton").click()
    desktop.locator("#shareSheetButton").click()
    expect(desktop.locator("#shareStatus")).to_have_text("Sent.")
    text, name, kind = desktop.evaluate("window.shared")
    assert desktop.locator("#shareLink").input_value() in text
    assert (name, kind) == ("handwritten.png", "image/png")


def test_a_photo_is_shared_as_a_picture_only(desktop: Page, seven: Image.Image):
    file = io.BytesIO()
    seven.save(file, "PNG")
    bring(desktop, "drop", (file.getvalue(), "7.png", "image/png"))
    expect(desktop.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
    desktop.locator("#shareButton").click()
    expect(desktop.locator("#shareNote")).to_be_visible()
    expect(desktop.locator("#copyLinkButton")).to_be_hidden()
    assert card(desktop).size == (1200, 630)


def test_there_is_nothing_to_share_of_an_empty_paper(desktop: Page):
    desktop.locator("#shareButton").click(force=True)
    message(desktop, "nothing to share yet")
    expect(desktop.locator("#shareDialog")).to_be_hidden()


def test_a_link_preview_has_title_description_and_picture(client: TestClient):
    page = client.get("/").text
    properties = dict(line.split('" content="') for line in _between(page, '<meta property="', '">'))
    assert properties["og:title"].startswith("Draw a digit")
    assert properties["og:description"]
    picture = Image.open(io.BytesIO(client.get(properties["og:image"]).content))
    assert properties["og:image"].startswith("http")
    assert [str(side) for side in picture.size] == [properties["og:image:width"], properties["og:image:height"]]


def _between(text: str, start: str, end: str) -> list[str]:
    return [part.split(end)[0] for part in text.split(start)[1:]]


def test_the_last_12_drawings_are_kept_and_a_click_restores(desktop: Page, tracks: list[Character]):
    shown = []
    for track in tracks[:13]:
        read(desktop, track)
        shown.append((sheet(desktop), desktop.locator("#predictionResult").inner_text()))
        desktop.keyboard.press("Escape")
    tiles = desktop.locator("#galleryStrip button")
    expect(tiles).to_have_count(12)
    desktop.reload()
    expect(tiles).to_have_count(12)
    tiles.nth(11).click()
    expect(desktop.locator("#predictionResult")).to_have_text(shown[1][1])
    before = ink(desktop)
    desktop.keyboard.press("Escape")
    expect(tiles).to_have_count(12)  # it was one of them
    jot(desktop, tracks[1].strokes)
    assert ink(desktop) == pytest.approx(before, rel=0.02)


def test_forget_all_forgets_all(desktop: Page, seven_track: Character):
    read(desktop, seven_track)
    desktop.keyboard.press("Escape")
    desktop.locator("#forgetButton").click()
    expect(desktop.locator("#gallery")).to_be_hidden()
    expect(desktop.locator("#canvas")).to_be_focused()
    assert desktop.evaluate("JSON.stringify(localStorage)") == "{}"
    desktop.reload()
    expect(desktop.locator("#gallery")).to_be_hidden()


def test_the_page_works_where_storage_is_forbidden(browser: Browser, address: str, seven_track: Character):
    with opened(browser, "about:blank") as page:
        page.add_init_script("""for (const name of ['localStorage', 'sessionStorage']) {
          Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });
        }""")
        page.goto(address)
        read(page, seven_track)
        page.keyboard.press("Escape")
        expect(page.locator("#galleryStrip button")).to_have_count(1)


def test_storage_that_another_version_has_filled_breaks_nothing(desktop: Page, address: str):
    desktop.goto(f"{address}/healthz")
    desktop.evaluate("localStorage.setItem('handwritten.gallery', '[1, {\"strokes\": 3}]')")
    desktop.evaluate("sessionStorage.setItem('handwritten.paper', '[{\"data\": \"x\"}]')")
    desktop.goto(address)
    draw_line(desktop)
    expect(desktop.locator("#predictionResult")).not_to_be_empty()


def test_examples_are_read_right(desktop: Page):
    expect(desktop.locator("#examples")).to_be_visible()
    for tile in desktop.locator("#exampleStrip button").all():
        label = str(tile.get_attribute("aria-label")).removeprefix("Example: ")
        tile.click()
        expect(desktop.locator("#shareButton")).not_to_have_attribute("aria-disabled", "true")
        expect(desktop.locator("#predictionResult")).to_have_text(label)


def test_the_model_card_for_people_has_the_figures_of_the_one_for_programs(client: TestClient):
    page, card = client.get("/about").text, client.get("/model").json()
    for figures in card["metrics"].values():
        assert f"{100 * figures['accuracy']:.2f} %" in page
        assert f"{figures['count']:,}" in page
    for source in card["provenance"]["data"]["sources"].values():
        assert source["credit"].split(";")[0] in page
    assert f"{card['parameters']:,}" in page


def test_before_the_model_is_loaded_its_page_says_so(client: TestClient):
    client.app.state.classifier = None  # type: ignore[attr-defined]
    answer = client.get("/about")
    assert answer.status_code == 503
    assert "not loaded yet" in json.dumps(answer.json())


@pytest.mark.parametrize("kept", [True, False])
def test_the_model_card_says_whether_corrected_drawings_are_kept(tmp_path: Path, kept: bool):
    database = f"sqlite:///{tmp_path / 'handwritten.db'}" if kept else ""
    with TestClient(create_app(Settings(model_path=(MODEL,), database_url=database))) as client:
        assert ("keeps the drawing" in client.get("/about").text) == kept
