"""Divide writers into training, validation and test parts, so that no writer is in two parts."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from training.errors import TrainingError
from training.prepare.unipen import Character

# Source and name of a writer: one name at two sources may be two people.
Writer = tuple[str, str]
TRAIN = "train"


@dataclass(frozen=True)
class Share:
    """Writers held out for one part: all writers of `sources`, and `fraction` of the writers of every other source."""

    sources: tuple[str, ...] = ()
    fraction: float = 0.0


def divide(
    characters: Sequence[Character], held_out: Mapping[str, Share], seed: int, exclude_namesakes: bool = False
) -> dict[Writer, str]:
    """The part of each writer: one of `held_out`, or "train".

    The parts draw their writers in order, each from the writers that are left. With `exclude_namesakes`, a training
    writer is left out if another source has a held-out writer of the same name, because a collection that is divided by
    site may have one person's files at two sites.

    Raises TrainingError for a source that no character has, or that is held out for two parts.
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
