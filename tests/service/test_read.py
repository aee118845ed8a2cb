from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from benchmarks.photograph import photograph
from tests.conftest import MODEL, encode
from training.prepare.drawing import draw_placed


def read(client: TestClient, image: Image.Image | bytes, query: str = "", **headers: str):
    data = image if isinstance(image, bytes) else encode(image)
    return client.post(f"/read{query}", files={"image": ("drawing.png", data, "image/png")}, headers=headers)


@pytest.fixture(scope="module")
def row(drawings) -> Image.Image:
    """The first 4 and the first 2, side by side on a wide paper."""
    paper = Image.new("L", (560, 280), 255)
    for place, wanted in enumerate("42"):
        paper.paste(next(image for label, image in drawings if label == wanted), (280 * place, 0))
    return paper


def test_answer_has_text_confidence_and_characters(client, row):
    response = read(client, row)
    answer = response.json()
    assert response.status_code == 200
    assert set(answer) == {"text", "confidence", "characters"}
    assert answer["text"] == "42"
    assert [set(one) for one in answer["characters"]] == [{"label", "confidence", "known", "box"}] * 2
    assert [one["label"] for one in answer["characters"]] == ["4", "2"]
    assert all(one["known"] is True for one in answer["characters"])
    assert 0.9 < answer["confidence"] < min(one["confidence"] for one in answer["characters"])
    assert response.headers["x-model-version"] == client.get("/model").json()["version"]


def test_boxes_are_around_the_ink(client, row):
    characters = read(client, row).json()["characters"]
    for place, character in enumerate(characters):
        half = ImageOps.invert(row.crop((280 * place, 0, 280 * place + 280, 280)))
        left, top, right, bottom = half.getbbox() or (0, 0, 0, 0)
        expected = [left + 280 * place, top, right + 280 * place, bottom]
        assert character["box"] == pytest.approx(expected, abs=3)


def test_boxes_are_in_pixels_of_the_upright_upload_even_if_it_is_scaled_down(client, row):
    large = row.resize((4480, 2240))  # a JPEG file of this size is decoded at a reduced scale
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    small = [one["box"] for one in read(client, row).json()["characters"]]
    answer = read(client, encode(large.rotate(90, expand=True), "JPEG", exif=exif)).json()
    assert answer["text"] == "42"
    for expected, found in zip(small, (one["box"] for one in answer["characters"]), strict=True):
        assert found == pytest.approx([8 * side for side in expected], abs=40)


def test_plain_text_is_the_text_alone(client, row):
    response = read(client, row, accept="text/plain")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == "42"


def test_lines_are_separated_by_a_line_feed(client, row, seven):
    paper = Image.new("L", (560, 600), 255)
    paper.paste(row, (0, 0))
    paper.paste(seven, (140, 310))
    assert read(client, paper, accept="text/plain").text == "42\n7"
    answer = read(client, paper).json()
    assert answer["text"] == "42\n7"
    assert [one["label"] for one in answer["characters"]] == ["4", "2", "7"]


def test_a_single_character_is_read_as_predict_reads_it(client, drawings):
    for _, image in drawings[::12]:
        predicted = client.post("/predict?include=input", files={"image": encode(image)}).json()
        answer = read(client, image, "?include=probabilities&include=input").json()
        (character,) = answer["characters"]
        assert character["box"][2] - character["box"][0] > 5
        assert {name: value for name, value in character.items() if name != "box"} == predicted
        assert answer["text"] == predicted["label"]
        assert answer["confidence"] == predicted["confidence"]


def test_probabilities_and_input_are_added_if_asked_for(client, row):
    for character in read(client, row, "?include=probabilities&include=input").json()["characters"]:
        assert sum(character["probabilities"].values()) == pytest.approx(1)
        assert character["probabilities"][character["label"]] == character["confidence"]
        file = base64.b64decode(character["input"].removeprefix("data:image/png;base64,"))
        assert np.asarray(Image.open(io.BytesIO(file))).max() == 255
    assert "probabilities" not in read(client, row, "?include=input").json()["characters"][0]
    response = read(client, row, "?include=paper")
    assert response.status_code == 422
    assert "include=probabilities" in response.json()["detail"]


