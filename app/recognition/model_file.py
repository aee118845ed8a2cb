"""Read model.pt for serving, without PyTorch.

A PyTorch file is a zip archive with one top folder. The trainer adds records to it, which PyTorch ignores:
`serving/card.json` (the model card) and `serving/network.onnx` (the network as it is served), and, for explanations,
`serving/layers.json` (inside.py) and `serving/neighbours.npz` (neighbours.py), which a file may lack. Only these are
read here, and nothing in them is executed: JSON and arrays are data, and an ONNX graph can only use ONNX Runtime's own
operators.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions

from app.recognition.model_card import FORMAT, ModelCard, UnknownFormatError
from app.recognition.segmentation import Grey

CARD = "serving/card.json"
NETWORK = "serving/network.onnx"
LAYERS = "serving/layers.json"
NEIGHBOURS = "serving/neighbours.npz"
INPUT, OUTPUT = "images", "logits"

# Larger records are refused before they fill the memory: a zip archive can expand a thousandfold.
_MAX_CARD_BYTES = 16 * 2**20
_MAX_NETWORK_BYTES = 512 * 2**20
_MAX_NEIGHBOURS_BYTES = 64 * 2**20
_MAX_SIZE = 1024

_LIMITS = {
    CARD: _MAX_CARD_BYTES,
    NETWORK: _MAX_NETWORK_BYTES,
    LAYERS: _MAX_CARD_BYTES,
    NEIGHBOURS: _MAX_NEIGHBOURS_BYTES,
}

# What to do without a model file that can be used: the end of many messages.
TRAIN = "Train a model with: python -m training train DATA --output model.pt"


class ModelFileError(Exception):
    """A model file that cannot be used. The message is one line: the file, what is wrong, what to do."""


class InsideRecords(NamedTuple):
    """The records that explain a network; the last two are None in a file without them."""

    network: bytes
    layers: bytes | None
    neighbours: bytes | None


class Network:
    """A network that ONNX Runtime computes, in one thread. Safe to call from several threads."""

    def __init__(self, onnx: bytes) -> None:
        """`onnx` is an ONNX file. Raises whatever ONNX Runtime raises for a file that it cannot load."""
        options = SessionOptions()
        # Requests are many and networks small: more threads for one pass would only wait for each other.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3  # errors; they are raised as well, and warnings concern its developers
        self.session = InferenceSession(onnx, options, providers=["CPUExecutionProvider"])

    def __call__(self, images: Grey) -> NDArray[np.float32]:
        """Preprocessed images, uint8 (n, size, size) → logits, float32 (n, classes)."""
        scaled = images[:, None] / np.float32(255)
        logits: NDArray[np.float32] = self.session.run([OUTPUT], {INPUT: scaled})[0]
        return logits


def load(path: Path, contents: bytes | None = None) -> tuple[ModelCard, Network]:
    """Read the model card and the network of a model file. Raises ModelFileError if it cannot be used.

    With `contents` these are read instead of the file, and `path` is what messages call them.
    """
    found = _records(path, contents, (CARD, NETWORK))
    card, onnx = _card(path, found[CARD]), found[NETWORK]
    try:
        network = Network(onnx)
    except Exception as error:  # ONNX Runtime's exceptions have no common class
        raise _unusable(path, f"ONNX Runtime cannot load its network ({_first_line(error)})") from error
    _require_match(path, card, network.session)
    return card, network


def load_inside(path: Path, card: ModelCard, contents: bytes | None = None) -> InsideRecords:
    """Read what explains the network of this card. Raises ModelFileError if it cannot be used, or is another one's."""
    found = _records(path, contents, tuple(_LIMITS))
    if _card(path, found[CARD]) != card:
        raise ModelFileError(f"{path}: it has another model than the one that is served. Load it first.")
    return InsideRecords(found[NETWORK], found.get(LAYERS), found.get(NEIGHBOURS))


def archive_folder(names: list[str]) -> str | None:
    """The top folder of a PyTorch archive with these records, or None if it is another kind of archive."""
    folders = [name.removesuffix("/data.pkl") for name in names if name.endswith("/data.pkl")]
    return folders[0] if folders and "/" not in folders[0] else None


