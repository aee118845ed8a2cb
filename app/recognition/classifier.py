"""A loaded model: image files in, predictions out."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from functools import partial
from math import exp, inf
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from app.recognition import model_file
from app.recognition.candidates import SMALLEST, other_ink
from app.recognition.chromium_canvas import canvas_ink
from app.recognition.decoding import MAX_PIXELS, decode
from app.recognition.explanation import Inspection, Inspector
from app.recognition.model_card import ModelCard
from app.recognition.model_file import InsideRecords, Network
from app.recognition.overlay import overlay
from app.recognition.photographs import Box, Region
from app.recognition.preprocessing import NothingDrawnError
from app.recognition.segmentation import Grey, Ink, PhotographError, separate_ink

# What is read with this confidence is not looked at in other ways.
_SURE = 0.9
# ONNX Runtime plans its memory once for each shape.
_WARM_BATCHES = (1, 2, 4, 8, 16)


class Prediction(NamedTuple):
    """Probabilities of all classes, in class order, summing to 1; the label is the most probable one. `known` is false
    for what is probably none of them."""

    label: str
    confidence: float
    known: bool
    probabilities: dict[str, float]


class Explanation(NamedTuple):
    """A prediction, and how it came about: the network's input, uint8 (size, size); `place`, where its square lies on
    the upright image (left, top, right, bottom, as shares of the image's width and height; it may go beyond); and what
    the network made of it."""

    prediction: Prediction
    preprocessed: Grey
    place: Box
    inspection: Inspection


class UnexplainedError(Exception):
    """The records that explain a model cannot be used. The message says why, and what to do."""


class Classifier:
    """A model ready to predict. Safe to call from several threads: one at a time uses the network."""

    def __init__(self, model: ModelCard, network: Network, inside: Callable[[], InsideRecords] | None = None) -> None:
        """`inside` reads what explains the network, once, when the first explanation is asked for."""
        self.model = model
        self._network = network
        self._lock = threading.Lock()
        self._inside = inside
        self._inspector: Inspector | None = None
        self._inspector_lock = threading.Lock()

    @classmethod
    def load(cls, path: Path, contents: bytes | None = None) -> Classifier:
        """Load model.pt, or its contents, if they are given. Raises ModelFileError if it cannot be used."""
        model, network = model_file.load(path, contents)
        if contents is None:
            return cls(model, network, partial(model_file.load_inside, path, model))
        records = model_file.load_inside(path, model, contents)  # a third of the contents, which are let go
        return cls(model, network, lambda: records)

    def warm_up(self) -> None:
        """Do now what would make the first requests slow: import decoders, and run the network at the usual batches."""
        paper = Image.new("RGBA", (280, 280), "white")
        paper.paste("black", (120, 60, 140, 220))
        file = io.BytesIO()
        paper.save(file, "PNG")
        drawing = self.preprocess(file.getvalue())
        for size in _WARM_BATCHES:
            self.predict([drawing] * size)

    def preprocess(self, data: bytes, max_pixels: int = MAX_PIXELS, photographs: bool = True) -> Grey:
        """The bytes of an image file → the network's input, uint8, (size, size).

        Raises ImageError for a file that cannot be used, and PhotographError for what looks like a photograph if
        `photographs` is false.
        """
        preprocessing = self.model.preprocessing
        if preprocessing.method != "ink":
            return preprocessing(decode(data, max_pixels))
        ink = canvas_ink(data, max_pixels)
        if ink is not None:
            return preprocessing.from_ink(ink)
        image = decode(data, max_pixels)
        return preprocessing.from_ink(self._character(image, separate_ink(image, photographs), photographs).ink)

    def preprocess_and_show(self, data: bytes, max_pixels: int = MAX_PIXELS) -> tuple[Grey, bytes | None]:
        """The same network's input, and the ink that was found, as a PNG file to lay over the upright image.

        None for a model that does not look for ink. Raises ImageError for a file that cannot be used.
        """
        image = decode(data, max_pixels)
        preprocessing = self.model.preprocessing
        if preprocessing.method != "ink":
            return preprocessing(image), None
        ink = separate_ink(image)
        character = self._character(image, ink)
        return preprocessing.from_ink(character.ink), overlay(image.size, ink.everything, character)

    def predict(self, inputs: Sequence[Grey]) -> list[Prediction]:
        """Classify preprocessed images, each uint8 (size, size), in one pass of the network for up to 16."""
        return [prediction for prediction, _ in self.judge(inputs)]

    def judge(self, inputs: Sequence[Grey]) -> list[tuple[Prediction, float]]:
        """The same, and by how much each is known: a difference of calibrated logits, positive for what is.

        Many images take several passes, between which others may use the network.
        """
        judged = []
        for start in range(0, len(inputs), _WARM_BATCHES[-1]):
            with self._lock:
                logits = self._network(np.array(inputs[start : start + _WARM_BATCHES[-1]]))
            judged += [self._prediction(row) for row in logits.tolist()]
        return judged

    def explain(self, data: bytes, max_pixels: int = MAX_PIXELS, photographs: bool = True) -> Explanation:
        """The bytes of an image file → what it is, and how the network comes to that.

        The first call takes longer: it prepares the network once more, to give what its layers compute. Raises what
        `preprocess` does, and UnexplainedError for a model file that cannot be explained.
        """
        preprocessed, place = self._preprocess_and_place(data, max_pixels, photographs)
        inspection = self._ready_inspector().inspect(preprocessed)
        prediction, _ = self._prediction(inspection.logits)
        return Explanation(prediction, preprocessed, place, inspection)

    def _preprocess_and_place(self, data: bytes, max_pixels: int, photographs: bool) -> tuple[Grey, Box]:
        image = decode(data, max_pixels)
        preprocessing = self.model.preprocessing
        if preprocessing.method != "ink":
            return preprocessing(image), (0, 0, 1, 1)
        ink, (left, top, right, bottom) = self._character(image, separate_ink(image, photographs), photographs)
        preprocessed, place = preprocessing.placed_ink(ink)
        width, height = right - left, bottom - top
        return preprocessed, (
            left + place[0] * width,
            top + place[1] * height,
            left + place[2] * width,
            top + place[3] * height,
        )

    def _character(self, image: Image.Image, ink: Ink, photographs: bool = True) -> Region:
        """The ink of the character. Where it is not certain, and the classifier does not know it or is not sure, other
        ways to find it are tried, and the one that the classifier is surest of is taken.

        Raises PhotographError if that may take as long as a photograph, and only drawings are wanted.
        """
        character = ink.character()
        if ink.certain or (surest := self._confidence(character)) >= _SURE:
            return character
        if not photographs and min(image.size) >= SMALLEST:
            raise PhotographError
        for other in other_ink(image, ink):
            confidence = self._confidence(other)
            if confidence > max(surest, _SURE):
                character, surest = other, confidence
        return character

    def _confidence(self, character: Region) -> float:
        """How sure the classifier is of this ink; 0 for what is not known, or nothing."""
        try:
            (prediction,) = self.predict([self.model.preprocessing.from_ink(character.ink)])
        except NothingDrawnError:
            return 0.0
        return prediction.confidence if prediction.known else 0.0

    def _ready_inspector(self) -> Inspector:
        with self._inspector_lock:
            if self._inspector is None:
                if self._inside is None:
                    raise UnexplainedError("This model was not loaded from a file, so it cannot be explained.")
                try:
                    self._inspector = Inspector(self._inside())
                except Exception as error:  # ONNX Runtime's exceptions have no common class
                    reason = (str(error) or type(error).__name__).splitlines()[0]
                    raise UnexplainedError(f"The model cannot be explained: {reason}") from error
            return self._inspector

    def _prediction(self, outputs: list[float]) -> tuple[Prediction, float]:
        # A model that has learned of images of no class (training.unknown) has one more output, for these.
        logits, strange = outputs[: len(self.model.classes)], outputs[len(self.model.classes) :]
        # Calibrated softmax, in double precision, so that the printed probabilities sum to 1. Plain Python is faster
        # than NumPy for the few numbers of a row.
        highest, temperature = max(logits), self.model.temperature
        powers = [exp((logit - highest) / temperature) for logit in logits]
        total = sum(powers)
        probabilities = [power / total for power in powers]
        confidence = max(probabilities)
        label = self.model.classes[probabilities.index(confidence)]
        threshold = self.model.known_threshold
        margin = inf if threshold is None else (highest - sum(strange) - threshold) / temperature
        known = threshold is None or highest - sum(strange) >= threshold
        named = dict(zip(self.model.classes, probabilities, strict=True))
        return Prediction(label, confidence, known, named), margin
