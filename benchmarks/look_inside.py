"""How often "Look inside" shows something new while the pen moves, on a local server: python -m benchmarks.look_inside

The pen goes round for some seconds in Chromium, one point for each of its frames; every answer of /explain is drawn.
Server and browser share the processor, as they do not in life.
"""

from __future__ import annotations

from playwright.sync_api import ViewportSize

from tests.page.conftest import launched_browser, opened, served

_WINDOW: ViewportSize = {"width": 1240, "height": 1230}
_SECONDS = 8
# Counted from the first picture on; a canvas is given its size anew each time that it is drawn.
_FOLLOWED = """async (seconds) => {
  const canvas = document.getElementById("canvas");
  const box = canvas.getBoundingClientRect();
  const send = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: 7, pointerType: "mouse", clientX: box.left + x * box.width, clientY: box.top + y * box.height,
    bubbles: true, cancelable: true, isPrimary: true }));
  const draw = async (until) => {
    for (let n = 0; !until(); n++) {
      send("pointermove", 0.5 + 0.25 * Math.sin(n / 60), 0.5 - 0.3 * Math.cos(n / 46));
      await new Promise(requestAnimationFrame);
    }
  };
  send("pointerdown", 0.5, 0.2);
  await draw(() => document.querySelector(".layer > canvas[width]"));
  let shown = 0;
  const first = document.querySelector(".layer > canvas");
  new MutationObserver(() => shown++).observe(first, { attributeFilter: ["width"] });
  const begin = performance.now();
  await draw(() => performance.now() > begin + 1000 * seconds);
  send("pointerup", 0.5, 0.5);
  return shown / ((performance.now() - begin) / 1000);
}"""


def main() -> None:
    """Open it, draw, and print the rate."""
    with (
        served(DATABASE_URL="", LOG_REQUESTS="false") as address,
        launched_browser() as browser,
        opened(browser, address, viewport=_WINDOW) as page,
    ):
        page.locator("#inside summary").first.click()
        page.wait_for_selector("#insideNews:not(:empty)")
        print(f"{page.evaluate(_FOLLOWED, _SECONDS):.1f} pictures a second")


if __name__ == "__main__":
    main()
