"""Which files are read, and that folders are never held whole."""

from __future__ import annotations

import io
import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from app.recognition.batch import names

_NAME = st.text(st.characters(exclude_characters="/\0.", exclude_categories=["Cs"]), min_size=1, max_size=8)


@given(st.sets(_NAME, max_size=20), st.integers(1, 25))
def test_folder_is_listed_in_alphabetical_order_however_few_names_are_held(tmp_path_factory, stems, held):
    folder = tmp_path_factory.mktemp("listed")
    for stem in stems:
        (folder / f"{stem}.PNG").touch()
    original, names._SORTED_AT_ONCE = names._SORTED_AT_ONCE, held
    try:
        found = list(names.images_in(str(folder)))
    finally:
        names._SORTED_AT_ONCE = original
    assert found == [str(folder / f"{stem}.PNG") for stem in sorted(stems, key=lambda stem: f"{stem}.PNG")]


def test_folders_in_a_folder_are_read_in_their_places_and_loops_end(tmp_path):
    for path in ("a.png", "b/c.jpg", "b/.hidden.png", ".git/x.png", "d.webp", "b/notes.txt"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "e").symlink_to(tmp_path / "b")
    found = [str(Path(path).relative_to(tmp_path)) for path in names.images_in(str(tmp_path))]
    assert found == ["a.png", "b/c.jpg", "d.webp", "e/c.jpg"]


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda name: not {0, 10, 13} & set(name))), st.booleans())
def test_names_in_a_stream_are_the_same_however_they_arrive(given_names, null):
    end = b"\0" if null else b"\n"
    original, names._LONGEST = names._LONGEST, 10
    try:
        found = list(names.names_on(io.BytesIO(end.join(given_names)), null))
    finally:
        names._LONGEST = original
    assert [os.fsencode(name) for name in found] == given_names
