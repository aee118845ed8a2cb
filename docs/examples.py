"""Choose the examples to tap and write static/examples.js: `python -m docs.examples` (needs Chromium).

Tracks of writers that the model has not seen, in the letters that links have them in (static/strokes.js).
"""

from __future__ import annotations

import json
from typing import Any

from app.main import ROOT
from app.recognition.classifier import Classifier
from tests.conftest import MODEL, TRACK_FILES
from tests.page.conftest import launched_browser, opened, served
from tests.page.playing import units
from training.prepare.drawing import draw
from training.prepare.unipen import Character, read_unipen

# The last one is the hardest of its class.
EASY, HARD = "2583", "9"
_HEAD = """/** Digits to tap: pen tracks of writers that the model has not seen, written by docs/examples.py.
 * From Pen-Based Recognition of Handwritten Digits; Alpaydin and Alimoglu, UCI; CC BY 4.0.
 * @module
 */

/** @type {{label: string, code: string}[]} */
export const EXAMPLES = """


def main() -> None:
    """Write the file."""
    tracks = chosen()
    with served() as address, launched_browser() as browser, opened(browser, address) as page:
        examples: list[dict[str, Any]] = [
            {
                "label": track.label,
                "code": page.evaluate(
                    "strokes => import('/static/strokes.js').then(({ encode }) => encode(strokes))",
                    units(track.strokes),
                ),
            }
            for track in tracks
        ]
    lines = (f"  {{ label: {json.dumps(each['label'])}, code: {json.dumps(each['code'])} }}," for each in examples)
    text = "\n".join([f"{_HEAD}[", *lines, "];", ""])
    (ROOT / "static" / "examples.js").write_text(text, encoding="utf-8")


def chosen() -> list[Character]:
    """For each easy class the track that is read with most confidence, for the hard one that with least; all right."""
    classifier = Classifier.load(MODEL)
    tracks = list(read_unipen(TRACK_FILES[0]))
    answers = classifier.predict([classifier.model.preprocessing(draw(track.strokes)) for track in tracks])
    right = [(each.confidence, track) for each, track in zip(answers, tracks, strict=True) if each.label == track.label]

    def ranked(label: str) -> list[Character]:
        return [track for _, track in sorted(right, key=lambda pair: pair[0]) if track.label == label]

    return [*(ranked(label)[-1] for label in EASY), ranked(HARD)[0]]


if __name__ == "__main__":
    main()
