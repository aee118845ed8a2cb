"""The pen tracks that the committed model has not seen: whole writers, and whole sites."""

from __future__ import annotations

from pathlib import Path

from training.prepare.tracks import held_out_writers
from training.prepare.unipen import Character, read_unipen

# As in the Makefile's `model`, which trains on all others.
TABLET, TABLET_FRACTION = "pendigits-train.unp.gz", 0.17
SITES, SITES_HELD_OUT = "unipen-digits.unp.gz", ("aga", "uqb")


def read_held_out(strokes: Path) -> dict[str, list[Character]]:
    """The held-out characters in a folder that has both files: "tablet" by unseen writers, "sites" at unseen sites."""
    held_out = {}
    for name, file, sources, fraction in (
        ("tablet", TABLET, (), TABLET_FRACTION),
        ("sites", SITES, SITES_HELD_OUT, 0.0),
    ):
        characters = read_unipen(strokes / file)
        chosen = held_out_writers(characters, sources, fraction, seed=0)
        held_out[name] = [character for character in characters if (character.source, character.writer) in chosen]
    return held_out
