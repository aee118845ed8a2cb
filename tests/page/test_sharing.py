"""The share dialog: a picture of drawing and answer, and a link, for others and for link previews."""

from __future__ import annotations

import io

import numpy as np
from fastapi.testclient import TestClient
from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.playing import bring, message, read
from tests.page.sharing import downloaded
from tests.page.waiting import await_answer
from training.prepare.unipen import Character


def test_the_picture_card_is_downloaded(desktop: Page, seven_track: Character):
    read(desktop, seven_track)
    desktop.locator("#shareButton").click()
    picture = downloaded(desktop).convert("L")
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
    await_answer(desktop)
    desktop.locator("#shareButton").click()
    expect(desktop.locator("#shareNote")).to_be_visible()
    expect(desktop.locator("#copyLinkButton")).to_be_hidden()
    assert downloaded(desktop).size == (1200, 630)


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
