"""model.pt: a dictionary of tensors and plain values, complete enough to serve from and to say where it came from.

Reading one never runs code from it (`torch.load(weights_only=True)`).
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from app.recognition.model_card import CheckpointError, ModelCard
from app.recognition.preprocessing import Preprocessing
from training.networks import ARCHITECTURES, build
from training.quantised import Ranges, quantised

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """All that model.pt holds.

    `temperature` divides the logits before softmax, so that confidence means accuracy (Guo et al., "On Calibration of
    Modern Neural Networks", 2017). `metrics` maps the name of a set of images to its figures (`accuracy` 0 to 1,
    `count`). `provenance` says how the model was made; its keys are for people, none is required. `title` is for the
    page's heading. `ranges` are those of the network's activations, so that it can be computed in 8-bit numbers
    (training.quantised); none, if it is not to be. `learned_unknown` says that the network has one more output, for
    images of no class (training.unknown); with or without, `known_threshold` is where an answer is known from
    (app.recognition.classifier), None where all are.
    """

    architecture: str
    classes: tuple[str, ...]
    state: Mapping[str, Tensor]
    arguments: dict[str, Any] = field(default_factory=dict)
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    temperature: float = 1.0
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    ranges: Ranges = ()
    learned_unknown: bool = False
    known_threshold: float | None = None

    def network(self) -> nn.Module:
        """The network with its weights, in evaluation mode."""
        outputs = len(self.classes) + self.learned_unknown
        network = build(self.architecture, outputs, self.preprocessing.size, **self.arguments)
        network.load_state_dict(self.state)
        return network.eval()

    def quantised(self) -> nn.Module:
        """The network in 8-bit numbers; as it is, if its ranges are not known."""
        return quantised(self.network(), self.ranges) if self.ranges else self.network()

    def card(self) -> ModelCard:
        """All but the weights."""
        return ModelCard(
            architecture=self.architecture,
            arguments=self.arguments,
            classes=self.classes,
            preprocessing=self.preprocessing,
            temperature=self.temperature,
            metrics=self.metrics,
            provenance=self.provenance,
            title=self.title,
            version=self.version,
            parameters=self.parameters,
            known_threshold=self.known_threshold,
        )

    @cached_property
    def version(self) -> str:
        """Twelve digits that differ between any two models."""
        kind = (self.architecture, self.arguments, self.classes, *self.ranges)
        digest = hashlib.blake2b(repr(kind).encode(), digest_size=6)
        for name, tensor in sorted(self.state.items()):
            digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def parameters(self) -> int:
        """Number of learned values (running statistics of batch normalisation are not learned)."""
        return sum(parameter.numel() for parameter in self.network().parameters())


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write model.pt, whole or not at all."""
    contents = {
        "format": FORMAT,
        "title": checkpoint.title,
        "architecture": checkpoint.architecture,
        "arguments": checkpoint.arguments,
        "classes": list(checkpoint.classes),
        "input": asdict(checkpoint.preprocessing),
        "temperature": checkpoint.temperature,
        "state_dict": {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.state.items()},
        # Through JSON, so that no subclass of a plain type slips in, which the safe reader would refuse.
        "metrics": json.loads(json.dumps(checkpoint.metrics)),
        "provenance": json.loads(json.dumps(checkpoint.provenance)),
        "ranges": [list(limits) for limits in checkpoint.ranges],
        "learned_unknown": checkpoint.learned_unknown,
        "known_threshold": checkpoint.known_threshold,
    }
    write_whole(path, lambda file: torch.save(contents, file))


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file through a temporary one beside it and a rename: whole, or not at all."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(temporary).chmod(0o644)  # mkstemp makes files that only their owner can read; a server may be another user
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def load(path: Path) -> Checkpoint:
    """Read model.pt and check that its network can be built from it.

    Raises CheckpointError for a missing, damaged or incompatible file.
    """
    remedy = "Train a model with: python -m training train DATA --output model.pt"
    if not path.is_file():
        raise CheckpointError(f"{path}: no such model file. {remedy}, or point MODEL_PATH at one.")
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise CheckpointError(f"{path}: no permission to read the model file. Make it readable.") from error
    except Exception as error:  # whatever a damaged archive makes the reader stumble over
        raise CheckpointError(f"{path}: not a model file, or a damaged one. {remedy}.") from error
    if not isinstance(contents, dict) or "format" not in contents:
        raise CheckpointError(f"{path}: a PyTorch file, but not one written by this project's trainer. {remedy}.")
    if contents["format"] != FORMAT:
        raise CheckpointError(
            f"{path}: model format {contents['format']!r}, but this version reads {FORMAT}. "
            f"Use the version of the project that wrote it, or train again. {remedy}."
        )
    return _checked(contents, path, remedy)


def _checked(contents: dict[str, Any], path: Path, remedy: str) -> Checkpoint:
    if contents.get("architecture") not in ARCHITECTURES:
        raise CheckpointError(
            f"{path}: unknown architecture {contents.get('architecture')!r}; "
            f"this version knows {', '.join(ARCHITECTURES)}. {remedy}."
        )
    try:
        checkpoint = Checkpoint(
            architecture=contents["architecture"],
            arguments=contents["arguments"],
            classes=tuple(contents["classes"]),
            preprocessing=Preprocessing(**contents["input"]),
            temperature=float(contents["temperature"]),
            state=contents["state_dict"],
            metrics=contents["metrics"],
            provenance=contents["provenance"],
            title=contents.get("title", ""),
            ranges=tuple((float(low), float(high)) for low, high in contents.get("ranges", ())),
            learned_unknown=bool(contents.get("learned_unknown", False)),
            known_threshold=contents.get("known_threshold"),
        )
        checkpoint.quantised()
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"{path}: incomplete or inconsistent model file ({reason}). {remedy}.") from error
    return checkpoint
