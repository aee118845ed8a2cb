"""Several characters: their order, lines and boxes, what belongs together and what touches."""

from __future__ import annotations

import io
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont

from app.recognition.classifier import Classifier
from app.recognition.decoding import upright_size
from app.recognition.lines import CrowdedError, find_lines
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.reading import MAX_CHARACTERS, TooMuchWrittenError, look, read
from app.recognition.segmentation import separate_ink
from benchmarks.cheques import cheque
from benchmarks.numbers import by_writer, compose
from benchmarks.reading import SQUARE, WIDE, edits, photograph
from tests.conftest import DATA, MODEL, encode
from training.prepare.drawing import PEN, draw, draw_placed
from training.prepare.unipen import Character


@pytest.fixture(scope="module")
def own(tracks: list[Character]) -> list[list[Character]]:
    """The digits of each writer who wrote ten or more."""
    return by_writer(tracks, least=10)


def text(image: Image.Image | bytes, classifier: Classifier) -> str:
    return read(image if isinstance(image, bytes) else encode(image), classifier).text


def errors(numbers: list[tuple[str, bytes]], classifier: Classifier) -> tuple[float, float]:
    """The shares of whole numbers and of digits that are wrong."""
    answers = [(written, text(image, classifier)) for written, image in numbers]
    wrong = np.mean([written != answer for written, answer in answers])
    return float(wrong), sum(edits(*pair) for pair in answers) / sum(len(written) for written, _ in answers)


@pytest.mark.parametrize("size", [SQUARE, WIDE])
def test_numbers_are_read(own, classifier, size):
    numbers = []
    for index in range(60):
        generator = np.random.default_rng(index)
        number = compose(own[index % len(own)], int(generator.integers(2, 7)), generator, size)
        numbers.append((number.text, encode(draw_placed(number.strokes, PEN, size))))
    whole, digits = errors(numbers, classifier)
    assert whole <= 0.15
    assert digits <= 0.06


def test_most_neighbours_that_touch_are_cut(own, classifier):
    numbers = []
    for index in range(40):
        generator = np.random.default_rng(index)
        number = compose(own[index % len(own)], 2, generator, touching=1.0)
        numbers.append((number.text, encode(draw_placed(number.strokes, PEN, number.size))))
    whole, _ = errors(numbers, classifier)
    assert whole <= 0.5


@pytest.mark.parametrize("make", [cheque, photograph])
def test_scans_and_photographs_are_read(own, classifier, make):
    sheets = [make(own[index % len(own)], np.random.default_rng((7, index))) for index in range(16)]
    whole, digits = errors([(number.text, image) for number, image in sheets], classifier)
    assert whole <= 0.5
    assert digits <= 0.25


def test_single_characters_are_read_as_one(drawings, classifier):
    same = []
    for _, image in drawings:
        data = encode(image)
        predicted = classifier.predict([classifier.preprocess(data)])[0]
        (character, *others) = read(data, classifier).characters
        same.append(not others and character.prediction == predicted)
    assert np.mean(same) >= 0.99


def twice(*strokes: list[tuple[int, int]]) -> Image.Image:
    """The same character twice, side by side."""
    paper = Image.new("L", (560, 280), 255)
    brush = ImageDraw.Draw(paper)
    for shift in (0, 230):
        for stroke in strokes:
            brush.line([(x + shift, y) for x, y in stroke], 0, 10, joint="curve")
    return paper


def test_a_detached_bar_belongs_to_its_5(classifier):
    body = [(100, 80), (95, 140), (150, 130), (175, 170), (150, 215), (95, 205)]
    bar = [(112, 62), (180, 58)]
    paper = twice(body, bar)
    assert text(paper, classifier) == "55"
    assert text(paper.crop((0, 0, 280, 280)), classifier) == "5"


def test_bars_far_above_their_5s_are_no_line_of_their_own(classifier):
    body = [(100, 100), (95, 150), (150, 140), (175, 180), (150, 225), (95, 215)]
    bar = [(112, 78), (195, 32)]
    paper = twice(body, bar)
    assert text(paper, classifier) == "55"


def eight_of_two_rings() -> Image.Image:
    """An 8 as some people draw it: two rings that do not touch."""
    paper = Image.new("L", (280, 280), 255)
    brush = ImageDraw.Draw(paper)
    brush.ellipse((105, 30, 175, 132), outline=0, width=10)
    brush.ellipse((100, 139, 180, 250), outline=0, width=10)
    return paper


