"""How long after the pen is lifted the new answer is on the screen: real Chromium, the real server, one machine.

    python -m benchmarks.page [--tracks N]

Measured in the page, from the time stamp of the `pointerup` event to the frame after the one in which the answer to
the complete drawing was put there. On 2 cores of a cloud machine, both shared with the browser: median 42 ms.
"""

from __future__ import annotations

import argparse
import statistics
from itertools import islice
from typing import cast

from playwright.sync_api import Browser

from tests.conftest import TRACK_FILES
from tests.page.conftest import DEVICES, launched_browser, served
from tests.page.playing import play
from tests.page.waiting import wait_until
from training.prepare.unipen import Character, read_unipen

# The last request that was sent after the pen was lifted counts: an answer that was already on its way is not to what
# is now on the paper.
_WATCH = """
var measured = [], lifted = null, last = null;
document.addEventListener('pointerdown', () => { lifted = last = null; }, true);
document.addEventListener('pointerup', event => { lifted = event.timeStamp; last = null; }, true);
$(document).on('ajaxSend', (_, request) => { if (lifted !== null) last = request; });
$(document).on('ajaxSuccess', (_, request) => {
  if (request !== last) return;
  const since = lifted;
  lifted = null;
  requestAnimationFrame(() => requestAnimationFrame(now => measured.push(now - since)));
});
"""


def main() -> None:
    """Print the median and the slowest twentieth for each device."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tracks", type=int, default=50, help="digits to draw on each device")
    options = parser.parse_args()
    characters = list(islice((each for file in TRACK_FILES for each in read_unipen(file)), options.tracks))
    with served() as address, launched_browser() as browser:
        for device in DEVICES:
            times = measure(browser, address, device, characters)
            slow = statistics.quantiles(times, n=20)[-1]
            print(f"{device}: median {statistics.median(times):.0f} ms, 95 % below {slow:.0f} ms, {len(times)} strokes")


def measure(browser: Browser, address: str, device: str, characters: list[Character]) -> list[float]:
    """Milliseconds from pen-up to answer for each character's last stroke."""
    context = browser.new_context(**DEVICES[device])
    page = context.new_page()
    page.goto(address)
    page.evaluate(_WATCH)
    times = []
    for character in characters:
        play(page, character.strokes)
        wait_until(page, "lifted === null && measured.length > 0")
        times.append(cast("float", page.evaluate("measured.pop()")))
        page.keyboard.press("Escape")
        page.evaluate("measured = []")
    context.close()
    return times


if __name__ == "__main__":
    main()
