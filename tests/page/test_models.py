"""Any model: few classes or many, long names, other scripts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from app.recognition.preprocessing import Preprocessing
from app.routes.pages import invitation
from tests.page.conftest import Windows, served_here
from tests.page.playing import draw_line
from tests.page.waiting import resize
from training.checkpoint import Checkpoint, save
from training.networks import build

KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめも"
MODELS: dict[str, tuple[str, ...]] = {
    "two": ("circle", "not a circle but nearly one"),
    "long": ("a" * 44, "Donaudampfschifffahrtsgesellschaftskapitänin", "אבגדהוזחטיכלמנסעפצקרשתאבגדהוזחטיכלמנסעפצקרשת"),
    "sixty": (*KANA, *(f"hiragana letter {name}" for name in "abcdefghijklmnopqrst"), "א", "ب", "अ", "ᚠ", "Ж"),
}


def untrained(classes: tuple[str, ...], **more: Any) -> Checkpoint:
    """A real model that has learned nothing yet."""
    network = build("resnet", len(classes), widths=(8, 8))
    return Checkpoint("resnet", classes, network.state_dict(), arguments={"widths": (8, 8)}, **more)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server for each model."""
    with ExitStack() as stack:
        found = {}
        for name, classes in MODELS.items():
            path = tmp_path_factory.mktemp(name) / "model.pt"
            save(untrained(classes), path)
            found[name] = stack.enter_context(served_here(path))
        yield found


SMALLEST = (320, 568)


@pytest.fixture(scope="module", params=["two", "long", "sixty"])
def small(request: pytest.FixtureRequest, windows: Windows, addresses: dict[str, str]) -> Iterator[Page]:
    """Each model's page on the smallest phone, with an answer."""
    with windows.page("phone", addresses[request.param], "phone") as page:
        resize(page, *SMALLEST)
        draw_line(page)
        expect(page.locator("#predictionResult")).not_to_be_empty()
        yield page


def test_any_model_fits_320_pixels(small: Page):
    assert small.evaluate("document.documentElement.scrollWidth") <= 320


def test_paper_and_tools_are_where_they_belong_with_any_model(small: Page):
    """However long the names: the paper is not pushed down by more than its answer needs."""
    paper = small.locator("#canvas").bounding_box()
    assert paper
    assert paper["y"] < 340
    assert paper["width"] >= 240


def test_no_name_runs_into_its_neighbour(small: Page):
    script = "[...document.querySelectorAll('.name')].filter(name => name.getBoundingClientRect().right > 320).length"
    assert small.evaluate(script) == 0


def test_every_class_of_sixty_has_a_bar(windows: Windows, addresses: dict[str, str]):
    with windows.page("desktop", addresses["sixty"]) as page:
        assert page.locator("#probabilities .name").all_inner_texts() == list(MODELS["sixty"])


@pytest.mark.parametrize("label", [MODELS["two"][1], "hiragana letter a", "אבגדהוזח", "W" * 60])
def test_a_long_answer_stays_in_its_place(windows: Windows, addresses: dict[str, str], label: str):
    def fulfil(route: Route) -> None:
        other = MODELS["two"][0]
        route.fulfill(json={"label": label, "confidence": 0.6, "probabilities": {label: 0.6, other: 0.4}})

    with windows.page("phone", addresses["two"], "phone") as page:
        resize(page, *SMALLEST)
        page.route("**/predict?*", fulfil)
        draw_line(page)
        expect(page.locator("#predictionResult")).to_have_text(label)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize(
    ("classes", "more", "title", "words"),
    [
        (("0", "1"), {}, "Draw a digit", "says which it is."),
        (("a", "b", "c"), {}, "Draw a letter", "It knows a, b and c."),
        (MODELS["two"], {}, "Draw a character", "It knows circle and not a circle but nearly one."),
        (MODELS["sixty"], {}, "Draw a character", "It knows 60 of them."),
        (("אלף", "בגד"), {}, "Draw a character", "It knows \u2068אלף\u2069 and \u2068בגד\u2069."),
        (("W" * 44, "V" * 44, "U" * 44), {}, "Draw a character", "It knows 3 of them."),
        (("sole",), {}, "Draw a character", "It knows sole."),
        (("cat", "dog"), {"preprocessing": Preprocessing("plain")}, "Recognise a picture", "It knows cat and dog."),
        (("a", "b"), {"title": "Runes"}, "Runes", "It knows a and b."),
    ],
)
def test_the_invitation_comes_from_the_model(classes: tuple[str, ...], more: dict[str, Any], title: str, words: str):
    heading, hint = invitation(untrained(classes, **more).card())
    assert heading == title
    assert hint.endswith(words)
