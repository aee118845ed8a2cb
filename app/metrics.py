"""Counters that all workers of a server share, and their exposition in Prometheus's text format.

They live in anonymous memory mapped before the workers are forked: nothing is written to disk, so a full one cannot
hurt, and a new worker goes on from the numbers of the one whose place it takes. Every worker writes to a slot of its
own, from its event loop alone, which needs no locks; any of them can read all.
"""

from __future__ import annotations

import mmap
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from app.batching import Recognition
from app.recognition.drift import (
    CONFIDENCE_BINS,
    CONFIDENCE_BOUNDS,
    confidence_bin,
    population_stability_index,
)
from app.recognition.model_card import ModelCard

CONTENT_TYPE = CONTENT_TYPE_LATEST
STAGES = ("decode", "network", "total")
# Seconds; a drawing takes about a millisecond, a large photograph a second.
SECONDS = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
STATUSES = (200, 304, 307, 400, 404, 405, 408, 413, 415, 422, 500, 503)
# Drift is judged by so many of each worker's latest predictions.
WINDOW = 1000
# Places for classes; memory that is not touched costs nothing.
_CLASSES = 10_000
_SLOTS = 64
# What is kept of each recent prediction: its class, its confidence's bin, whether it is known.
_PLACE = 3


class Metrics:
    """The counters of one server. `routes` are the paths to tell apart; all others are counted as "other"."""

    def __init__(self, routes: Sequence[str]) -> None:
        self._routes = {route: index for index, route in enumerate([*routes, "other"])}
        self._statuses = {str(status): index for index, status in enumerate([*STATUSES, "other"])}
        sizes = {
            "started": 1,
            "queue": 1,
            "requests": len(self._routes) * len(self._statuses),
            "seconds": len(STAGES) * (len(SECONDS) + 2),
            "version": 1,
            # From here on, what a model predicted.
            "confidence": CONFIDENCE_BINS + 1,
            "unsure": 1,
            "unknown": 1,
            "recent": 1 + _PLACE * WINDOW,
            "predicted": _CLASSES,
        }
        self._at: dict[str, int] = {}
        self._size = 0
        for name, size in sizes.items():
            self._at[name], self._size = self._size, self._size + size
        self._memory = memoryview(mmap.mmap(-1, _SLOTS * self._size * 8)).cast("d")
        self._model: ModelCard | None = None
        self.use_slot(0)

    def use_slot(self, slot: int) -> None:
        """Count in this slot from now on; no other process may use it."""
        slot %= _SLOTS
        self._slot = self._memory[slot * self._size : (slot + 1) * self._size]
        self._slot[self._at["started"]] = 1
        self._slot[self._at["queue"]] = 0

    def use_model(self, model: ModelCard) -> None:
        """Predictions are counted by this model's classes; those of another one, which the slot may hold from before
        its file was replaced, are forgotten."""
        before, self._version = self._slot[self._at["version"]], float(int(model.version, 16))
        if before not in (0, self._version):
            for index in range(self._at["confidence"], self._size):
                self._slot[index] = 0
        self._slot[self._at["version"]] = self._version
        self._model = model
        self._class_index = {name: index for index, name in enumerate(model.classes[:_CLASSES])}

    def count_request(self, route: str, status: int) -> None:
        """An answer was sent."""
        row = self._routes.get(route, len(self._routes) - 1)
        column = self._statuses.get(str(status), len(self._statuses) - 1)
        self._slot[self._at["requests"] + row * len(self._statuses) + column] += 1

    def set_queue_depth(self, waiting: int) -> None:
        """So many uploads are under way in this worker."""
        self._slot[self._at["queue"]] = waiting

    def count_prediction(self, recognition: Recognition, total_seconds: float, unsure: bool) -> None:
        """A drawing was recognised."""
        slot, at, prediction = self._slot, self._at, recognition.prediction
        stages = (recognition.decode_seconds, recognition.network_seconds, total_seconds)
        start = at["seconds"]
        for seconds in stages:
            slot[start + bisect_left(SECONDS, seconds)] += 1
            slot[start + len(SECONDS) + 1] += seconds
            start += len(SECONDS) + 2
        confidence = confidence_bin(prediction.confidence)
        slot[at["confidence"] + confidence] += 1
        slot[at["confidence"] + CONFIDENCE_BINS] += prediction.confidence
        slot[at["unsure"]] += unsure
        slot[at["unknown"]] += not prediction.known
        index = self._class_index.get(prediction.label)
        if index is None:
            return
        slot[at["predicted"] + index] += 1
        recent = at["recent"]
        place = recent + 1 + _PLACE * (int(slot[recent]) % WINDOW)
        slot[place], slot[place + 1], slot[place + 2] = index, confidence, prediction.known
        slot[recent] += 1

    def exposition(self) -> bytes:
        """All counters of all workers, as text."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """What prometheus_client asks for."""
        requests = CounterMetricFamily(
            "handwritten_http_requests", "Answers by route and status.", labels=("route", "status")
        )
        for route, row in self._routes.items():
            for status, column in self._statuses.items():
                if count := self._sum("requests", row * len(self._statuses) + column):
                    requests.add_metric((route, status), count)
        yield requests
        seconds = HistogramMetricFamily(
            "handwritten_prediction_seconds",
            "Time of a prediction: decoding and preprocessing, the network's pass, and all from the request's head to "
            "the answer.",
            labels=("stage",),
        )
        for number, stage in enumerate(STAGES):
            start = number * (len(SECONDS) + 2)
            counts = [self._sum("seconds", start + index) for index in range(len(SECONDS) + 1)]
            seconds.add_metric((stage,), _buckets(SECONDS, counts), self._sum("seconds", start + len(SECONDS) + 1))
        yield seconds
        yield GaugeMetricFamily(
            "handwritten_queue_depth", "Uploads that are being received or recognised.", self._sum("queue")
        )
        yield GaugeMetricFamily("handwritten_workers", "Workers that have served.", self._sum("started"))
        yield from self._collect_predictions()

    def _collect_predictions(self) -> Iterator[Metric]:
        model = self._model
        if model is None:
            return
        info = GaugeMetricFamily(
            "handwritten_model_info", "The loaded model; always 1.", labels=("version", "architecture", "trained")
        )
        info.add_metric((model.version, model.architecture, str(model.provenance.get("date", ""))), 1)
        yield info
        predicted = CounterMetricFamily("handwritten_predictions", "Predictions by class.", labels=("class",))
        for name, index in self._class_index.items():
            predicted.add_metric((name,), self._sum_of_model("predicted", index))
        yield predicted
        counts = [self._sum("confidence", index) for index in range(CONFIDENCE_BINS)]
        confidence = HistogramMetricFamily("handwritten_confidence", "Confidence of predictions.")
        confidence.add_metric((), _buckets(CONFIDENCE_BOUNDS, counts), self._sum("confidence", CONFIDENCE_BINS))
        yield confidence
        yield CounterMetricFamily(
            "handwritten_unsure_predictions", "Predictions that the page calls not sure.", self._sum("unsure")
        )
        yield CounterMetricFamily(
            "handwritten_unknown_predictions",
            "Predictions for what is probably none of the classes.",
            self._sum_of_model("unknown"),
        )
        yield from self._collect_drift(model)

    def _collect_drift(self, model: ModelCard) -> Iterator[Metric]:
        classes, confidences, knowns = [0] * len(self._class_index), [0] * CONFIDENCE_BINS, [0, 0]
        for index, confidence, known in self._recent():
            classes[index] += 1
            confidences[confidence] += 1
            knowns[known] += 1
        yield GaugeMetricFamily("handwritten_drift_window", "Predictions that drift is judged by.", sum(classes))
        drift = GaugeMetricFamily(
            "handwritten_drift",
            "Population stability index of the latest predictions against the model's test set: below 0.1 none, above "
            "0.25 considerable.",
            labels=("of", "against"),
        )
        for part, figures in model.metrics.items():
            if "confidence_share" not in figures:
                continue
            expected = [figures["predicted_share"].get(name, 0.0) for name in self._class_index]
            drift.add_metric(("class", part), population_stability_index(expected, classes))
            drift.add_metric(("confidence", part), population_stability_index(figures["confidence_share"], confidences))
            # Models of former versions do not say it.
            if (share := figures.get("known_share")) is not None:
                drift.add_metric(("known", part), population_stability_index([1 - share, share], knowns))
        yield drift

    def _recent(self) -> Iterator[tuple[int, int, int]]:
        """Class, confidence bin and known (0 or 1) of the latest predictions of every worker that has this model."""
        for slot in range(_SLOTS):
            start = slot * self._size + self._at["recent"]
            if self._memory[slot * self._size + self._at["version"]] != self._version:
                continue
            for place in range(min(int(self._memory[start]), WINDOW)):
                label, confidence, known = self._memory[start + 1 + _PLACE * place :][:_PLACE]
                yield int(label), int(confidence), int(known)

    def _sum(self, name: str, offset: int = 0) -> float:
        return sum(self._memory[self._at[name] + offset :: self._size])

    def _sum_of_model(self, name: str, offset: int = 0) -> float:
        counts, versions = (
            self._memory[self._at[key] + at :: self._size] for key, at in ((name, offset), ("version", 0))
        )
        return sum(count for count, version in zip(counts, versions, strict=False) if version == self._version)


def _buckets(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    """Counts bin by bin → Prometheus's cumulative buckets."""
    cumulative, buckets = 0.0, []
    for bound, count in zip([*map(str, bounds), "+Inf"], counts, strict=True):
        cumulative += count
        buckets.append((bound, cumulative))
    return buckets
