"""Layers in words: a name, and a plain sentence on what each kind does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.recognition.inside import Kind, Layer

_NAMES: dict[Kind, str] = {
    "convolution": "Convolution",
    "residual": "Residual block",
    "pooling": "Max pooling",
    "average": "Average pooling",
    "dense": "Dense layer",
    "output": "Output",
}
_ACTIVATIONS = {
    None: "",
    "relu": " What is negative becomes 0 (ReLU).",
    "selu": " What is negative is damped (SELU).",
}


def names(layers: Sequence[Layer]) -> list[str]:
    """A name for each layer, with a number where there are several of a kind."""
    counts, seen, named = Counter(layer.kind for layer in layers), Counter[Kind](), []
    for layer in layers:
        seen[layer.kind] += 1
        number = f" {seen[layer.kind]}" if counts[layer.kind] > 1 else ""
        named.append(_NAMES[layer.kind] + number)
    return named


def sentence(layer: Layer, is_first: bool, learned_unknown: bool) -> str:
    """What the layer does."""
    side = f"{layer.kernel} \u00d7 {layer.kernel}"
    match layer.kind:
        case "convolution":
            over = "pixels of the drawing" if is_first else "places of all maps before"
            steps = "" if layer.stride == 1 else f", {layer.stride} steps at a time"
            words = (
                f"Each of {layer.shape[0]} filters looks at {side} {over} and slides on{steps}; "
                "its map is bright where the filter fits."
            )
        case "residual":
            words = (
                f"Again {layer.shape[0]} filters of {side}; what they find is added to the maps that came into the "
                "block, to correct them."
            )
        case "pooling":
            words = f"Of every {side} places only the strongest value is kept, so small shifts matter less."
        case "average":
            words = "The average of each map: how much of its pattern there is, wherever it is."
        case "dense":
            words = f"{layer.shape[0]} weighted sums of all values before."
        case "output":
            none = " The last one is for what is none of them." if learned_unknown else ""
            words = f"A weighted sum for each class. Softmax turns them into the probabilities.{none}"
    return words + _ACTIVATIONS.get(layer.activation, f" Then {layer.activation}.")
