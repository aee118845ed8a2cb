"""model.pt: a PyTorch file with a dictionary of tensors and plain values, and records for the server.

Reading one never runs code from it (`torch.load(weights_only=True)`). The records, which PyTorch ignores, are described
in app.recognition.model_file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor, nn

from app.recognition.model_card import ModelCard
from app.recognition.model_file import CARD, LAYERS, NEIGHBOURS, NETWORK, TRAIN, ModelFileError, archive_folder
from app.recognition.preprocessing import Preprocessing
from training.errors import TrainingError
from training.layers import describe
from training.networks import ARCHITECTURES, build
from training.onnx_export import ServedNetwork, to_onnx

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """The contents of model.pt.

    `state` are the weights, named as the architecture's modules are. `learned_unknown` says that the network has one
    more output, for images of no class (training.unknown). `ModelCard` explains the other fields.
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
    learned_unknown: bool = False
    known_threshold: float | None = None
    look_alikes: tuple[tuple[str, ...], ...] = ()

    def network(self) -> nn.Module:
        """The network with its weights, in evaluation mode."""
        outputs = len(self.classes) + self.learned_unknown
        network = build(self.architecture, outputs, self.preprocessing.size, **self.arguments)
        network.load_state_dict(self.state)
        return network.eval()

    def card(self, quantised: bool = False) -> ModelCard:
        """Everything but the weights; `quantised` if the network is served in 8-bit integers."""
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
            quantised=quantised,
            learned_unknown=self.learned_unknown,
            known_threshold=self.known_threshold,
            look_alikes=self.look_alikes,
        )

    @cached_property
    def version(self) -> str:
        """Twelve digits that differ between any two sets of weights or classes."""
        kind = (self.architecture, self.arguments, self.classes)
        digest = hashlib.blake2b(repr(kind).encode(), digest_size=6)
        for name, tensor in sorted(self.state.items()):
            digest.update(name.encode() + tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()

    @property
    def parameters(self) -> int:
        """Number of learned values (running statistics of batch normalisation are not learned)."""
        return sum(parameter.numel() for parameter in self.network().parameters())


def save(checkpoint: Checkpoint, path: Path, served: ServedNetwork | None = None) -> None:
    """Write model.pt atomically. Without `served`, the file gets the checkpoint's own network in 32-bit floats."""
    served = served or ServedNetwork(to_onnx(checkpoint.network(), checkpoint.preprocessing.size))
    records: dict[str, str | bytes] = {CARD: checkpoint.card(served.quantised).to_json(), NETWORK: served.onnx}
    if inside := describe(served.onnx):
        records[LAYERS] = inside.to_json()
    if served.neighbours:
        records[NEIGHBOURS] = served.neighbours.to_bytes()
    contents = {
        "format": FORMAT,
        "title": checkpoint.title,
        "architecture": checkpoint.architecture,
        "arguments": checkpoint.arguments,
        "classes": list(checkpoint.classes),
        "input": asdict(checkpoint.preprocessing),
        "temperature": checkpoint.temperature,
        "state_dict": {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.state.items()},
        # Through JSON: `torch.load(weights_only=True)` refuses subclasses of plain types, such as np.float64.
        "metrics": json.loads(json.dumps(checkpoint.metrics)),
        "provenance": json.loads(json.dumps(checkpoint.provenance)),
        "learned_unknown": checkpoint.learned_unknown,
        "known_threshold": checkpoint.known_threshold,
        "look_alikes": [list(group) for group in checkpoint.look_alikes],
    }

    def write(file: BinaryIO) -> None:
        torch.save(contents, file)
        # Not compressed: integers hardly shrink, and starting is faster.
        with zipfile.ZipFile(file, "a") as archive:
            folder = archive_folder(archive.namelist())
            for name, record in records.items():
                archive.writestr(f"{folder}/{name}", record)

    write_whole(path, write)


def write_whole(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file atomically: to a temporary file beside it, which is then renamed.

    Raises TrainingError if it cannot be written, as on a full disk.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w+b") as file:
            write(file)
        Path(temporary).chmod(0o644)  # mkstemp makes files that only their owner can read; a server may be another user
        Path(temporary).replace(path)
    except (OSError, RuntimeError) as error:
        # PyTorch's writer hides that a disk is full behind a RuntimeError about positions in its archive.
        reason = getattr(error, "strerror", None) or os.strerror(errno.ENOSPC)
        raise TrainingError(
            f"{path}: cannot be written ({reason}). Make room there, or choose another folder."
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def load(path: Path) -> Checkpoint:
    """Read model.pt and check that its network can be built from it.

    Raises ModelFileError for a missing, damaged or incompatible file.
    """
    if not path.is_file():
        raise ModelFileError(f"{path}: no such model file. {TRAIN}, or name another file.")
    try:
        contents = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError as error:
        raise ModelFileError(f"{path}: no permission to read the model file. Make it readable.") from error
    except Exception as error:  # PyTorch raises many kinds of errors for a damaged archive
        raise ModelFileError(f"{path}: not a model file, or a damaged one. {TRAIN}.") from error
    if not isinstance(contents, dict) or "format" not in contents:
        raise ModelFileError(f"{path}: a PyTorch file, but not one written by this project's trainer. {TRAIN}.")
    if contents["format"] != FORMAT:
        raise ModelFileError(
            f"{path}: model format {contents['format']!r}, but this version reads {FORMAT}. "
            f"Use the version of the project that wrote it, or train again. {TRAIN}."
        )
    return _checked(contents, path)


def _checked(contents: dict[str, Any], path: Path) -> Checkpoint:
    if contents.get("architecture") not in ARCHITECTURES:
        raise ModelFileError(
            f"{path}: unknown architecture {contents.get('architecture')!r}; "
            f"this version knows {', '.join(ARCHITECTURES)}. {TRAIN}."
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
            learned_unknown=bool(contents.get("learned_unknown", False)),
            known_threshold=contents.get("known_threshold"),
            look_alikes=tuple(map(tuple, contents.get("look_alikes", ()))),
        )
        checkpoint.network()
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelFileError(f"{path}: incomplete or inconsistent model file ({reason}). {TRAIN}.") from error
    return checkpoint
