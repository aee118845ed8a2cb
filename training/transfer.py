"""`--init model.pt`: start from a trained model's body, with a new head where the classes differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.checkpoint import Checkpoint
from training.errors import TrainingError
from training.images import ImageSet
from training.metrics import outputs_of

# The length of the new rows of the head: confident enough to learn from, little enough to unlearn.
_SCALE = 6.0


def start_from(network: nn.Module, model: Checkpoint, train: ImageSet) -> None:
    """Give a network the weights of a model of the same architecture, which may know other classes.

    If the model knows all of the classes, the head has its rows for them. Otherwise the row of every class starts with
    the direction of its images' mean features (Qi, Brown and Lowe, "Low-Shot Learning with Imprinted Weights", 2018),
    so that a few images are enough to begin with something sensible.
    Raises TrainingError if the model's weights do not fit the network.
    """
    head, source = _head(network), model.network()
    own = {f"{name}.{kind}" for name, layer in network.named_modules() if layer is head for kind in ("weight", "bias")}
    try:
        missing, unexpected = network.load_state_dict(
            {name: value for name, value in model.state.items() if name not in own}, strict=False
        )
    except RuntimeError:  # weights of another shape
        missing, unexpected = [], ["weights"]
    if unexpected or set(missing) - own:
        raise TrainingError("--init: the model is of another architecture. Give its --arch and --widths, or neither.")
    if set(train.classes) <= set(model.classes):
        _copy_rows(head, _head(source), [model.classes.index(name) for name in train.classes])
    else:
        _imprint(head, _features(source, train), train.targets)


def _copy_rows(head: nn.Linear, source: nn.Linear, rows: list[int]) -> None:
    """The rows of the classes; and the one for images of no class, if both have one (training.unknown)."""
    if head.out_features > len(rows) and source.out_features > max(rows) + 1:
        rows = [*rows, source.out_features - 1]
    with torch.no_grad():
        head.weight[: len(rows)] = source.weight[rows]
        head.bias[: len(rows)] = source.bias[rows]


def _imprint(head: nn.Linear, features: Tensor, targets: Tensor) -> None:
    centre = features.mean(0)
    length = _SCALE / features.std(0).norm().clamp(min=1e-6)
    with torch.no_grad():
        for index in targets.unique().tolist():
            direction = F.normalize(features[targets == index].mean(0) - centre, dim=0)
            head.weight[index] = length * direction
            head.bias[index] = -length * (direction @ centre)


def _head(network: nn.Module) -> nn.Linear:
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return layers[-1]


def _features(network: nn.Module, images: ImageSet) -> Tensor:
    """What the head is given for each image, float32 (n, features)."""
    found: list[Tensor] = []
    hook = _head(network).register_forward_hook(lambda _, inputs, __: found.append(inputs[0].detach().float().cpu()))
    outputs_of(network, images)
    hook.remove()
    return torch.cat(found)
