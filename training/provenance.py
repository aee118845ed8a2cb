"""The provenance of a model: data, options, versions."""

from __future__ import annotations

import os
import platform
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy
import PIL
import torch

from training.checkpoint import Checkpoint
from training.fit import Fit
from training.material import Material
from training.prepare import sources
from training.recipes import Recipe


def provenance(
    data: Path,
    material: Material,
    recipe: Recipe,
    result: Fit,
    command: Sequence[str],
    models: Mapping[str, Checkpoint | None],
    unknown: Path | None = None,
) -> dict[str, Any]:
    """The provenance that model.pt stores, for people to read.

    `models` are the models that training used, by option (`init`, `teacher`); `unknown` is the folder of the images of
    no class.
    """
    return {
        "data": {
            "folder": data.name,
            "images": {part: len(images) for part, images in material.sets.items()},
            "divided": material.how or "by the folder itself",
            "sources": sources.read(data) | (sources.read(unknown) if unknown else {}),
            "training images by class": material.train.counts,
            "skipped files": material.skipped,
        },
        "command": shlex.join(["python", "-m", "training", *command]),
        "recipe": asdict(recipe),
        **{name: _summary(model) if model else None for name, model in models.items()},
        "seed": recipe.seed,
        "epochs": len(result.epochs),
        "best epoch": result.best_epoch,
        "blend": result.blend,
        "interrupted": result.interrupted,
        "training seconds": round(sum(epoch.seconds for epoch in result.epochs), 1),
        "versions": {
            "torch": torch.__version__,
            "pillow": PIL.__version__,
            "numpy": numpy.__version__,
            "python": platform.python_version(),
        },
        "machine": {"device": recipe.device, "threads": torch.get_num_threads(), "cores": os.cpu_count()},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _summary(model: Checkpoint) -> dict[str, Any]:
    return {
        "version": model.version,
        "architecture": model.architecture,
        "parameters": model.parameters,
        "accuracy": {part: figures["accuracy"] for part, figures in model.metrics.items()},
        "command": model.provenance.get("command"),
    }
