"""The command line of `python -m training`: its commands and their options."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from training import checkpoint, evaluate, export, learning_commands, look_alikes, neighbours, train
from training.errors import TrainingError
from training.material import Division
from training.networks import ANY_SIZE, ARCHITECTURES, DEFAULT_WIDTHS, NEW_ARGUMENTS
from training.networks import DEFAULT as DEFAULT_ARCHITECTURE
from training.options import add_recipe, folds, fraction, given_choices, natural, positive
from training.outputs import default_output, report_of
from training.prepare import commands as prepare_commands
from training.protocol import Options
from training.recipes import FROM_A_MODEL, PUBLISHED, Recipe


def run(arguments: list[str]) -> None:
    """Run a command. Raises TrainingError or ModelFileError for bad input, NotBetterError, InterruptionError; and
    SystemExit, as argparse does, for options that are none."""
    options = _parser().parse_args(arguments)
    options.command = arguments
    options.run(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="From labelled images to a model to serve.")
    commands = parser.add_subparsers(required=True, metavar="command")
    prepare_commands.add(commands.add_parser("prepare", help="write a data set as an image folder"))
    _add_train(commands.add_parser("train", help="train a model on an image folder"))
    _add_evaluate(commands.add_parser("evaluate", help="print how a model does on an image folder"))
    _add_report(commands.add_parser("report", help="write the report on a model and an image folder"))
    _add_export(commands.add_parser("export", help="write the network that the server computes into a model file"))
    learning_commands.add(commands)
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data", type=Path, metavar="DATA", help="a folder with <class>/*, or with train/<class>/* and test/<class>/*"
    )
    parser.add_argument("--output", type=Path, help="the model file to write (a new one, called as DATA)")
    parser.add_argument(
        "--arch", choices=ARCHITECTURES, help=f"the network ({DEFAULT_ARCHITECTURE}, or that of --init)"
    )
    parser.add_argument(
        "--widths",
        type=positive,
        nargs="+",
        metavar="CHANNELS",
        help=f"channels of each stage of {DEFAULT_ARCHITECTURE} (32 64 128): fewer train faster, more read better",
    )
    parser.add_argument(
        "--blocks",
        type=natural,
        nargs="+",
        metavar="COUNT",
        help=f"residual blocks of each stage of {DEFAULT_ARCHITECTURE} (one): fewer train faster",
    )
    parser.add_argument("--title", default="", help="heading of the page that serves the model")
    parser.add_argument("--published", action="store_true", help="train as the architecture's source does")
    parser.add_argument(
        "--test-fraction",
        type=fraction,
        default=0.2,
        help="share of each class kept for the test, if DATA has neither train/ nor test/ (%(default)s)",
    )
    parser.add_argument(
        "--folds",
        type=folds,
        default=0,
        metavar="K",
        help="cross-validate in K parts instead of testing once",
    )
    parser.add_argument(
        "--group-by",
        default="",
        metavar="REGEX",
        help="keep images together if this finds the same text in their paths: the writer, say",
    )
    parser.add_argument("--report", type=Path, metavar="DIR", help="folder of the report (the output's name + -report)")
    parser.add_argument("--no-report", action="store_true", help="write no report")
    parser.add_argument(
        "--quantise",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="serve the network in 8-bit integers, if it reads as well so (yes)",
    )
    parser.add_argument(
        "--neighbours",
        type=positive,
        default=neighbours.DEFAULT_COUNT,
        metavar="N",
        help="training images to store in the model: the server shows the most similar ones (%(default)s)",
    )
    parser.add_argument(
        "--no-neighbours", action="store_const", const=0, dest="neighbours", help="store none: they are private"
    )
    parser.add_argument(
        "--tensorboard", type=Path, metavar="DIR", help="also write the epochs' figures for TensorBoard"
    )
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted training")
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out files that are not images")
    parser.add_argument(
        "--unknown",
        type=Path,
        metavar="FOLDER",
        help="images of none of the classes, to learn what is not known",
    )
    parser.add_argument(
        "--look-alikes",
        nargs="+",
        default=[],
        metavar="GROUP",
        help="classes that differ only in size or context, as 0Oo, or joined by commas; stored in the model",
    )
    add_recipe(parser.add_argument_group("recipe", "the defaults are those of the committed model.pt"))
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    architecture, arguments = _network(options)
    if options.published and architecture not in PUBLISHED:
        raise TrainingError(f"--published: {architecture} has no source of its own. Leave one of the two out.")
    given = given_choices(options)
    if given.get("progressive_resizing") and (architecture not in ANY_SIZE or arguments.get("grid")):
        raise TrainingError(f"--progressive-resizing: {architecture} takes images of one size alone. Leave it out.")
    recipe = PUBLISHED[architecture] if options.published else FROM_A_MODEL if "init" in given else Recipe()
    output = options.output or default_output(options.data, options.resume)
    train.run(
        Options(
            data=options.data,
            output=output,
            architecture=architecture,
            arguments=arguments,
            recipe=replace(recipe, **given),
            division=Division(options.test_fraction, options.group_by, options.folds),
            skip_unreadable=options.skip_unreadable,
            resume=options.resume,
            report=None if options.no_report else options.report or report_of(output),
            tensorboard=options.tensorboard,
            title=options.title,
            command=options.command,
            unknown=options.unknown,
            quantise=options.quantise,
            neighbours=options.neighbours,
            look_alikes=look_alikes.parse(options.look_alikes),
        )
    )


def _network(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """The architecture and its arguments: as given, or those of the model to start from."""
    arguments = {name: value for name in ("widths", "blocks") if (value := getattr(options, name))}
    if "init" in options and not options.arch and not arguments:
        model = checkpoint.load(Path(options.init))
        return model.architecture, model.arguments
    architecture = options.arch or DEFAULT_ARCHITECTURE
    if arguments and architecture != DEFAULT_ARCHITECTURE:
        raise TrainingError(f"--{next(iter(arguments))}: {architecture} has its own. Leave one of the two out.")
    stages = len(arguments.get("widths", DEFAULT_WIDTHS))
    if "blocks" in arguments and len(arguments["blocks"]) != stages:
        raise TrainingError(f"--blocks: give one number for each of the {stages} stages of --widths.")
    return architecture, arguments or NEW_ARGUMENTS.get(architecture, {})


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="a model file")
    parser.add_argument("folder", type=Path, metavar="DATA/test", help="a folder of class folders")
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out files that are not images")
    parser.set_defaults(run=lambda given: evaluate.run(given.model, given.folder, given.skip_unreadable))


def _add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="a model file")
    parser.add_argument(
        "data", type=Path, metavar="DATA", help="a folder with test/<class>/* and perhaps train/<class>/*"
    )
    parser.add_argument(
        "--output", type=Path, metavar="DIR", help="the folder to write, its curves kept (the model's name + -report)"
    )
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out files that are not images")
    parser.set_defaults(run=_report)


def _report(options: argparse.Namespace) -> None:
    from training.report import command  # its templates are not needed to train

    command.run(options.model, options.data, options.output or report_of(options.model), options.skip_unreadable)


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="a model file; it is replaced")
    parser.add_argument("--data", type=Path, metavar="DATA", help="quantise on DATA/train, test on DATA/test")
    parser.add_argument(
        "--neighbours",
        type=Path,
        metavar="DATA",
        help="choose images of DATA/train for the server to show as neighbours",
    )
    parser.add_argument("--skip-unreadable", action="store_true", help="leave out files that are not images")
    parser.set_defaults(run=lambda given: export.run(given.model, given.data, given.neighbours, given.skip_unreadable))
