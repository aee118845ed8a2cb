"""What the service counts, with prometheus_client, and its exposition in Prometheus's text format.

Under gunicorn prometheus_client is in its multiprocess mode: each worker writes to files of its own in a folder in
memory (app/gunicorn_config.py), and whichever worker is asked adds up all of them. Otherwise the counts stay in the
process.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from app.batching import Recognition
from app.model_metrics import ModelCollector
from app.recognition.classifier import Prediction
from app.recognition.drift import CONFIDENCE_BOUNDS
from app.recognition.model_card import ModelCard
from app.recognition.reading import Reading

# Series with the time at which each counter began; nothing here uses them.
disable_created_metrics()  # type: ignore[no-untyped-call]
CONTENT_TYPE = CONTENT_TYPE_LATEST
# Upper bounds in seconds. A drawing takes about a millisecond, a large photograph a second.
_SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Reserved in each file of a worker. A counter takes about 200 bytes.
_RESERVED_BYTES = 65_536
_STAGES = ("decode", "network", "total")

logger = logging.getLogger("handwritten")


class Metrics:
    """The counters of one application. Labelled counters are kept: looking one up takes longer than counting."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "handwritten_http_requests", "Answers by route and status.", ("route", "status"), registry=registry
        )
        self._answers: dict[tuple[str, int], Counter] = {}
        seconds = Histogram(
            "handwritten_prediction_seconds",
            "Time of a prediction: decoding with preprocessing, the network's pass, and all from the beginning of the "
            "upload.",
            ("stage",),
            buckets=_SECONDS,
            registry=registry,
        )
        self._seconds = [seconds.labels(stage) for stage in _STAGES]
        self._reading_seconds = Histogram(
            "handwritten_reading_seconds",
            "Time of reading all characters of an image, from the beginning of the upload.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.queue_depth = Gauge(
            "handwritten_queue_depth",
            "Image files that wait to be classified or are being classified.",
            ("queue",),
            multiprocess_mode="livesum",
            registry=registry,
        )
        self.workers = Gauge(
            "handwritten_workers", "Workers that serve.", multiprocess_mode="livesum", registry=registry
        )
        self._model_rejected = Gauge(
            "handwritten_model_file_rejected",
            "1 if the latest file of a model could not be used, so that the previous one is still served, or none.",
            multiprocess_mode="livemax",
            registry=registry,
        )
        self._storage_works = Gauge(
            "handwritten_storage_works",
            "1 if the latest use of the database succeeded, 0 if it failed.",
            # A gauge without labels would be 0 in gunicorn's parent process, which uses no database.
            ("kind",),
            multiprocess_mode="livemin",
            registry=registry,
        )
        self.waiting_corrections = Gauge(
            "handwritten_waiting_corrections",
            "Corrections that wait for review.",
            multiprocess_mode="livemostrecent",
            registry=registry,
        )
        self._corrections = Counter(
            "handwritten_corrections",
            "Stored corrections by the given label; right: whether the model says the same.",
            ("label", "right"),
            registry=registry,
        )
        # By version, so that the counts of two models are never added up.
        self._predictions = Counter(
            "handwritten_predictions", "Predictions by class.", ("class", "version"), registry=registry
        )
        self._confidences = Histogram(
            "handwritten_confidence",
            "Confidence of predictions.",
            ("version",),
            buckets=CONFIDENCE_BOUNDS,
            registry=registry,
        )
        self._unsure = Counter(
            "handwritten_unsure_predictions",
            "Predictions that the page calls not sure.",
            ("version",),
            registry=registry,
        )
        self._unknown = Counter(
            "handwritten_unknown_predictions",
            "Predictions for what is probably none of the classes.",
            ("version",),
            registry=registry,
        )
        self._models: dict[str, ModelCard] = {}
        self._rejected: set[str] = set()
        self._of_model: dict[str, _ModelCounters] = {}

    def use_model(self, model: ModelCard, name: str) -> None:
        """From now on this model is served under this name."""
        self._models[name] = model
        self._counters(model)
        _reserve_memory()

    def report_model_file(self, name: str, rejected: bool) -> None:
        """Record whether the latest file of the model of this name was rejected."""
        (self._rejected.add if rejected else self._rejected.discard)(name)
        self._model_rejected.set(bool(self._rejected))

    def _counters(self, model: ModelCard) -> _ModelCounters:
        counters = self._of_model.get(model.version)
        if counters is None:
            counters = self._of_model[model.version] = _ModelCounters(
                {name: self._predictions.labels(name, model.version) for name in model.classes},
                self._confidences.labels(model.version),
                self._unsure.labels(model.version),
                self._unknown.labels(model.version),
            )
        return counters

    def count_request(self, route: str, status: int) -> None:
        """Count an answer."""
        counter = self._answers.get((route, status))
        if counter is None:
            counter = self._answers[route, status] = self._requests.labels(route, str(status))
        counter.inc()

    def count_prediction(self, recognition: Recognition, total_seconds: float, unsure: bool) -> None:
        """Count a classified image, and the times that it took."""
        seconds = (recognition.decode_seconds, recognition.network_seconds, total_seconds)
        for histogram, value in zip(self._seconds, seconds, strict=True):
            histogram.observe(value)
        self._counters(recognition.model).add(recognition.prediction, unsure)

    def count_reading(self, reading: Reading, model: ModelCard, seconds: float, unsure_below: float) -> None:
        """Count an image of several characters; each of them counts as a prediction."""
        self._reading_seconds.observe(seconds)
        counters = self._counters(model)
        for prediction in (character.prediction for character in reading.characters):
            counters.add(prediction, model.sureness(prediction.label, prediction.probabilities) < unsure_below)

    def report_storage(self, kind: str, works: bool) -> None:
        """Record whether a database of this kind could be used."""
        self._storage_works.labels(kind).set(works)

    def count_correction(self, label: str, right: bool) -> None:
        """Count a stored correction or confirmation."""
        self._corrections.labels(label, "true" if right else "false").inc()

    def exposition(self) -> bytes:
        """The counts of all workers, as text."""
        registry = CollectorRegistry()
        if _FOLDER in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        else:
            registry.register(self._registry)
        registry.register(ModelCollector(self._models))
        return generate_latest(registry)


class _ModelCounters(NamedTuple):
    """The counters of one model's predictions."""

    classes: dict[str, Counter]
    confidence: Histogram
    unsure: Counter
    unknown: Counter

    def add(self, prediction: Prediction, unsure: bool) -> None:
        """Count a prediction; `unsure` says whether the page calls it not sure."""
        self.classes[prediction.label].inc()
        self.confidence.observe(prediction.confidence)
        if unsure:
            self.unsure.inc()
        if not prediction.known:
            self.unknown.inc()


def _reserve_memory() -> None:
    """Reserve memory for the workers' files: a write to a mapped file ends the process when there is no room left."""
    for path in Path(os.environ.get(_FOLDER, os.devnull)).glob("*.db"):
        try:
            with path.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, _RESERVED_BYTES)
        except (OSError, AttributeError) as error:  # macOS has no such function
            logger.warning("no memory could be reserved for metrics: %s", error)
            return
