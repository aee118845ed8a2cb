"""A model's provenance as text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.checkpoint import Checkpoint


def describe(model: Checkpoint) -> dict[str, dict[str, str]]:
    """Names and values under headings. What the model does not say is left out."""
    provenance = dict(model.provenance)
    recipe, data = _mapping(provenance.pop("recipe", None)), _mapping(provenance.pop("data", None))
    credits = {name: _mapping(source).get("credit") for name, source in _mapping(data.get("sources")).items()}
    size = model.preprocessing.size
    sections: dict[str, dict[str, Any]] = {
        "Model": {
            "architecture": model.architecture,
            **model.arguments,
            "preprocessing": f"{model.preprocessing.method}, {size} x {size} pixels",
            "temperature": f"{model.temperature:.3f}",
        },
        "Training": {name: value for name, value in provenance.items() if not isinstance(value, Mapping)},
        "Versions and machine": {**_mapping(provenance.get("versions")), **_mapping(provenance.get("machine"))},
        "Sources of the images": {name: credit for name, credit in credits.items() if credit},
        "Recipe": {name.replace("_", " "): value for name, value in recipe.items()},
    }
    return {
        heading: {name: _words(value) for name, value in values.items()}
        for heading, values in sections.items()
        if values
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, else an empty one: provenance is written for people, its form is not fixed."""
    return value if isinstance(value, Mapping) else {}


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_words(one)}" for name, one in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_words, value)) or "none"
    return str(value)
