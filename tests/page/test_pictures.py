"""A picture instead of a drawing: chosen, dropped, pasted or taken with the camera."""

from __future__ import annotations

import gzip
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps
from playwright.sync_api import Page, expect

from benchmarks.photograph import photograph
from tests.conftest import DATA, encode
from tests.page.playing import bring, draw_line, ink, message, sheet
from tests.page.waiting import await_answer


@pytest.fixture(scope="session")
def photo(seven: Image.Image) -> bytes:
    """A 7 on paper, photographed."""
    return photograph(seven, np.random.default_rng(0))


def choose(page: Page, data: bytes, name: str = "7.jpg", kind: str = "image/jpeg") -> None:
    """With the file button."""
    with page.expect_file_chooser() as chooser:
        page.locator("#pictureButton").click()
    chooser.value.set_files({"name": name, "mimeType": kind, "buffer": data})


def reads(page: Page, label: str) -> None:
    expect(page.locator("#predictionResult")).to_have_text(label)


def test_a_chosen_photo_is_read(phone: Page, photo: bytes):
    choose(phone, photo)
    reads(phone, "7")
    assert ink(phone) > 0


def test_a_photographed_number_is_read_with_boxes_over_it(phone: Page, drawings: list[tuple[str, Image.Image]]):
    digits = dict(reversed(drawings))
    number = Image.new("L", (560, 560), 255)
    for place, digit in enumerate("42"):
        number.paste(digits[digit], (280 * place, 140))
    choose(phone, photograph(number, np.random.default_rng(0)))
    reads(phone, "42")
    expect(phone.locator("#characters button")).to_have_text(["4", "2"])
    expect(phone.locator("#boxes span")).to_have_count(2)
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_picture_can_be_dropped_or_pasted(desktop: Page, photo: bytes, how: str):
    bring(desktop, how, (photo, "7.jpg", "image/jpeg"))
    reads(desktop, "7")


def test_a_tiny_scan_is_read(desktop: Page):
    folder = DATA / "MNIST" / "raw"
    labels = gzip.decompress((folder / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:]
    scans = gzip.decompress((folder / "t10k-images-idx3-ubyte.gz").read_bytes())[16:]
    scan = Image.frombytes("L", (28, 28), scans[:784])
    choose(desktop, encode(scan), "scan.png", "image/png")
    reads(desktop, str(labels[0]))


def test_a_photo_of_twelve_megapixels_is_read_and_sent_small(desktop: Page, photo: bytes):
    large = Image.open(io.BytesIO(photo)).resize((3464, 3464))  # as square as the photo
    with desktop.expect_request("**/read?*") as request:
        choose(desktop, encode(large, "JPEG"))
    reads(desktop, "7")
    assert request.value.sizes()["requestBodySize"] < 500_000


def test_a_photo_taken_with_a_turned_phone_is_upright(desktop: Page, seven: Image.Image):
    exif = Image.Exif()
    exif[0x0112] = 6
    choose(desktop, encode(seven.rotate(90), "JPEG", exif=exif))
    reads(desktop, "7")


def test_a_picture_that_only_the_browser_knows_is_read(desktop: Page):
    drawing = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28">
        <path d="M7 6h13l-8 17" fill="none" stroke="navy" stroke-width="2.5"/></svg>"""
    choose(desktop, drawing, "7.svg", "image/svg+xml")
    reads(desktop, "7")


def test_white_on_nothing_gets_a_dark_board(desktop: Page, seven: Image.Image):
    chalk = Image.new("LA", seven.size, 255)
    chalk.putalpha(ImageOps.invert(seven))
    choose(desktop, encode(chalk), "7.png", "image/png")
    reads(desktop, "7")
    assert ink(desktop) > 0.5


def test_the_pen_shows_on_a_dark_picture(desktop: Page):
    choose(desktop, encode(Image.new("L", (64, 64), 0)), "board.png", "image/png")
    expect(desktop.locator("#undoButton")).to_be_enabled()
    draw_line(desktop)
    assert ink(desktop, 0.49, 0.3, 0.51, 0.7) == 0
    assert ink(desktop, 0.1, 0.1, 0.4, 0.9) == 1


def test_strokes_on_a_picture_are_sent_with_it(desktop: Page):
    lines = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(lines).line([(80, 60), (200, 60)], fill=0, width=10)
    choose(desktop, encode(lines), "bar.png", "image/png")
    await_answer(desktop)
    before = desktop.locator("#seen img").get_attribute("src")
    draw_line(desktop)
    expect(desktop.locator("#seen img")).not_to_have_attribute("src", str(before))


def test_a_picture_covers_the_drawing_and_undo_uncovers_it(desktop: Page, photo: bytes):
    draw_line(desktop)
    drawn = sheet(desktop)
    choose(desktop, photo)
    reads(desktop, "7")
    assert sheet(desktop) != drawn
    desktop.keyboard.press("Control+z")
    assert sheet(desktop) == drawn


REFUSED: list[tuple[list[tuple[Any, ...]], str, str]] = [
    ([(b"milk, eggs", "notes.txt", "text/plain")], "“notes.txt” is not a picture.", "JPEG or PNG"),
    ([(b"\0\0\0\x18ftypheic", "IMG.HEIC", "image/heic")], "This browser cannot open “IMG.HEIC”.", "Save it as JPEG"),
    ([(b"\0\0\0\x18ftypheic", "7.jpg", "image/jpeg")], "This browser cannot open “7.jpg”.", "Save it as JPEG"),
    ([(b"%PDF-1.7", "7.jpg", "image/jpeg")], "“7.jpg” is not a picture.", "JPEG or PNG"),
    ([(b"", "empty.png", "image/png")], "“empty.png” is empty.", "another picture"),
    ([(b"1", "1.png", "image/png"), (b"2", "2.png", "image/png")], "That was more than one picture.", "one at a time"),
    ([], "That was not a picture file.", "Save the picture first"),
]


@pytest.mark.parametrize(("files", "what", "remedy"), REFUSED)
def test_a_wrong_file_gets_a_reason(lasting: Page, files: list[tuple[bytes, str, str]], what: str, remedy: str):
    bring(lasting, "drop", *files)
    message(lasting, what)
    expect(lasting.locator("#remedy")).to_contain_text(remedy)
    expect(lasting.locator("#paper")).to_have_class("empty")


def test_a_wrong_file_leaves_the_drawing(desktop: Page):
    draw_line(desktop)
    drawn = sheet(desktop)
    bring(desktop, "drop", (b"milk, eggs", "notes.txt", "text/plain"))
    message(desktop, "not a picture")
    assert sheet(desktop) == drawn


def test_pasted_text_is_pointed_out(desktop: Page):
    bring(desktop, "paste")
    message(desktop, "no picture on the clipboard")
