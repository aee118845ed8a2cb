"""The pen tracks that the committed model has not learned from: whole writers, and whole sites.

Those for validation chose its epoch, temperature and thresholds. Those for the test have chosen nothing: they are what
is reported. The Makefile's `model` divides the same way, by the options of `python -m training prepare unipen`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from training.prepare.unipen import Character, Stroke, read_unipen
from training.prepare.writers import Share, divide

Part = Literal["train", "validation", "test"]
TABLET, SITES = "pendigits-train.unp.gz", "unipen-digits.unp.gz"
# As in the Makefile, and in its order: validation draws its writers first.
HELD_OUT: dict[str, dict[str, Share]] = {
    TABLET: {"validation": Share(fraction=0.17), "test": Share(fraction=0.17)},
    SITES: {"validation": Share(("aga", "uqb")), "test": Share(("apa",))},
}


def read_held_out(strokes: Path, part: Part = "test") -> dict[str, list[Character]]:
    """The characters of a part, in a folder that has both files: "tablet" by unseen writers, "sites" at unseen sites;
    those of "train" are the ones that the model has learned from."""
    held_out = {}
    for name, file in (("tablet", TABLET), ("sites", SITES)):
        characters = read_unipen(strokes / file)
        part_of = divide(characters, HELD_OUT[file], seed=0)
        held_out[name] = [one for one in characters if part_of[one.source, one.writer] == part]
    return held_out


def read_signs(strokes: Path, part: Part = "test") -> dict[str, list[Sequence[Stroke]]]:
    """The signs `$` and `#` as people at the held-out sites of a part wrote them."""
    sources = HELD_OUT[SITES][part].sources
    written = [one for one in read_unipen(strokes / "unipen-symbols.unp.gz") if one.source in sources]
    return {sign: [one.strokes for one in written if one.label == sign] for sign in "$#"}