def test_two_rings_alone_are_an_8(classifier):
    assert text(eight_of_two_rings(), classifier) == "8"


def test_two_rings_beside_other_digits_are_an_8(drawings, classifier):
    two, five = (next(image for label, image in drawings if label == wanted) for wanted in "25")
    paper = Image.new("L", (840, 280), 255)
    for place, image in enumerate((two, eight_of_two_rings(), five)):
        paper.paste(image, (280 * place, 0))
    assert text(paper, classifier) == "285"


def test_a_column_of_digits_has_as_many_lines(drawings, classifier):
    paper = Image.new("L", (280, 560), 255)
    for place, wanted in enumerate("03"):
        paper.paste(next(image for label, image in drawings if label == wanted), (0, 280 * place))
    assert text(paper, classifier) == "0\n3"


def test_reading_order_is_that_of_lines_even_if_they_slope(drawings, classifier):
    images = [next(image for label, image in drawings if label == wanted) for wanted in "123456"]
    paper = Image.new("L", (1000, 900), 255)
    for place, image in enumerate(images):
        row, column = divmod(place, 3)
        corner = (40 + 300 * column, 40 + 380 * row + 60 * column)
        paper.paste(ImageChops.darker(image, paper.crop((*corner, corner[0] + 280, corner[1] + 280))), corner)
    assert text(paper, classifier) == "123\n456"


def test_a_line_is_read_that_is_too_long_to_be_looked_at_as_one_character(classifier):
    paper = Image.new("L", (1240, 40), 255)
    brush = ImageDraw.Draw(paper)
    for place in range(60):
        brush.text((20 + 20 * place, 10), "24"[place % 2], 0, ImageFont.load_default(20))
    assert text(paper, classifier) == "24" * 30


def test_dots_and_dashes_are_left_out(drawings, classifier):
    paper = Image.new("L", (700, 280), 255)
    for place, wanted in enumerate("42"):
        paper.paste(next(image for label, image in drawings if label == wanted), (280 * place, 0))
    brush = ImageDraw.Draw(paper)
    brush.ellipse((275, 225, 287, 237), fill=0)
    brush.line((590, 140, 640, 142), 0, 10)
    assert text(paper, classifier) == "42"


