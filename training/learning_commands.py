"""The commands of `python -m training` that learn from users: corrections, improve, publish, rollback, models."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from training import corrections, improve, publish
from training.finetune import FineTuning
from training.options import factor, natural, positive


def add(commands: Any) -> None:
    """Add the commands to the others."""
    corrections.add_commands(commands.add_parser("corrections", help="list, accept, reject or export corrections"))
    _add_improve(commands.add_parser("improve", help="learn from accepted corrections, if that makes a better model"))
    publish.add_commands(commands)


def _add_improve(parser: argparse.ArgumentParser) -> None:
    default = FineTuning()
    parser.add_argument("--model", type=Path, default=Path("model.pt"), help="the model to improve (%(default)s)")
    parser.add_argument("--data", type=Path, metavar="DATA", help="the images that it was trained on, and its tests")
    parser.add_argument("--output", type=Path, required=True, help="the model file to write")
    parser.add_argument(
        "--variations", type=natural, default=4, help="distorted versions of each drawing (%(default)s)"
    )
    parser.add_argument("--steps", type=positive, default=default.steps, help="of the optimizer (%(default)s)")
    parser.add_argument("--lr", type=factor, default=default.lr, help="highest learning rate (%(default)s)")
    parser.add_argument("--seed", type=natural, default=0, help="draws who is held back, and distortions (%(default)s)")
    parser.add_argument("--skip-unreadable", action="store_true", help="go on without files that are no images")
    corrections.add_of(parser)
    corrections.add_database(parser)
    parser.set_defaults(run=_improve)


def _improve(options: argparse.Namespace) -> None:
    improve.run(
        improve.Options(
            model=options.model,
            data=options.data,
            database=options.database,
            output=options.output,
            variations=options.variations,
            recipe=FineTuning(steps=options.steps, lr=options.lr),
            seed=options.seed,
            skip_unreadable=options.skip_unreadable,
            command=options.command,
            of=options.of,
        )
    )
