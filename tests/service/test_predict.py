from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps
from starlette.testclient import TestClient

from app.main import create_app
from app.routes.predict import prefers_plain_text
from app.settings import Settings
from tests.conftest import MODEL, encode

DIGITS = [str(digit) for digit in range(10)]


def post(client: TestClient, data: bytes, **headers: str):
    return client.post("/predict", files={"image": ("drawing.png", data, "image/png")}, headers=headers)


def test_answer_has_label_confidence_and_all_probabilities(client, seven):
    response = post(client, encode(seven))
    answer = response.json()
    assert response.status_code == 200
    assert set(answer) == {"label", "confidence", "known", "probabilities"}
    assert answer["known"] is True
    assert answer["label"] == "7"
    assert list(answer["probabilities"]) == DIGITS
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-9)
    assert answer["confidence"] == max(answer["probabilities"].values()) == answer["probabilities"]["7"]


def test_plain_text_is_the_bare_label(client, seven):
    response = post(client, encode(seven), accept="text/plain")
    assert response.headers["content-type"].startswith("text/plain")
    assert response.text == "7"


@pytest.mark.parametrize(
    ("accept", "plain"),
    [
        ("", False),
        ("*/*", False),
        ("application/json", False),
        ("text/html,application/xhtml+xml,*/*;q=0.8", False),
        ("text/plain", True),
        ("TEXT/PLAIN; charset=utf-8", True),
        ("text/plain, */*", True),
        ("text/plain, application/json", False),
        ("text/plain;q=0.5, application/json", False),
        ("text/plain, application/json;q=0.5", True),
        ("text/plain;q=nonsense", True),
        ("text/plain;q=0", False),
    ],
)
def test_accept_header_decides(accept: str, plain: bool):
    assert prefers_plain_text(accept) is plain


def test_held_out_drawings_are_read(client, drawings):
    right = [post(client, encode(image)).json()["label"] == label for label, image in drawings]
    assert sum(right) / len(right) >= 0.97


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_every_offered_format_is_read(client, seven, kind: str):
    assert post(client, encode(seven.convert("RGB"), kind)).json()["label"] == "7"


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"not an image", 400, "not an image"),
        (encode(Image.effect_noise((50, 50), 50))[:500], 400, "damaged"),
        (encode(Image.new("L", (20, 20)), "TIFF"), 415, "TIFF"),
        (encode(Image.new("L", (280, 280), 255)), 422, "Nothing is drawn"),
        (encode(Image.new("RGBA", (280, 280))), 422, "Nothing is drawn"),
        (b"", 422, "No image was sent, only an empty file"),
        (encode(Image.effect_noise((280, 280), 99)), 422, "no ink was found"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "looks like an SVG file"),
    ],
    ids=["no image", "damaged", "other format", "blank", "transparent", "empty", "noise", "SVG"],
)
def test_unusable_images_are_explained(client, data: bytes, status: int, words: str):
    response = post(client, data)
    assert response.status_code == status
    assert words in response.json()["detail"]


def test_no_image_field(client, seven):
    response = client.post("/predict", files={"picture": encode(seven)})
    assert response.status_code == 422
    assert '"image"' in response.json()["detail"]


def test_no_form_at_all(client):
    for body in ({}, {"json": {"image": "7"}}, {"data": {"image": "7"}}, {"content": b"\x89PNG"}):
        assert client.post("/predict", **body).status_code == 422


def test_image_that_is_not_sent_as_a_file(client):
    answer = client.post("/predict", files={"image": (None, "7")})
    assert answer.status_code == 422
    assert "as a file" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["image", "label"])
def test_a_field_that_is_sent_twice_is_refused(client, seven, name):
    fields = [
        ("image", encode(seven)),
        (name, encode(seven) if name == "image" else (None, "1")),
        ("label", (None, "7")),
    ]
    answer = client.post("/predict", files=fields)
    assert answer.status_code == 422
    assert f'several fields named "{name}"' in answer.json()["detail"]


def test_a_long_parameter_is_not_sent_back_whole(client, seven):
    answer = client.post(f"/predict?include={'x' * 9000}", files={"image": encode(seven)})
    assert answer.status_code == 422
    assert len(answer.text) < 200


def test_network_input_is_added_if_asked_for(client, seven):
    files = {"image": encode(seven)}
    assert client.post("/predict?include=input", files=files).json()["input"].startswith("data:image/png;base64,")
    answer = client.post("/predict?include=inputs", files=files)
    assert answer.status_code == 422
    detail = "include=inputs is not offered. Send include=input, include=ink or both, or leave it out."
    assert answer.json() == {"detail": detail}


def ink_of(client: TestClient, data: bytes) -> NDArray[np.uint8]:
    """The alpha channel of the answer's `ink`."""
    answer = client.post("/predict?include=ink", files={"image": data})
    assert answer.status_code == 200
    kind, contents = answer.json()["ink"].split(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(contents))).getchannel("A"))