def test_specks_too_faint_to_be_read_are_left_out(drawings, classifier):
    four = next(image for label, image in drawings if label == "4").point(lambda level: 255 - (255 - level) * 47 // 255)
    paper = Image.new("L", (700, 280), 255)
    paper.paste(four, (0, 0))
    paper.paste(four, (280, 0))
    ImageDraw.Draw(paper).line((600, 140, 660, 142), 255 - 13, 10)
    assert text(paper, classifier) == "44"


def test_what_is_no_character_at_all_is_one_unknown(classifier):
    paper = Image.new("L", (280, 280), 255)
    brush = ImageDraw.Draw(paper)
    brush.ellipse((40, 40, 240, 240), outline=0, width=10)
    for x in (100, 170):
        brush.ellipse((x, 100, x + 14, 114), fill=0)
    brush.arc((90, 120, 190, 200), 20, 160, 0, 10)
    (character,) = read(encode(paper), classifier).characters
    assert not character.prediction.known


def test_boxes_follow_what_is_moved_and_enlarged(own, classifier):
    number = compose(own[0], 3, np.random.default_rng(3), SQUARE)
    image = draw_placed(number.strokes, PEN, SQUARE)
    boxes = [one.box for one in read(encode(image), classifier).characters]
    moved = Image.new("L", (400, 330), 255)
    moved.paste(image, (70, 40))
    assert [one.box for one in read(encode(moved), classifier).characters] == [
        (left + 70, top + 40, right + 70, bottom + 40) for left, top, right, bottom in boxes
    ]
    doubled = read(encode(image.resize((560, 560))), classifier).characters
    for one, box in zip(doubled, boxes, strict=True):
        assert one.box == pytest.approx([2 * side for side in box], abs=4)


def test_light_ink_on_dark_paper_is_read_alike(own, classifier):
    number = compose(own[1], 4, np.random.default_rng(8), WIDE)
    image = draw_placed(number.strokes, PEN, WIDE)
    assert text(image.point(lambda level: 255 - level), classifier) == text(image, classifier)


def test_lines_of_digits_on_clean_paper_are_no_photograph():
    paper = Image.new("L", (800, 400), 255)
    brush = ImageDraw.Draw(paper)
    for x in range(0, 800, 20):
        for y in range(0, 400, 50):
            brush.line((x + 8, y + 5, x + 8, y + 40), 0, 4)
    assert separate_ink(paper, several=True).photograph is None
    paper = Image.effect_noise((800, 400), 60)
    assert separate_ink(paper, several=True).photograph is not None


@pytest.mark.parametrize("kind", ["noise", "grid", "stripes", "scribble"])
def test_whatever_is_sent_ends_soon(classifier, kind: str):
    generator = np.random.default_rng(0)
    if kind == "noise":
        image = Image.fromarray(np.where(generator.random((1500, 1500)) < 0.3, 0, 255).astype(np.uint8))
    else:
        image = Image.new("L", (1400, 1400), 255)
        brush = ImageDraw.Draw(image)
        if kind == "grid":
            for place in range(5, 1400, 14):
                brush.line((place, 5, place, 1395), 0, 3)
                brush.line((5, place, 1395, place), 0, 3)
        elif kind == "stripes":
            for place in range(10, 1400, 12):
                brush.line((place, 10, place, 1390), 0, 4)
        else:
            brush.line([tuple(point) for point in generator.uniform(20, 1380, (3000, 2)).tolist()], 0, 3)
    with suppress(TooMuchWrittenError, NothingDrawnError):  # the paper's pattern is no writing
        assert len(read(encode(image), classifier).characters) <= MAX_CHARACTERS


def test_more_parts_than_characters_have_are_refused():
    ink = np.zeros((300, 300), np.uint8)
    ink[::10, ::10] = 255
    assert sum(map(len, find_lines(ink, 900).lines)) == 900
    with pytest.raises(CrowdedError):
        find_lines(ink, 899)


@pytest.mark.parametrize("size", [(280, 280), (1200, 900)])
def test_grain_of_blank_paper_is_nothing_drawn_and_no_page(classifier, size):
    grain = np.random.default_rng(0).normal(180, 4, size[::-1])
    with pytest.raises(NothingDrawnError, match="nearer"):
        read(encode(Image.fromarray(grain.clip(0, 255).astype(np.uint8))), classifier)


def test_a_page_of_digits_is_too_much_and_no_grain(classifier):
    paper = Image.new("L", (800, 800), 255)
    brush = ImageDraw.Draw(paper)
    for row in range(40, 740, 40):
        for column in range(60, 740, 20):
            brush.text((column, row), "24"[column % 40 == 0], 0, ImageFont.load_default(20))
    with pytest.raises(TooMuchWrittenError):
        read(encode(paper), classifier)


def test_nothing_is_counted_twice(own, classifier):
    """The pieces of a path have no part in common, as every part is in one place of its line."""
    number = compose(own[2], 5, np.random.default_rng(5), SQUARE, touching=0.5)
    file = io.BytesIO()
    draw_placed(number.strokes, PEN, SQUARE).save(file, "PNG")
    sheet = look(file.getvalue(), classifier)
    boxes = [one.box for one in sheet.reading().characters]
    assert boxes == sorted(boxes, key=lambda box: box[0] + box[2])


def test_a_model_of_whole_pictures_reads_one(seven):
    classifier = Classifier.load(MODEL)
    plain = classifier.model.__class__(**{
        **vars(classifier.model),
        "preprocessing": classifier.model.preprocessing.__class__("plain", 28),
    })  # fmt: skip
    (character,) = read(encode(seven), Classifier(plain, classifier._network)).characters
    assert character.box == (0, 0, 280, 280)


def test_upright_size_is_by_the_header(seven):
    exif = Image.Exif()
    exif[0x0112] = 8
    wide = seven.resize((560, 280))
    assert upright_size(encode(wide)) == (560, 280)
    assert upright_size(encode(wide, "JPEG", exif=exif)) == (280, 560)


def test_example_files_are_read(classifier):
    assert text((DATA.parent.parent / "examples" / "7.png").read_bytes(), classifier) == "7"
    assert text((DATA.parent.parent / "examples" / "photo.jpg").read_bytes(), classifier) == "4"


def test_a_small_dot_is_a_character_where_there_is_nothing_else(classifier):
    dot = draw([((0.0, 0.0),)])
    assert len(read(encode(dot), classifier).characters) == 1
