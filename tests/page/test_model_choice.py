"""Several models on the page: one is chosen by the address, and reads the drawing that is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.conftest import MODEL, ROOT
from tests.page.conftest import Windows, opened, served_here
from tests.page.playing import draw_line, play
from tests.page.test_models import untrained
from tests.page.waiting import await_answer, resize
from training.checkpoint import save
from training.prepare.unipen import Character

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
ANSWER = "#predictionResult"


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with digits; letters, all of which look alike; and two shapes. Corrections are stored."""
    folder = tmp_path_factory.mktemp("several")
    save(untrained(LETTERS, title="Letters", look_alikes=(LETTERS,)), folder / "letters.pt")
    save(untrained(("arrow", "spiral")), folder / "shapes.pt")
    database = f"sqlite:///{folder / 'corrections.db'}"
    with served_here(MODEL, folder, database_url=database) as address:
        yield address


@pytest.fixture
def page(windows: Windows, several: str) -> Iterator[Page]:
    with windows.page("desktop", several) as page:
        yield page


def choice(page: Page) -> dict[str, str | None]:
    """The titles to choose from, and which is marked as the one that is open."""
    links = page.get_by_role("navigation", name="What it reads").get_by_role("link")
    expect(links.first).to_be_visible()
    return {link.inner_text(): link.get_attribute("aria-current") for link in links.all()}


def choose(page: Page, title: str) -> None:
    link = page.get_by_role("navigation", name="What it reads").get_by_role("link", name=title)
    link.click()
    expect(link).to_have_attribute("aria-current", "page")


def test_the_models_are_offered_by_title_the_default_first(page: Page):
    assert choice(page) == {"Digits": "page", "Letters": None, "Shapes": None}
    expect(page.locator("header p")).to_contain_text(
        "Digits reads 0 to 9; Letters reads A to Z and a to z; Shapes reads arrow and spiral."
    )


def test_with_one_model_there_is_no_choice_to_see(desktop: Page):
    expect(desktop.get_by_role("navigation", name="What it reads")).to_have_count(0)


def test_the_drawing_stays_and_the_chosen_model_reads_it(page: Page, several: str, seven_track: Character):
    play(page, seven_track.strokes)
    expect(page.locator(ANSWER)).to_have_text("7")
    choose(page, "Letters")
    assert page.url == f"{several}/?model=letters"
    assert choice(page)["Letters"] == "page"
    expect(page.get_by_role("heading", level=1)).to_have_text("Draw a letter")
    expect(page.locator(ANSWER)).not_to_be_empty()
    assert page.locator(ANSWER).inner_text() in LETTERS
    choose(page, "Digits")
    assert page.url == f"{several}/"
    expect(page.locator(ANSWER)).to_have_text("7")


def test_a_link_opens_the_model_and_survives_a_reload(windows: Windows, several: str):
    with windows.page("phone", f"{several}/?model=shapes", "phone") as page:
        assert choice(page)["Shapes"] == "page"
        draw_line(page)
        page.reload()
        expect(page.locator(ANSWER)).not_to_be_empty()
        assert page.locator(ANSWER).inner_text() in ("arrow", "spiral")


def test_the_keyboard_chooses(page: Page, several: str):
    page.get_by_role("link", name="Letters").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{several}/?model=letters")


def test_what_looks_alike_is_named_beside_the_answer(windows: Windows, several: str):
    with windows.page("desktop", f"{several}/?model=letters") as page:
        draw_line(page)
        expect(page.locator(ANSWER)).not_to_be_empty()
        label = page.locator(ANSWER).inner_text()
        assert label in LETTERS
        # The probabilities of all that look alike add up.
        expect(page.locator("#message")).to_contain_text(f"sure: {label} or ")
        expect(page.locator("body")).not_to_have_class("unsure")


