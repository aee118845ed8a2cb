"""The one file out of a form (multipart/form-data, RFC 7578)."""

from __future__ import annotations

import re
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

FIELD = "image"
_HINT = f'Send the image as multipart/form-data in a field named "{FIELD}".'
# A form has one field here; more parts than this are somebody trying.
_MAX_PARTS = 10
# Longer forms are parsed as they arrive, so that what is not wanted of them is never held.
_LONG = 100_000
# What browsers and the usual clients write. Whatever differs is left to python_multipart, which takes far longer.
_USUAL_KIND = re.compile(r"multipart/form-data; ?boundary=([A-Za-z0-9_'-]{1,70})")
_USUAL_HEAD = re.compile(
    rb'(?i:content-disposition): form-data; name="%b"(?:; filename="[^"\\\x00-\x1f\x7f]*")?'
    rb"(?:\r\n(?i:content-type): [\x20-\x7e]*)?\r\n\r\n" % FIELD.encode()
)


class UploadError(Exception):
    """A request that holds no usable upload. `detail` is for the person who sent it."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers


class Form:
    """Collects the field "image" of a form that arrives piece by piece; other fields are dropped.

    Raises UploadError: 422 for a request with no such field, with more than one, or with an empty one; 400 for a form
    that breaks off or is garbled.
    """

    def __init__(self, content_type: str | None) -> None:
        self._boundary = _boundary(content_type)
        self._start = bytearray()
        self._parser: MultipartParser | None = None
        self._field = _ImageField()

    def write(self, data: bytes) -> None:
        """Take the next piece."""
        if self._parser is None:
            self._start += data
            if len(self._start) > _LONG:
                self._parse(bytes(self._start))
                self._start.clear()
        else:
            self._parse(data)

    def image(self) -> bytes:
        """The field's contents, after the last piece."""
        if self._parser is None:
            form = bytes(self._start)
            image = _only_image(form, self._boundary)
            if image:
                return image
            self._parse(form)
        return self._field.image()

    def _parse(self, data: bytes) -> None:
        try:
            if self._parser is None:
                self._parser = MultipartParser(self._boundary, self._field.callbacks())
            self._parser.write(data)
        except FormParserError as error:
            raise UploadError(400, f"The form data is garbled. {_HINT}") from error


def _boundary(content_type: str | None) -> bytes:
    usual = _USUAL_KIND.fullmatch(content_type or "")
    if usual:
        return usual[1].encode()
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise UploadError(422, f"No image was sent. {_HINT}")
    return boundary


def _only_image(form: bytes, boundary: bytes) -> bytes | None:
    """The contents of the field "image", if it is a form's only one and written in the usual way."""
    opening = b"--%b\r\n" % boundary
    head = _USUAL_HEAD.match(form, len(opening))
    if not head or not form.startswith(opening):
        return None
    end = form.find(b"\r\n--" + boundary, head.end())
    return form[head.end() : end] if end > 0 and form[end:] in _endings(boundary) else None


def _endings(boundary: bytes) -> tuple[bytes, bytes]:
    return b"\r\n--%b--\r\n" % boundary, b"\r\n--%b--" % boundary


class _ImageField:
    """Collects the parts named "image" from the parser's events; everything else is dropped as it arrives."""

    def __init__(self) -> None:
        self._complete = False
        self._images: list[bytearray] = []
        self._current: bytearray | None = None
        self._parts = 0
        self._name = b""
        self._value = b""
        self._disposition = b""

    def callbacks(self) -> Any:
        """What the parser is to call."""
        return {
            "on_part_begin": self.begin_part,
            "on_header_field": self.header_name,
            "on_header_value": self.header_value,
            "on_header_end": self.end_header,
            "on_headers_finished": self.end_headers,
            "on_part_data": self.data,
            "on_end": self.end,
        }

    def begin_part(self) -> None:
        self._parts += 1
        self._current, self._disposition = None, b""
        if self._parts > _MAX_PARTS:
            raise UploadError(422, f"The form has more than {_MAX_PARTS} fields. {_HINT}")

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def end_header(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name = self._value = b""

    def end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") == FIELD.encode():
            self._current = bytearray()
            self._images.append(self._current)

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._current is not None:
            self._current += data[start:end]

    def end(self) -> None:
        self._complete = True

    def image(self) -> bytes:
        if not self._complete:
            raise UploadError(400, "The form data ends too early. Send it again.")
        if len(self._images) > 1:
            raise UploadError(422, f'The form has several fields named "{FIELD}". Send one image at a time.')
        if not self._images or not self._images[0]:
            raise UploadError(422, f"No image was sent. {_HINT}")
        return bytes(self._images[0])
