"""Which part of a tree each writer's characters go to: whole writers, so that no part knows the hands of another."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.errors import TrainingError
from training.prepare.unipen import Character

# A source and the name of a writer there: the same name at two sources may be two people.
Writer = tuple[str, str]
TRAIN = "train"


@dataclass(frozen=True)
class Share:
    """What is held out for one part: all writers of `sources`, and this fraction of those of every other source."""

    sources: tuple[str, ...] = ()
    fraction: float = 0.0


def divide(
    characters: Sequence[Character], held_out: Mapping[str, Share], seed: int, exclude_namesakes: bool = False
) -> dict[Writer, str]:
    """The part of each writer: one of `held_out`, or "train".

    The parts draw their writers one after the other, each from those that are left. With `exclude_namesakes` a writer
    to train on has no part, and is missing, if a writer held out at another source has the same name: collections that
    were divided by site can have one person's files at two of them.

    Raises TrainingError for a source that no character has, or that two parts want.
    """
    writers = sorted({(character.source, character.writer) for character in characters})
    sources = sorted({source for source, _ in writers})
    part_of: dict[Writer, str] = {}
    for part, share in held_out.items():
        _require_sources(share.sources, sources)
        taken = {source for source, _ in part_of if source in share.sources}
        if taken:
            raise TrainingError(f"source {taken.pop()!r}: is held out for two parts. Name it for one of them.")
        for source in sources:
            own = [writer for writer in writers if writer[0] == source]
            free = [writer for writer in own if writer not in part_of]
            count = len(own) if source in share.sources else min(round(share.fraction * len(own)), len(free))
            part_of.update(dict.fromkeys(random.Random(seed).sample(free, count), part))
    names = {name for _, name in part_of} if exclude_namesakes else set()
    return {writer: part_of.get(writer, TRAIN) for writer in writers if writer in part_of or writer[1] not in names}


def _require_sources(wanted: Sequence[str], sources: Sequence[str]) -> None:
    for source in wanted:
        if source not in sources:
            raise TrainingError(f"no source named {source!r} in the files. They have {', '.join(sources)}.")
