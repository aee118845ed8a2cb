"""Metrics of the served models themselves, which do not change with requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from app.recognition.drift import CONFIDENCE_BOUNDS
from app.recognition.model_card import ModelCard


class ModelCollector(Collector):
    """Each served model's version, and the distribution of its predictions on its test sets.

    operations/alerts.yml compares that with the distribution of the predictions in service.
    """

    def __init__(self, models: Mapping[str, ModelCard]) -> None:
        self._models = models

    def collect(self) -> Iterator[Metric]:
        """The metrics as they are now."""
        info = GaugeMetricFamily(
            "handwritten_model_info",
            "The loaded models; always 1.",
            labels=("model", "version", "architecture", "trained"),
        )
        for name, model in self._models.items():
            info.add_metric((name, model.version, model.architecture, str(model.provenance.get("date", ""))), 1)
        yield info
        classes = GaugeMetricFamily(
            "handwritten_test_class_share",
            "Share of a class among the predictions on a test set.",
            labels=("class", "against", "version"),
        )
        confidences = GaugeMetricFamily(
            "handwritten_test_confidence_share",
            "Share of the predictions on a test set up to this confidence.",
            labels=("le", "against", "version"),
        )
        unknown = GaugeMetricFamily(
            "handwritten_test_unknown_share",
            "Share of the predictions on a test set for what is probably none of the classes.",
            labels=("against", "version"),
        )
        # One file can be offered under two names.
        for model in {model.version: model for model in self._models.values()}.values():
            for part, figures in model.metrics.items():
                if "known_share" in figures:
                    unknown.add_metric((part, model.version), 1 - figures["known_share"])
                if "confidence_share" not in figures:
                    continue
                for name in model.classes:
                    classes.add_metric((name, part, model.version), figures["predicted_share"].get(name, 0.0))
                share = 0.0
                for bound, bin_share in zip(
                    [*map(str, CONFIDENCE_BOUNDS), "+Inf"], figures["confidence_share"], strict=True
                ):
                    share += bin_share
                    confidences.add_metric((bound, part, model.version), share)
        yield classes
        yield confidences
        yield unknown
