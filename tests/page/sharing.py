"""What the share dialog offers, for the tests."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.page.waiting import await_answer

_PICTURE = """async image => {
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: 1200, height: 630 });
  canvas.getContext('2d').drawImage(image, 0, 0);
  return canvas.toDataURL().split(',')[1];
}"""


def shared(page: Page) -> tuple[str, Image.Image]:
    """The link, empty for a photograph, and the picture in the dialog, which is closed again."""
    await_answer(page)
    page.locator("#shareButton").click()
    expect(page.locator("#shareDialog")).to_be_visible()
    data = page.locator("#shareCard").evaluate(_PICTURE)
    link = page.locator("#shareLink").input_value()
    page.keyboard.press("Escape")
    expect(page.locator("#shareDialog")).to_be_hidden()
    return link, Image.open(io.BytesIO(base64.b64decode(data))).convert("L")


def downloaded(page: Page) -> Image.Image:
    """The picture as it is downloaded from the open dialog."""
    with page.expect_download() as download:
        page.locator("#downloadLink").click()
    return Image.open(io.BytesIO(Path(download.value.path()).read_bytes()))