def test_ink_of_a_drawing_is_where_it_was_drawn(client, seven):
    ink = ink_of(client, encode(seven))
    assert np.allclose(ink, 255 - np.asarray(seven), atol=1)


def test_ink_of_a_photograph_lies_over_the_upright_picture(client, seven):
    paper = Image.effect_noise((1200, 900), 8).point(lambda level: level + 60)
    paper.paste(60, (700, 300), ImageOps.invert(seven))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    ink = ink_of(client, encode(paper.rotate(90, expand=True), "JPEG", exif=exif))
    assert ink.shape == (360, 480)
    rows, columns = np.nonzero(ink > 128)
    left, top, right, bottom = ImageOps.invert(seven).getbbox() or (0, 0, 0, 0)
    assert [columns.min(), columns.max()] == pytest.approx([0.4 * (700 + left), 0.4 * (700 + right)], abs=6)
    assert [rows.min(), rows.max()] == pytest.approx([0.4 * (300 + top), 0.4 * (300 + bottom)], abs=6)


def test_ink_that_was_not_read_is_fainter(client, seven):
    paper = Image.effect_noise((1000, 600), 8).point(lambda level: level + 60)
    paper.paste(60, (500, 200), ImageOps.invert(seven))
    small = seven.resize((140, 140))
    paper.paste(60, (150, 250), ImageOps.invert(small))
    ink = ink_of(client, encode(paper, "JPEG"))
    assert ink[:, 240:].max() > 200
    assert 40 < ink[:, :240].max() < 100


def test_input_and_ink_can_be_asked_for_together(client, seven):
    files = {"image": encode(seven)}
    plain = client.post("/predict", files=files).json()
    answer = client.post("/predict?include=input&include=ink", files=files).json()
    assert answer.keys() - plain.keys() == {"input", "ink"}
    assert {name: answer[name] for name in plain} == plain
    assert client.post("/predict?include=ink", files=files).json().keys() - plain.keys() == {"ink"}
    assert client.post("/predict?include=input&include=paper", files=files).status_code == 422


def test_two_images(client, seven):
    response = client.post("/predict", files=[("image", encode(seven)), ("image", encode(seven))])
    assert response.status_code == 422
    assert "one image" in response.json()["detail"]


def test_other_fields_do_not_disturb(client, seven):
    files = {"image": encode(seven), "comment": (None, "hello")}
    assert client.post("/predict", files=files).json()["label"] == "7"


def test_too_many_fields(client):
    files = [(f"field{number}", (None, "x")) for number in range(1000)]
    assert client.post("/predict", files=files).status_code == 422


def test_garbled_and_broken_forms(client):
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert client.post("/predict", content=b"garbage", headers=kind).status_code == 400
    begun = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n\x89PNG'
    assert client.post("/predict", content=begun, headers=kind).status_code == 400


def test_too_many_bytes_announced_or_not(seven):
    data = encode(seven)
    with TestClient(create_app(Settings(model_path=MODEL, max_upload_bytes=len(data) + 300))) as client:
        assert post(client, data).status_code == 200
        too_large = post(client, data + b"\x00" * 1000)
        assert too_large.status_code == 413
        assert "MB" in too_large.json()["detail"]
        announced = client.build_request("POST", "/predict", files={"image": data + b"\x00" * 1000})
        body = announced.read()
        chunks = (body[start : start + 100] for start in range(0, len(body), 100))
        kind = {"content-type": announced.headers["content-type"]}
        assert client.post("/predict", content=chunks, headers=kind).status_code == 413


def test_too_many_pixels(seven):
    with TestClient(create_app(Settings(model_path=MODEL, max_pixels=280 * 280 - 1))) as client:
        response = post(client, encode(seven))
    assert response.status_code == 413
    assert "280 x 280" in response.json()["detail"]


def test_before_the_model_is_loaded_the_answer_is_503(seven):
    client = TestClient(create_app(Settings(model_path=MODEL)))  # not entered: the lifespan has not begun
    for response in (post(client, encode(seven)), client.get("/readyz"), client.get("/model")):
        assert response.status_code == 503
        assert "not loaded" in response.json()["detail"]
        assert int(response.headers["retry-after"]) > 0
    assert client.get("/healthz").status_code == 200


def test_predict_answers_behind_a_prefix(seven):
    app = create_app(Settings(model_path=MODEL))
    with TestClient(app, root_path="/digits") as client:
        for path in ("/digits/predict", "/predict"):
            files = {"image": encode(seven)}
            assert client.post(path, files=files).json()["label"] == "7"
            assert client.post(path, files={"image": b"milk, eggs"}).status_code == 400
            assert client.get(path).status_code == 405
