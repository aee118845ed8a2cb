"""The quick way through a form must give what python_multipart gives, or stand aside."""

from __future__ import annotations

import re
from unittest.mock import patch

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app import forms
from app.forms import Form, UploadError

BOUNDARY = "0f7e-x'_"
KIND = f"multipart/form-data; boundary={BOUNDARY}"
HEAD = b'Content-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'


def read(kind: str | None, pieces: list[bytes]) -> bytes | tuple[int, str]:
    """The image, or the status and the words of the error."""
    try:
        form = Form(kind)
        for piece in pieces:
            form.write(piece)
        return form.image()
    except UploadError as error:
        return error.status, error.detail


def read_by_library(kind: str | None, pieces: list[bytes]) -> bytes | tuple[int, str]:
    with patch.object(forms, "_only_image", lambda *_: None):
        return read(kind, pieces)


def form(*parts: bytes, boundary: str = BOUNDARY, ending: bytes = b"--\r\n") -> bytes:
    line = b"--" + boundary.encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + ending


names = st.sampled_from(["image", "IMAGE", "other", "image2"])
file_names = st.text(st.sampled_from("a. ;='\"\\\r\n\0\x7fé字"), max_size=6)
contents = st.one_of(st.binary(max_size=60), st.sampled_from([b"\r\n--" + BOUNDARY.encode(), b"\r\n\r\n", b"--"]))


@st.composite
def parts(draw: st.DrawFn) -> bytes:
    header = draw(st.sampled_from(["Content-Disposition", "content-disposition", "Content-Dispositio"]))
    head = f'{header}: form-data; name="{draw(names)}"'
    if draw(st.booleans()):
        head += f'; filename="{draw(file_names)}"'
    if draw(st.booleans()):
        head += draw(st.sampled_from(["\r\nContent-Type: image/png", "\r\nContent-Type:", "\r\nX: y"]))
    return head.encode() + b"\r\n\r\n" + draw(contents)


@given(
    st.lists(parts(), max_size=3),
    st.sampled_from([b"--\r\n", b"--", b"", b"-", b"--\r\nmore", b"x--\r\n"]),
    st.integers(0, 200),
)
@example([HEAD + b"a"], b"--\r\n", 0)
@example([HEAD], b"--\r\n", 0)
@example([HEAD + b"a\r\n--" + BOUNDARY.encode() + b"z"], b"--\r\n", 0)
def test_the_quick_way_changes_nothing(parts: list[bytes], ending: bytes, cut: int):
    whole = form(*parts, ending=ending)
    pieces = [whole[:cut], whole[cut:]]
    assert read(KIND, pieces) == read_by_library(KIND, pieces)


@given(st.one_of(st.none(), st.text(st.sampled_from("a; ,='\"\\é\0"), max_size=6).map(lambda end: KIND + end)))
@example('multipart/form-data; boundary="0f7e-x\'_"')
@example("multipart/form-data;boundary=0f7e-x'_")
@example("image/png")
def test_a_boundary_is_what_the_library_reads(kind: str | None):
    whole = form(HEAD + b"a")
    expected = read(kind, [whole])
    with patch.object(forms, "_USUAL_KIND", re.compile("never")):
        assert read_by_library(kind, [whole]) == expected


def test_what_clients_write_goes_the_quick_way():
    firefox = form(HEAD.replace(b"\r\n\r\n", b"\r\nContent-Type: image/png\r\n\r\n") + b"a")
    ours = httpx2.Request("POST", "http://test", files={"image": ("a.png", b"a", "image/png")})
    with patch.object(forms, "MultipartParser", side_effect=AssertionError):
        assert read(KIND, [firefox]) == b"a"
        assert read(ours.headers["content-type"], [ours.read()]) == b"a"


@pytest.mark.parametrize("length", [forms._LONG // 2, 3 * forms._LONG], ids=["short", "long"])
def test_pieces_are_put_together(length: int):
    image = bytes(range(256)) * (length // 256)
    whole = form(b'Content-Disposition: form-data; name="x"\r\n\r\ny', HEAD + image)
    pieces = [whole[start : start + 10_000] for start in range(0, len(whole), 10_000)]
    assert read(KIND, pieces) == image
