"""Choose the examples to tap and write static/examples.js: `python -m docs.examples STROKES` (needs Chromium).

STROKES is the folder with unipen-letters.unp.gz. Tracks of writers that the models have not learned from, in the form
that links have them in (static/strokes.js).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page

from app.main import ROOT
from app.recognition.classifier import Classifier
from tests.conftest import MODEL, TRACK_FILES
from tests.page.conftest import launched_browser, opened, served
from tests.page.playing import units
from training.prepare.drawing import draw
from training.prepare.unipen import Character, read_unipen

# The sites whose writers choose what a model of letters is trained with, but teach it nothing.
_VALIDATION = ("aga", "uqb")
_HEAD = """\
/** Characters to tap: pen tracks of writers that the models have not learned from, chosen by docs/examples.py.
 * Digits are from Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0. Letters are from
 * UNIPEN train_r01_v07, sections 1b and 1c; doi:10.5281/zenodo.1195803; CC BY 4.0.
 * @module
 */

/** @typedef {{label: string, code: string}} Example */

/** @type {Example[][]} a set is for the models that know all of it; the first such one is shown */
export const EXAMPLES = ["""


class Set(NamedTuple):
    """Classes to show: easy ones, a hard one at the end; the model, and the tracks to choose from."""

    easy: str
    hard: str
    model: Path
    tracks: Sequence[Character]


def main(strokes: Path) -> None:
    """Write the file."""
    letters = [one for one in read_unipen(strokes / "unipen-letters.unp.gz") if one.source in _VALIDATION]
    sets = (
        Set("AbeR", "G", ROOT / "models" / "letters.pt", letters),
        Set("2583", "9", MODEL, read_unipen(TRACK_FILES[0])),
    )
    with served() as address, launched_browser() as browser, opened(browser, address) as page:
        lines = [line for each in sets for line in ("  [", *(_line(track, page) for track in chosen(each)), "  ],")]
    text = "\n".join([_HEAD, *lines, "];", ""])
    (ROOT / "static" / "examples.js").write_text(text, encoding="utf-8")


def _line(track: Character, page: Page) -> str:
    script = "strokes => import('/static/stroke-encoding.js').then(({ encode }) => encode(strokes))"
    code = page.evaluate(script, units(track.strokes))
    return f"    {{ label: {json.dumps(track.label)}, code: {json.dumps(code)} }},"


def chosen(one: Set) -> list[Character]:
    """For each easy class the track that is read with most confidence, for the hard one that with least; all right."""
    classifier = Classifier.load(one.model)
    tracks = [track for track in one.tracks if track.label in one.easy + one.hard]
    answers = classifier.predict([classifier.model.preprocessing(draw(track.strokes)) for track in tracks])
    right = [(each.confidence, track) for each, track in zip(answers, tracks, strict=True) if each.label == track.label]

    def ranked(label: str) -> list[Character]:
        return [track for _, track in sorted(right, key=lambda pair: pair[0]) if track.label == label]

    return [*(ranked(label)[-1] for label in one.easy), ranked(one.hard)[0]]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
