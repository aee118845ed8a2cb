"""`--init model.pt`: start from a trained model's body, with a new head where the classes differ."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from training.checkpoint import Checkpoint
from training.errors import TrainingError
from training.images import ImageSet
from training.metrics import outputs_of

# Of the features' variance, added to the variance within classes, which few images show too small.
_RIDGE = 0.005
# How sure the new rows are, as a factor: they were fitted to the very images, and others are read with less certainty.
# Both were chosen by cross-validation on characters of five alphabets, twelve drawings of each.
_CERTAINTY = 0.1


def start_from(network: nn.Module, model: Checkpoint, train: ImageSet) -> None:
    """Give a network the weights of a model of the same architecture, which may know other classes.

    If the model knows all of the classes, the head has its rows for them. Otherwise the head starts as the linear
    discriminant analysis (Fisher, 1936) of what the model's body makes of the images. That alone reads most of what a
    few images can teach, and the training after it need not unlearn a random head.
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
        _discriminate(head, _features(source, train), train.targets)


def _copy_rows(head: nn.Linear, source: nn.Linear, rows: list[int]) -> None:
    """The rows of the classes; and the one for images of no class, if both have one (training.unknown)."""
    if head.out_features > len(rows) and source.out_features > max(rows) + 1:
        rows = [*rows, source.out_features - 1]
    with torch.no_grad():
        head.weight[: len(rows)] = source.weight[rows]
        head.bias[: len(rows)] = source.bias[rows]


def _discriminate(head: nn.Linear, features: Tensor, targets: Tensor) -> None:
    """Set the rows of the classes so that their logits are those of normal distributions with a common covariance."""
    features = features.double()
    present, targets = targets.unique(return_inverse=True)
    means = torch.stack([features[targets == index].mean(0) for index in range(len(present))])
    within = (features - means[targets]).T.cov(correction=0)
    ridge = _RIDGE * features.var(0, correction=0).mean().clamp(min=1e-9)
    centre = means.mean(0)
    rows = torch.linalg.solve(within + ridge * torch.eye(len(within)), (means - centre).T).T
    with torch.no_grad():
        head.weight[present] = _CERTAINTY * rows.float()
        head.bias[present] = -_CERTAINTY * (rows * (means + centre) / 2).sum(1).float()


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
