"""The game: draw what you are told so that it is misread."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.page.playing import answer, draw_line, first, ink, jot
from tests.page.sharing import downloaded
from tests.page.waiting import await_answer
from training.prepare.unipen import Character


def wanted(page: Page) -> str:
    """Begin a game, and see what it wants to have drawn."""
    page.locator("#playButton").click()
    expect(page.locator("#gameTarget")).not_to_be_empty()
    return page.locator("#gameTarget").inner_text()


def fool(page: Page, *, plausible: bool = True) -> None:
    """Begin a game, have the server misread what is drawn for it, and say that it is done."""
    target = wanted(page)
    wrong, *rest = (str(digit) for digit in range(10) if str(digit) != target)
    shares = {f"c{wrong}": 0.5, f"c{target}": 0.2} if plausible else {f"c{wrong}": 0.5, f"c{rest[0]}": 0.2, "c": 0.1}
    if not plausible:
        shares |= {f"c{rest[1]}": 0.15, f"c{rest[2]}": 0.15}
    page.route("**/predict?*", lambda route: route.fulfill(json=answer(wrong, **shares)))
    draw_line(page)
    page.locator("#predictButton").click()


def test_a_misread_drawing_scores_in_the_game(desktop: Page):
    fool(desktop)
    expect(desktop.locator("#gameScore")).to_have_text("1")
    assert ink(desktop) == 0


def test_a_drawing_that_looks_like_something_else_does_not_score(desktop: Page):
    fool(desktop, plausible=False)
    expect(desktop.locator("#gameNews")).to_contain_text("does not even look like")
    expect(desktop.locator("#gameScore")).to_have_text("0")


def test_a_drawing_that_is_read_right_does_not_score(desktop: Page, tracks: list[Character]):
    target = wanted(desktop)
    jot(desktop, first(tracks, target).strokes)
    desktop.locator("#predictButton").click()
    expect(desktop.locator("#gameNews")).to_contain_text("plainly")
    expect(desktop.locator("#gameScore")).to_have_text("0")


def test_a_stroke_alone_does_not_score(desktop: Page):
    """A 4 is a 1 for as long as it has only one stroke: somebody must say that it is done."""
    target = wanted(desktop)
    wrong = "1" if target != "1" else "7"
    reply = answer(wrong, **{f"c{wrong}": 0.6, f"c{target}": 0.4})
    desktop.route("**/predict?*", lambda route: route.fulfill(json=reply))
    draw_line(desktop)
    await_answer(desktop)
    expect(desktop.locator("#predictionResult")).to_have_text(wrong)
    expect(desktop.locator("#gameScore")).to_have_text("0")


def test_the_game_ends_after_a_minute_with_a_score_to_share(timed: Page, address: str):
    fool(timed)
    expect(timed.locator("#gameScore")).to_have_text("1")
    timed.clock.run_for(61_000)
    expect(timed.locator("#gameOverTitle")).to_have_text("I fooled a neural network once in a minute.")
    expect(timed.locator("#fooledStrip li")).to_have_count(1)
    timed.locator("#shareGameButton").click()
    expect(timed.locator("#shareLink")).to_have_value(f"{address}/#fool")
    assert downloaded(timed).size == (1200, 630)


def test_a_link_to_the_game_leads_to_it(other: Page, address: str):
    other.goto(f"{address}/#fool")
    expect(other.locator("#playButton")).to_be_focused()
    expect(other.locator("#playButton")).to_be_in_viewport()
