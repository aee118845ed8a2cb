"""The commands of `python -m training prepare`: data sets as image folders."""

from __future__ import annotations

import argparse
from pathlib import Path

from training.options import fraction, natural, positive
from training.prepare import no_class, photographs, published, sources, tracks
from training.prepare.writers import Share


def add(parser: argparse.ArgumentParser) -> None:
    """Add a command for each kind of data."""
    names = parser.add_subparsers(required=True, metavar="dataset")
    for name in published.NAMES:
        _add_published(names.add_parser(name, help=f"the published {name} data set"), name)
    _add_unipen(names.add_parser("unipen", help="pen tracks in UNIPEN files, drawn as the page draws them"))
    for name, alphabet in no_class.ALPHABETS.items():
        _add_no_class(
            names.add_parser(
                f"no-{name}",
                help=f"for --unknown: what is no {name} in UNIPEN files, and shapes, scribbles, several at once",
            ),
            alphabet,
        )
    _add_photographs(
        names.add_parser("photographs", help="composed photographs of pen tracks, and of print, to train on")
    )


def _add_published(parser: argparse.ArgumentParser, name: str) -> None:
    _add_out(parser)
    parser.add_argument("--root", type=Path, help="raw files already on disk; without it they are downloaded")
    if name == "emnist":
        parser.add_argument("--split", choices=published.EMNIST_SPLITS, default="balanced")
    parser.add_argument("--only", choices=published.PARTS, help="read just this part, and divide it in two")
    parser.add_argument("--test-fraction", type=fraction, default=0.2, help="with --only: share to test (%(default)s)")
    parser.add_argument(
        "--validation-fraction", type=fraction, default=0.0, help="of the training images, to validation (none)"
    )
    parser.add_argument("--seed", type=natural, default=0, help="draws the images held out (%(default)s)")
    parser.set_defaults(run=_published, name=name, split="balanced")


def _published(options: argparse.Namespace) -> None:
    written = published.prepare(
        options.name,
        options.out,
        options.root,
        options.split,
        options.only,
        options.test_fraction,
        options.validation_fraction,
        options.seed,
    )
    _record(options.out, options.name, published.CREDITS[options.name], written)


def _add_unipen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--variations", type=natural, default=0, help="distorted versions to train on (%(default)s)")
    parser.add_argument(
        "--fewest",
        type=natural,
        default=0,
        metavar="N",
        help="more versions of a class with fewer images (%(default)s)",
    )
    _add_tracks(parser)
    parser.set_defaults(run=_unipen)


def _unipen(options: argparse.Namespace) -> None:
    written, writer = tracks.prepare(
        options.files,
        options.out,
        _held_out(options),
        options.variations,
        options.seed,
        options.exclude_namesakes,
        options.fewest,
    )
    _record(options.out, _names(options.files), options.credit, written, writer)


def _add_no_class(parser: argparse.ArgumentParser, alphabet: no_class.Alphabet) -> None:
    _add_tracks(parser)
    parser.add_argument("--every", type=positive, default=1, metavar="N", help="use one character in N (%(default)s)")
    parser.set_defaults(run=_no_class, alphabet=alphabet)


def _no_class(options: argparse.Namespace) -> None:
    written = no_class.prepare(
        options.alphabet,
        options.files,
        options.out,
        _held_out(options),
        options.seed,
        options.exclude_namesakes,
        options.every,
    )
    _record(options.out, _names(options.files), options.credit, written)


def _add_photographs(parser: argparse.ArgumentParser) -> None:
    _add_tracks(parser)
    parser.add_argument("--count", type=positive, default=8000, help="photographs of tracks (%(default)s)")
    parser.add_argument("--printed", type=natural, default=0, help="photographs of print (%(default)s)")
    parser.add_argument("--cells", type=Path, metavar="DIR", help="class folders of photographs named train-*")
    parser.set_defaults(run=_photographs)


def _photographs(options: argparse.Namespace) -> None:
    written = photographs.prepare(
        options.files,
        options.out,
        _held_out(options),
        options.count,
        options.printed,
        options.cells,
        options.seed,
        options.exclude_namesakes,
    )
    _record(options.out, _names(options.files, "photographs of "), options.credit, written)


def _add_tracks(parser: argparse.ArgumentParser) -> None:
    """The options of all commands that draw pen tracks."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="UNIPEN files, gzipped or not")
    _add_out(parser)
    for part, share in (("test", 0.2), ("validation", 0.0)):
        parser.add_argument(
            f"--{part}-source", action="append", default=[], metavar="NAME", help=f"a whole source to {part}/"
        )
        parser.add_argument(
            f"--{part}-fraction", type=fraction, default=share, help=f"of the other writers, to {part}/ (%(default)s)"
        )
    parser.add_argument("--test-name", default="", metavar="NAME", help="write these tests to test-NAME, not test")
    parser.add_argument(
        "--exclude-namesakes", action="store_true", help="leave out writers who have the name of a held-out one"
    )
    parser.add_argument("--seed", type=natural, default=0, help="draws writers and distortions (%(default)s)")
    parser.add_argument("--credit", default="", help="authors and licence of the files: stored in the model")


def _add_out(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DATA", help="where to write train/ and test/")


def _held_out(options: argparse.Namespace) -> dict[str, Share]:
    # Validation first, so that its writers do not depend on whether there is a test part.
    return {
        "validation": Share(tuple(options.validation_source), options.validation_fraction),
        f"test-{options.test_name}" if options.test_name else "test": Share(
            tuple(options.test_source), options.test_fraction
        ),
    }


def _names(files: list[Path], kind: str = "") -> str:
    return ", ".join(f"{kind}{file.name}" for file in files)


def _record(out: Path, names: str, credit: str, written: dict[str, int], writer: str = "") -> None:
    """Record the sources in the folder, and print the counts."""
    sources.record(out, names, credit, written, writer)
    counts = ", ".join(f"{count:,} to {part}/" for part, count in written.items())
    print(f"wrote {counts} in {out}")
