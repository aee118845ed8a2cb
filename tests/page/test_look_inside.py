"""Look inside: it loads when it is opened, follows the pen, and shows what the server says of the network."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect

from tests.page.conftest import Windows, served_here
from tests.page.playing import jot
from tests.page.waiting import resize, wait_for
from tests.training.untrained import untrained
from training import checkpoint
from training.checkpoint import Checkpoint
from training.prepare.unipen import Character

WAY = "28 x 28 → 32 x 14 x 14 → 64 x 7 x 7 → 128 x 4 x 4 → 128 → 11".replace("x", "\u00d7")
PICTURE = "canvas => canvas.toDataURL()"
LAZY = {"inside.css", *(f"{name}.js" for name in ("canvas", "change", "inside", "layer-detail", "layers", "why"))}


@pytest.fixture(scope="module")
def four(tracks: list[Character]) -> Character:
    """A 4 of two strokes, that is something else without one of them."""
    return next(one for one in tracks if one.label == "4" and len(one.strokes) == 2)


def look(page: Page) -> None:
    page.locator("#inside summary").first.click()
    expect(page.locator("#insideView")).not_to_contain_text("Opening")


def maps(page: Page, layer: str) -> Locator:
    return page.get_by_role("slider", name=layer)


def picture(canvas: Locator) -> str:
    found: str = canvas.evaluate(PICTURE)
    return found


def is_drawn(canvas: Locator) -> bool:
    """Whether there is anything on it yet."""
    script = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    return bool(canvas.evaluate(script))


def colours(page: Page) -> dict[str, int]:
    """How many pixels of the drawing are blue and orange."""
    found: dict[str, int] = page.locator("#speaks").evaluate("""canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let [blue, orange] = [0, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 2] > data[i] + 20) blue++;
        if (data[i] > data[i + 2] + 20) orange++;
      }
      return { blue, orange };
    }""")
    return found


def test_nothing_of_it_is_loaded_or_asked_until_it_is_opened(browser: Browser, address: str, seven_track: Character):
    context = browser.new_context()
    page = context.new_page()
    begun: list[Request] = []
    finished: list[Request] = []
    page.on("request", lambda request: begun.append(request))
    page.on("requestfinished", lambda request: finished.append(request))
    page.goto(address)
    jot(page, seven_track.strokes)
    expect(page.locator("#predictionResult")).to_have_text("7")

    def names(requests: list[Request]) -> set[str]:
        return {Path(urlsplit(request.url).path).name for request in requests}

    wait_for(page, lambda: "predict" in names(finished))
    assert names(begun).isdisjoint({*LAZY, "explain"})
    look(page)
    expect(page.locator("#layers .layer")).to_have_count(11)
    wait_for(page, lambda: names(finished) >= {*LAZY, "explain"})
    sizes = [
        request.sizes()["responseBodySize"] for request in finished if Path(urlsplit(request.url).path).name in LAZY
    ]
    assert sum(sizes) < 12_000
    context.close()


def test_it_follows_the_pen_and_stops_when_it_is_closed(desktop: Page, seven_track: Character, four: Character):
    look(desktop)
    expect(desktop.locator("#insideNews")).to_contain_text("Draw something")
    jot(desktop, seven_track.strokes)
    expect(desktop.locator("#speaksTitle")).to_have_text("Why 7")
    expect(desktop.locator("#insideWay")).to_have_text(WAY)
    first = maps(desktop, "Convolution 1")
    first.scroll_into_view_if_needed()  # what is not in the window is not drawn
    wait_for(desktop, lambda: is_drawn(first))
    before = picture(first)
    desktop.keyboard.press("Escape")
    expect(desktop.locator("#insideParts")).to_be_hidden()
    jot(desktop, four.strokes)
    expect(desktop.locator("#speaksTitle")).to_have_text("Why 4")
    first.scroll_into_view_if_needed()
    desktop.wait_for_function(f"before => ({PICTURE})(document.querySelector('.layer canvas')) !== before", arg=before)
    desktop.locator("#inside summary").first.click()
    asked: list[str] = []
    desktop.on("request", lambda request: asked.append(request.url))
    jot(desktop, seven_track.strokes)
    expect(desktop.locator("#predictionResult")).not_to_have_text("4")
    assert not [url for url in asked if "/explain" in url]


def test_a_tap_enlarges_a_map_with_its_kernel_and_its_place_in_the_drawing(phone: Page, seven_track: Character):
    jot(phone, seven_track.strokes)
    look(phone)
    first, pooled = maps(phone, "Convolution 1"), maps(phone, "Average pooling")
    detail = phone.locator(".layer .detail").first
    expect(detail).to_be_hidden()
    first.click(position={"x": 45, "y": 10})
    expect(detail.locator("figcaption")).to_contain_text(["map 2:", "its filter", "what that place looks at"])
    expect(first).to_have_attribute("aria-valuenow", "2")
    strongest = picture(detail.locator(".field canvas"))
    detail.locator(".large").click(position={"x": 5, "y": 5})
    wait_for(phone, lambda: picture(detail.locator(".field canvas")) != strongest)
    first.click(position={"x": 45, "y": 10})
    expect(detail).to_be_hidden()
    pooled.click(position={"x": 5, "y": 5})
    shown = phone.locator(".layer", has=pooled).locator("figure:visible")
    expect(shown).to_have_count(1)  # neither a kernel nor a place


def test_maps_are_chosen_with_keys_and_the_drawing_stays(desktop: Page, seven_track: Character):
    jot(desktop, seven_track.strokes)
    look(desktop)
    output = maps(desktop, "Output")
    output.focus()
    for key, number in (("End", "11"), ("ArrowLeft", "10"), ("Home", "1"), ("ArrowLeft", "1"), ("ArrowRight", "2")):
        desktop.keyboard.press(key)
        expect(output).to_have_attribute("aria-valuenow", number)
    desktop.keyboard.press("End")
    expect(output).to_have_attribute("aria-valuetext", re.compile(r"^none of them of 11, -?\d+\.\d$"))
    detail = desktop.locator(".layer", has=output).locator(".detail")
    expect(detail).to_be_visible()
    desktop.keyboard.press("Escape")
    expect(detail).to_be_hidden()
    desktop.keyboard.press("Enter")
    expect(detail).to_be_visible()
    expect(desktop.locator("#predictionResult")).to_have_text("7")


def test_it_shows_what_speaks_for_the_answer_and_for_any_other_class(desktop: Page, seven_track: Character):
    jot(desktop, seven_track.strokes)
    look(desktop)
    expect(desktop.locator("#speaksTitle")).to_have_text("Why 7")
    expect(desktop.locator("#speaksWords")).to_contain_text("Blue speaks for 7, most at the ")
    wait_for(desktop, lambda: (found := colours(desktop))["blue"] > 10 * found["orange"])
    desktop.get_by_role("button", name="0", exact=True).locator("visible=true").last.click()
    expect(desktop.locator("#speaksTitle")).to_have_text("What speaks for 0")
    wait_for(desktop, lambda: (found := colours(desktop))["orange"] > found["blue"])
    expect(desktop.get_by_role("status")).to_contain_text("for 0")
    # The best class follows the drawing again.
    desktop.locator("#speaksChoice button", has_text="7").click()
    expect(desktop.locator("#speaksTitle")).to_have_text("Why 7")


def test_it_says_which_stroke_makes_the_difference(desktop: Page, four: Character, seven_track: Character):
    jot(desktop, four.strokes)
    look(desktop)
    expect(desktop.locator("#changeWords")).to_have_text(
        re.compile("^Without this stroke it would read [^4] instead of 4.$")
    )
    expect(desktop.locator("#change")).to_be_visible()
    desktop.keyboard.press("Escape")
    jot(desktop, seven_track.strokes[:1])
    expect(desktop.locator("#changeWords")).to_have_text("It is one stroke: there is nothing to leave out.")
    expect(desktop.locator("#change")).to_be_hidden()


def test_it_shows_the_training_images_that_are_most_alike(desktop: Page, seven_track: Character):
    jot(desktop, seven_track.strokes)
    look(desktop)
    expect(desktop.locator("#alike li span")).to_have_text(["7"] * 5)
    desktop.get_by_text("Whose images").click()
    expect(desktop.locator("#alike details p")).to_contain_text("CC BY-SA 3.0")


@pytest.mark.parametrize("width", [320, 500, 1280])
def test_it_fits(desktop: Page, four: Character, width: int):
    resize(desktop, width, 700)
    jot(desktop, four.strokes)
    look(desktop)
    maps(desktop, "Convolution 1").click(position={"x": 5, "y": 5})
    expect(desktop.locator(".detail").first).to_be_visible()
    assert desktop.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda route: route.fulfill(status=503, json={"detail": "The model cannot be explained: why."}), "why."),
        (lambda route: route.abort(), "The server does not answer at the moment."),
    ],
)
def test_a_failure_is_told_and_tried_again(
    timed: Page, seven_track: Character, answer: Callable[..., None], words: str
):
    timed.route("**/explain*", answer)
    jot(timed, seven_track.strokes)
    look(timed)
    expect(timed.locator("#insideNews")).to_contain_text(words)
    timed.unroute("**/explain*")
    timed.clock.run_for(3000)
    expect(timed.locator("#speaksTitle")).to_have_text("Why 7")
    expect(timed.locator("#insideNews")).to_be_empty()


def test_a_network_without_average_pooling_says_that_it_has_no_map(
    windows: Windows, seven_track: Character, tmp_path: Path
):
    path = tmp_path / "model.pt"
    classes = tuple("abc")
    checkpoint.save(Checkpoint("simple-cnn", classes, untrained("simple-cnn", 3).state_dict()), path)
    with served_here(path) as address, windows.page("desktop", address) as page:
        jot(page, seven_track.strokes)
        look(page)
        expect(page.locator("#speaksWords")).to_contain_text("This network has no map of it")
        expect(page.locator("#speaksChoice")).to_be_hidden()
        expect(page.locator(".layer h4 span")).to_have_text(["Convolution", "Max pooling", "Dense layer", "Output"])
        expect(page.locator("#alike")).to_be_hidden()


def test_many_classes_are_chosen_from_a_list(windows: Windows, seven_track: Character, tmp_path: Path):
    path = tmp_path / "model.pt"
    classes = tuple("abcdefghijklmn")
    checkpoint.save(Checkpoint("resnet-small", classes, untrained("resnet-small", 14).state_dict()), path)
    with served_here(path) as address, windows.page("desktop", address) as page:
        jot(page, seven_track.strokes)
        look(page)
        expect(page.locator("#speaksTitle")).to_contain_text("Why")
        best = page.locator("#predictionResult").inner_text()
        other = next(name for name in classes if name != best)
        page.locator("#speaksChoice select").select_option(other)
        expect(page.locator("#speaksTitle")).to_have_text(f"What speaks for {other}")
