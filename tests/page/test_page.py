"""The page in a real browser: real pen tracks, played with the mouse."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from training.prepare.unipen import Character, Stroke


def play(page: Page, strokes: tuple[Stroke, ...], extent: float = 0.7) -> None:
    """Draw strokes in the middle of the canvas."""
    box = page.locator("#canvas").bounding_box()
    assert box
    xs, ys = ([point[axis] for stroke in strokes for point in stroke] for axis in (0, 1))
    scale = extent * box["width"] / max(max(xs) - min(xs), max(ys) - min(ys))
    left = box["x"] + (box["width"] - scale * (min(xs) + max(xs))) / 2
    top = box["y"] + (box["height"] - scale * (min(ys) + max(ys))) / 2
    for stroke in strokes:
        for index, (x, y) in enumerate(stroke):
            page.mouse.move(left + scale * x, top + scale * y)
            if index == 0:
                page.mouse.down()
        page.mouse.up()


def predict(page: Page) -> str:
    """Press Predict and read the label."""
    page.locator("#predictButton").click()
    expect(page.locator("#predictionResult")).not_to_be_empty()
    return page.locator("#predictionResult").inner_text()


def message(page: Page, words: str) -> None:
    """Wait for a line that says this."""
    expect(page.locator("#message")).to_contain_text(words)


@pytest.fixture
def seven_track(tracks: list[Character]) -> Character:
    return next(track for track in tracks if track.label == "7")


def test_drawn_digits_are_read(page: Page, tracks: list[Character]):
    answers = []
    for track in tracks[::10]:
        play(page, track.strokes)
        answers.append((track.label, predict(page)))
        page.locator("#clearCanvasButton").click()
    assert sum(label == answer for label, answer in answers) >= len(answers) - 1, answers


def test_every_class_has_its_probability(page: Page, seven_track: Character):
    play(page, seven_track.strokes)
    predict(page)
    rows = page.locator("#probabilities li")
    percentages = [float(text.removesuffix(" %")) for text in rows.locator(".percent").all_inner_texts()]
    assert len(percentages) == 10
    assert sum(percentages) == pytest.approx(100, abs=0.6)
    assert rows.nth(7).get_attribute("class") == "best"
    widths = rows.locator(".fill").evaluate_all("fills => fills.map(fill => fill.getBoundingClientRect().width)")
    assert max(widths) == widths[7]


def test_paper_is_white_and_ink_black_from_the_first_stroke(page: Page, seven_track: Character):
    colours = """canvas => [...new Uint32Array(
        canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer)]"""
    assert set(page.locator("#canvas").evaluate(colours)) == {0xFFFFFFFF}
    play(page, seven_track.strokes)
    drawn = page.locator("#canvas").evaluate(colours)
    assert 0xFF000000 in drawn
    assert sum(colour == 0xFFFFFFFF for colour in drawn) > len(drawn) / 2


def test_clear_empties_paper_and_answer(page: Page, seven_track: Character):
    play(page, seven_track.strokes)
    predict(page)
    page.locator("#clearCanvasButton").click()
    expect(page.locator("#predictionResult")).to_be_empty()
    page.locator("#predictButton").click()
    message(page, "empty")


def test_empty_paper_is_pointed_out(page: Page):
    page.locator("#predictButton").click()
    message(page, "Draw a character first")
    expect(page.locator("#predictionResult")).to_be_empty()


def test_lost_connection_is_told_and_recovers(page: Page, seven_track: Character):
    play(page, seven_track.strokes)
    page.route("**/predict?*", lambda route: route.abort())
    page.locator("#predictButton").click()
    message(page, "cannot be reached")
    page.unroute("**/predict?*")
    assert predict(page) == "7"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (500, "oops", "went wrong on the server"),
        (503, '{"detail": "The model is not loaded yet."}', "not loaded yet"),
        (422, '{"detail": "Nothing is drawn."}', "Nothing is drawn"),
    ],
)
def test_server_errors_are_told(page: Page, seven_track: Character, status: int, body: str, words: str):
    def answer(route: Route) -> None:
        route.fulfill(status=status, body=body, content_type="application/json")

    page.route("**/predict?*", answer)
    play(page, seven_track.strokes)
    page.locator("#predictButton").click()
    message(page, words)


def test_no_request_leaves_for_another_host(page: Page, seven_track: Character, address: str):
    hosts = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.reload()
    play(page, seven_track.strokes)
    predict(page)
    page.goto(f"{address}/docs")
    expect(page.locator("#swagger-ui")).to_contain_text("Recognise a character")
    assert hosts - {""} == {urlsplit(address).netloc}


def test_canvas_is_280_pixels_and_nothing_overflows(page: Page):
    box = page.locator("#canvas").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (280, 280)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