def _records(path: Path, contents: bytes | None, names: tuple[str, ...]) -> dict[str, bytes]:
    """Those of these records that there are; the card and the network must be."""
    try:
        with zipfile.ZipFile(path if contents is None else io.BytesIO(contents)) as archive:
            folder = archive_folder(archive.namelist())
            if folder is None:
                raise ModelFileError(f"{path}: not a PyTorch file, or a damaged one. {TRAIN}.")
            if not {f"{folder}/{CARD}", f"{folder}/{NETWORK}"} <= set(archive.namelist()):
                raise ModelFileError(
                    f"{path}: a PyTorch file without the records for serving. "
                    f"If this project's trainer wrote it, add them with: {_export(path)}"
                )
            there = set(archive.namelist())
            return {
                name: _record(path, archive, f"{folder}/{name}", _LIMITS[name])
                for name in names
                if f"{folder}/{name}" in there
            }
    except FileNotFoundError as error:
        raise ModelFileError(f"{path}: no such model file. {TRAIN}, or set MODEL_PATH to one.") from error
    except IsADirectoryError as error:
        raise _folder(path) from error
    except OSError as error:
        raise ModelFileError(f"{path}: the model file cannot be read ({error.strerror}). Make it readable.") from error
    # zipfile raises the last one for encrypted records.
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        raise ModelFileError(
            f"{path}: not a model file, or a damaged one ({_first_line(error)}). Copy it again. {TRAIN}."
        ) from error


def _folder(path: Path) -> ModelFileError:
    example = min(path.glob("*.pt"), default=None)
    return ModelFileError(
        f"{path}: this is a folder. Name a model file" + (f" in it, such as {example}." if example else f". {TRAIN}.")
    )


def _record(path: Path, archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """The contents of a record, its checksum verified, whatever size its header claims."""
    if archive.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise zipfile.BadZipFile(f"{name} is compressed in an unusual way")
    with archive.open(name) as record:
        contents = record.read(limit + 1)
        # zipfile compares the checksum when it reaches the end.
        if len(contents) > limit or record.read(1):
            raise ModelFileError(f"{path}: {name} is larger than {limit // 2**20} MB. {TRAIN}.")
    return contents


def _card(path: Path, text: bytes) -> ModelCard:
    try:
        card = ModelCard.from_json(text)
    except UnknownFormatError as error:
        raise _unusable(path, f"its card has format {error}, but this version reads {FORMAT}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _unusable(path, f"its card is incomplete ({_first_line(error)})") from error
    if not card.classes or not all(isinstance(name, str) for name in card.classes):
        raise _unusable(path, "its card names no classes")
    if not {name for group in card.look_alikes for name in group} <= set(card.classes):
        raise _unusable(path, "the look-alikes on its card are not among its classes")
    if not isinstance(card.temperature, int | float) or not 0 < card.temperature < float("inf"):
        raise _unusable(path, f"the temperature on its card is {card.temperature!r}, not a positive number")
    if card.known_threshold is not None and not isinstance(card.known_threshold, int | float):
        raise _unusable(path, f"the threshold on its card is {card.known_threshold!r}, not a number")
    if not isinstance(card.learned_unknown, bool):
        raise _unusable(path, f"its card says {card.learned_unknown!r} of images of no class, not true or false")
    if not isinstance(card.preprocessing.size, int) or not 1 <= card.preprocessing.size <= _MAX_SIZE:
        raise _unusable(path, f"the image size on its card is {card.preprocessing.size!r}, not 1 to {_MAX_SIZE}")
    if card.preprocessing.method not in ("ink", "plain"):
        raise _unusable(path, f"the preprocessing on its card is {card.preprocessing.method!r}, not ink or plain")
    return card


def _require_match(path: Path, card: ModelCard, session: InferenceSession) -> None:
    """The network must take the images, and have the classes, that the card describes."""
    inputs = {value.name: (value.type, value.shape) for value in session.get_inputs()}
    outputs = {value.name: (value.type, value.shape) for value in session.get_outputs()}
    size, classes = card.preprocessing.size, len(card.classes)
    kind, shape = inputs.get(INPUT, ("", []))
    if len(inputs) != 1 or kind != "tensor(float)" or shape[1:] != [1, size, size] or isinstance(shape[0], int):
        raise _unusable(path, f"its network does not take {INPUT} of shape (n, 1, {size}, {size}), as its card says")
    kind, shape = outputs.get(OUTPUT, ("", []))
    wanted = classes + card.learned_unknown
    if kind != "tensor(float)" or shape[1:] != [wanted]:
        raise _unusable(path, f"its network does not give {OUTPUT} of shape (n, {wanted}), as its card says")


def _unusable(path: Path, reason: str) -> ModelFileError:
    return ModelFileError(f"{path}: {reason}. Write the records for serving again with: {_export(path)}")


def _export(path: Path) -> str:
    return f"python -m training export {path}"


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