def ink_of(client: TestClient, image: Image.Image | bytes) -> NDArray[np.uint8]:
    """The alpha channel of the answer's `ink`."""
    contents = read(client, image, "?include=ink").json()["ink"].removeprefix("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(contents))).getchannel("A"))


def test_ink_of_a_single_character_is_that_which_predict_shows(client, seven):
    photographed = photograph(seven, np.random.default_rng(0))
    answer = client.post("/predict?include=ink", files={"image": photographed}).json()
    assert read(client, photographed, "?include=ink").json()["ink"] == answer["ink"]


def test_ink_of_all_characters_is_as_strong(client, row):
    ink = ink_of(client, photograph(row, np.random.default_rng(0)))
    assert ink[:, : ink.shape[1] // 2].max() > 200
    assert ink[:, ink.shape[1] // 2 :].max() > 200


def test_ink_of_a_drawing_is_where_it_was_drawn(client, row):
    drawn = ImageOps.invert(row).resize((480, 240), Image.Resampling.BILINEAR)
    difference = np.abs(ink_of(client, row).astype(int) - np.asarray(drawn))
    assert difference.mean() < 2


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"not an image", 400, "not an image"),
        (encode(Image.new("L", (20, 20)), "TIFF"), 415, "TIFF"),
        (encode(Image.new("L", (280, 280), 255)), 422, "Nothing is drawn"),
        (encode(Image.new("RGBA", (840, 280))), 422, "Nothing is drawn"),
        (b"", 422, "No image was sent"),
    ],
    ids=["no image", "other format", "blank", "transparent", "empty"],
)
def test_unusable_images_are_explained(client, data: bytes, status: int, words: str):
    response = read(client, data)
    assert response.status_code == status
    assert words in response.json()["detail"]


def page_of_text(tracks, columns: int, rows: int) -> Image.Image:
    """So many digits in so many lines."""
    strokes = []
    for place in range(columns * rows):
        own = tracks[place % len(tracks)].strokes
        points = np.concatenate([np.asarray(stroke) for stroke in own])
        low, span = points.min(0), np.ptp(points, axis=0).max()
        corner = np.array([40 * (place % columns) + 10, 50 * (place // columns) + 10])
        strokes += [tuple((float(x), float(y)) for x, y in (np.asarray(one) - low) / span * 28 + corner) for one in own]
    return draw_placed(strokes, 3, (40 * columns + 10, 50 * rows + 10))


def test_a_page_of_text_is_refused_with_what_to_do(client, tracks):
    for rows in (11, 40):
        response = read(client, page_of_text(tracks, 20, rows))
        assert response.status_code == 422
        assert "200 characters" in response.json()["detail"]
        assert "a few lines" in response.json()["detail"]
    assert len(read(client, page_of_text(tracks, 20, 5)).json()["text"].splitlines()) == 5


def test_each_character_is_counted(client, row):
    read(client, row)
    metrics = client.get("/metrics").text
    version = client.get("/model").json()["version"]
    for label in "42":
        assert f'handwritten_predictions_total{{class="{label}",version="{version}"}} 1.0' in metrics
    assert "handwritten_reading_seconds_count 1.0" in metrics


def test_before_the_model_is_loaded_the_answer_is_503(seven):
    assert read(TestClient(create_app(Settings(model_path=MODEL))), seven).status_code == 503


def test_more_drawings_than_may_wait_are_refused(row):
    app = create_app(Settings(model_path=MODEL, max_waiting=1))
    with TestClient(app) as client:
        assert read(client, row).status_code == 200
        with app.state.classifier._drawings.place():
            response = read(client, row)
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0


def test_reading_is_documented(client):
    operation = client.get("/openapi.json").json()["paths"]["/read"]["post"]
    assert {"200", "400", "413", "415", "422", "503"} <= set(operation["responses"])
    assert set(operation["responses"]["200"]["content"]) == {"application/json", "text/plain"}
