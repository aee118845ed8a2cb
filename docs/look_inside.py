"""The animated picture of "Look inside" in the README: python -m docs.look_inside

A real 4 is drawn on the real page, which shows after each step what the network makes of it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, ViewportSize, expect

from tests.conftest import TRACK_FILES
from tests.page.conftest import launched_browser, opened, served
from tests.page.playing import fitted
from training.prepare.unipen import Character, read_unipen

_PICTURE = Path(__file__).with_name("look-inside.webp")
_WINDOW: ViewportSize = {"width": 1240, "height": 1230}
_SIDE = 640  # pixels of the picture's width
_STEPS = 9  # of each stroke
_MOST_BYTES = 600_000


def main() -> None:
    """Draw, take a picture of each step, and write them as one file."""
    four = next(
        character
        for file in TRACK_FILES
        for character in read_unipen(file)
        if character.label == "4" and len(character.strokes) == 2
    )
    frames: list[Image.Image] = []
    durations: list[int] = []

    def take(milliseconds: int) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        height = round(picture.height * _SIDE / picture.width)
        frames.append(picture.resize((_SIDE, height), Image.Resampling.LANCZOS))
        durations.append(milliseconds)

    with (
        served(DATABASE_URL="") as address,
        launched_browser() as browser,
        opened(browser, address, viewport=_WINDOW) as page,
    ):
        page.set_default_timeout(120_000)
        page.locator("#inside summary").first.click()
        expect(page.locator("#insideNews")).to_contain_text("Draw something", timeout=120_000)
        take(600)
        for _ in _draw(page, four):
            take(160)
        expect(page.locator("#changeWords")).to_contain_text("Without", timeout=120_000)
        take(2000)
        page.locator("#speaksChoice button", has_text="9").click()
        take(2500)
        page.locator("#speaksChoice button", has_text="4").click()
        page.get_by_role("slider", name="Convolution 1").click(position={"x": 45, "y": 10})
        page.locator(".detail").first.scroll_into_view_if_needed()
        take(2500)
    frames[0].save(_PICTURE, save_all=True, append_images=frames[1:], duration=durations, loop=0, quality=60, method=6)
    size = _PICTURE.stat().st_size
    if size > _MOST_BYTES:
        raise SystemExit(f"{_PICTURE}: {size:,} bytes are more than {_MOST_BYTES:,}. Take fewer steps.")
    print(f"{_PICTURE}: {len(frames)} pictures, {size:,} bytes")


def _draw(page: Page, character: Character) -> Iterator[None]:
    """Step by step: yields when the page shows what the network makes of it."""
    for points in fitted(page, character.strokes):
        page.mouse.move(*points[0])
        page.mouse.down()
        step = max(1, len(points) // _STEPS)
        for end in range(step, len(points) + step, step):
            with page.expect_response("**/explain*"):
                for point in points[end - step : end]:
                    page.mouse.move(*point)
            page.wait_for_timeout(500)
            yield
        page.mouse.up()


if __name__ == "__main__":
    main()
