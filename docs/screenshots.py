"""Regenerate the pictures of the page: `make screenshots` (needs Chromium). Played from real pen tracks."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from tests.page.conftest import DEVICES, launched_browser, served
from tests.page.test_page import play, predict
from training.prepare.unipen import Character, read_unipen

FOLDER = Path(__file__).parent
TRACKS = FOLDER.parent / "tests" / "data" / "pendigits.unp.gz"


def main() -> None:
    """Write one picture for each device."""
    seven = next(character for character in read_unipen(TRACKS) if character.label == "7")
    with served() as address, launched_browser() as browser:
        for device in DEVICES:
            shoot(browser, address, device, seven)


def shoot(browser: Browser, address: str, device: str, character: Character) -> None:
    """Draw, predict, and save the page as `page-<device>.png`."""
    context = browser.new_context(**DEVICES[device])
    page = context.new_page()
    page.goto(address)
    play(page, character.strokes)
    predict(page)
    page.screenshot(path=FOLDER / f"page-{device}.png")
    context.close()


if __name__ == "__main__":
    main()
