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

    The rows of the head for classes that the model knows are the model's. Each other class starts with the direction of
    its images' mean features (Qi, Brown and Lowe, "Low-Shot Learning with Imprinted Weights", 2018), so that a few
    images are enough to begin with something sensible.
    Raises TrainingError if the model's weights do not fit the network.
    """
    head = _head(network)
    source = model.network()
    source_head = _head(source)
    skipped = {
        f"{name}.{kind}" for name, module in network.named_modules() if module is head for kind in ("weight", "bias")
    }
    body = {name: value for name, value in model.state.items() if name not in skipped}
    missing, unexpected = network.load_state_dict(body, strict=False)
    if unexpected or set(missing) - skipped:
        raise TrainingError("--init: the model is of another architecture. Give its --arch and --widths, or none.")
    if model.classes == train.classes and source_head.weight.shape == head.weight.shape:
        head.load_state_dict(source_head.state_dict())
        return
    features = _features(source, source_head, train)
    centre = features.mean(0)
    with torch.no_grad():
        for index in range(len(train.classes)):
            direction = F.normalize(features[train.targets == index].mean(0) - centre, dim=0)
            head.weight[index] = _SCALE * direction / features.std(0).norm().clamp(min=1e-6)
            head.bias[index] = -head.weight[index] @ centre


def _head(network: nn.Module) -> nn.Linear:
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return layers[-1]


def _features(network: nn.Module, head: nn.Linear, images: ImageSet) -> Tensor:
    """What the head is given for each image, float32 (n, features)."""
    found: list[Tensor] = []
    hook = head.register_forward_hook(lambda _, inputs, __: found.append(inputs[0].detach().float().cpu()))
    outputs_of(network, images)
    hook.remove()
    return torch.cat(found)