def test_a_correction_goes_to_the_model_that_was_wrong(windows: Windows, several: str):
    with windows.page("desktop", f"{several}/?model=letters") as page:
        draw_line(page)
        select = page.locator("#correctionChoice")
        expect(select).to_be_visible()
        assert select.locator("option").all_inner_texts()[1:] == list(LETTERS)
        with page.expect_response("**/corrections?model=letters") as answer:
            select.select_option("Q")
        assert answer.value.status == 201


def test_a_shared_link_carries_the_model(windows: Windows, several: str):
    with windows.page("desktop", f"{several}/?model=shapes") as page:
        draw_line(page)
        expect(page.locator(ANSWER)).not_to_be_empty()
        page.locator("#shareButton").click()
        link = page.locator("#shareLink")
        expect(link).to_be_visible()
        assert link.input_value().startswith(f"{several}/?model=shapes#d=")


def examples(page: Page) -> list[str | None]:
    """What the examples show. They are made one after another and become visible together."""
    expect(page.locator("#examples")).to_be_visible()
    return [tile.get_attribute("title") for tile in page.locator("#exampleStrip button").all()]


def test_examples_are_of_what_the_model_reads(page: Page, windows: Windows):
    assert examples(page) == [f"Example: {label}" for label in "25839"]
    letters = ROOT / "models" / "letters.pt"
    with served_here(letters) as address, windows.page("desktop", address) as page:
        assert examples(page) == [f"Example: {label}" for label in "AbeRG"]
        for tile in page.locator("#exampleStrip button").all():
            tile.click()
            await_answer(page)
            expect(page.locator(ANSWER)).to_have_text(str(tile.get_attribute("title"))[-1])


def test_a_model_of_names_has_neither_examples_nor_a_game(windows: Windows, several: str):
    with windows.page("desktop", f"{several}/?model=shapes") as page:
        expect(page.locator("#examples")).to_be_hidden()
        expect(page.locator("#play")).to_be_hidden()


def test_without_scripts_the_chosen_model_answers(browser: Browser, several: str):
    with opened(browser, f"{several}/?model=letters", java_script_enabled=False) as page:
        assert choice(page)["Letters"] == "page"
        page.set_input_files("#upload", "examples/7.png")
        page.get_by_role("button", name="Recognise").click()
        expect(page.locator(ANSWER)).not_to_be_empty()
        assert page.url.endswith("/?model=letters")
        assert page.locator(ANSWER).inner_text() in LETTERS
        # All of them look alike, and together they are sure.
        expect(page.locator("body")).not_to_have_class("unsure")


def test_an_unknown_name_shows_the_default_and_says_so(windows: Windows, several: str):
    with windows.page("desktop", f"{several}/?model=runes") as page:
        expect(page.locator("#message")).to_contain_text("Send one of digits, letters, shapes")
        assert choice(page)["Digits"] == "page"


SIZES: list[dict[str, Any]] = [
    {"width": 320, "height": 568},
    {"width": 568, "height": 320},
    {"width": 1280, "height": 800},
]


@pytest.mark.parametrize("viewport", SIZES, ids=lambda size: f"{size['width']}x{size['height']}")
def test_the_choice_fits_every_window_and_leaves_the_paper_in_it(page: Page, viewport: Any):
    resize(page, **viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    for link in page.get_by_role("navigation", name="What it reads").get_by_role("link").all():
        box = link.bounding_box()
        assert box
        assert box["height"] >= 24  # WCAG 2.5.8
        assert box["x"] + box["width"] <= viewport["width"]
    paper = page.locator("#canvas").bounding_box()
    assert paper
    assert paper["y"] + paper["height"] <= viewport["height"]


def test_the_chosen_one_can_be_told_in_forced_colours(page: Page):
    page.emulate_media(forced_colors="active")
    lines = page.eval_on_selector_all(
        "header nav a", "links => links.map(link => getComputedStyle(link).textDecorationLine)"
    )
    assert lines == ["underline", "none", "none"]
