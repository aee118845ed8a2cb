"""`--init model.pt`: start from a trained model's body, with a new head where the classes differ."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Generator, Tensor, nn

from training.augmentation import augmenter
from training.checkpoint import Checkpoint
from training.errors import TrainingError
from training.images import ImageSet
from training.metrics import outputs_of
from training.networks import ANY_SIZE
from training.protocol import Options
from training.recipes import Recipe

# With more images of new classes than this, the whole network is trained on them.
_MOST_IMAGES = 20_000
# Distorted copies of each image that the head is fitted to as well: none and ten read fewer in cross-validation on
# characters of five alphabets, twelve drawings of each (docs/training.md).
_COPIES = 4
# Of the features' variance, added to the variance within classes: without it one image of each class would have none.
_RIDGE = 0.005
# The model tells the new classes apart already if it has an answer of its own for each, and gives it this often. It is
# 0.63 to 0.74 for alphabets that are new to the committed models, and 0.88 for digits under other names.
_TOLD_APART = 0.85
# How sure the new rows are, as a factor: they were fitted to the very images, and others are read with less certainty.
# The temperature makes up for it, but if a training follows, too sure a head begins it with steps that spoil the body.
_CERTAINTY = 0.01
_BATCH = 500


def fits_head_alone(model: Checkpoint | None, train: ImageSet, recipe: Recipe) -> bool:
    """Whether the classes are new to the model, and the images not too many for a head alone. What class weights, a
    teacher and smaller images do to a training, a head cannot learn."""
    needs_training = recipe.teacher or recipe.class_weight or recipe.progressive_resizing
    if model is None or model.architecture not in ANY_SIZE or needs_training:
        return False
    return not set(train.classes) <= set(model.classes) and len(train) <= _MOST_IMAGES


def with_features(options: Options, model: Checkpoint | None, train: ImageSet) -> Options:
    """The options for the network whose head is given what suits these images: averages, where the model tells the
    classes apart already; otherwise more of what its body finds, in a grid (training.networks.ResNet)."""
    if model is None:
        return options
    answers = outputs_of(model.network(), train)[:, : len(model.classes)].argmax(1)
    usual = torch.stack([answers[train.targets == index].mode().values for index in range(len(train.classes))])
    given = (answers == usual[train.targets]).double().mean().item()
    if len(usual.unique()) == len(usual) and given >= _TOLD_APART:
        return options
    return replace(options, arguments={**options.arguments, "grid": True})


def start_from(network: nn.Module, model: Checkpoint, train: ImageSet, recipe: Recipe) -> None:
    """Give a network the weights of a model of the same architecture, which may know other classes.

    If the model knows all of the classes, the head has its rows for them. Otherwise the head starts as the linear
    discriminant analysis (Fisher, 1936) of what the model's body makes of the images, and of copies that are distorted
    by the recipe's augmentation. That alone reads most of what a few images can teach, and a training after it need not
    unlearn a random head. The body is the model's in any case, the features that the head is given may be others.
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
        _discriminate(head, *_features(network, train, recipe), len(train))


def _copy_rows(head: nn.Linear, source: nn.Linear, rows: list[int]) -> None:
    """The rows of the classes; and the one for images of no class, if both have one (training.unknown)."""
    if head.out_features > len(rows) and source.out_features > max(rows) + 1:
        rows = [*rows, source.out_features - 1]
    with torch.no_grad():
        head.weight[: len(rows)] = source.weight[rows]
        head.bias[: len(rows)] = source.bias[rows]


def _discriminate(head: nn.Linear, features: Tensor, targets: Tensor, originals: int) -> None:
    """Set the rows of the classes so that their logits are those of normal distributions with a common covariance.

    The covariance is shrunk towards a multiple of the identity, the more, the fewer images there are (Ledoit and Wolf,
    "A well-conditioned estimator for large-dimensional covariance matrices", 2004). The first rows are those of the
    original images, which decide how much: their copies are no further evidence.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage  # takes a second to import

    present, targets = targets.unique(return_inverse=True)
    means = torch.stack([features[targets == index].mean(0) for index in range(len(present))])
    deviations = features - means[targets]
    shrinkage = ledoit_wolf_shrinkage(deviations[:originals].numpy(), assume_centered=True)
    within = deviations.T.cov(correction=0).double()
    ridge = _RIDGE * features.var(0, correction=0).mean().double().clamp(min=1e-9)
    added = shrinkage * within.diagonal().mean() + ridge
    covariance = (1 - shrinkage) * within + added * torch.eye(len(within))
    centre, means = means.mean(0).double(), means.double()
    rows = torch.linalg.solve(covariance, (means - centre).T).T
    with torch.no_grad():
        head.weight[present] = _CERTAINTY * rows.float()
        head.bias[present] = -_CERTAINTY * (rows * (means + centre) / 2).sum(1).float()


def _head(network: nn.Module) -> nn.Linear:
    layers = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    return layers[-1]


def _features(network: nn.Module, images: ImageSet, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """What the head is given for each image and each of its distorted copies, float32 (n, features), and their classes,
    (n,)."""
    found: list[Tensor] = []
    hook = _head(network).register_forward_hook(lambda _, inputs, __: found.append(inputs[0].detach().float().cpu()))
    generator, augment = Generator().manual_seed(recipe.seed), augmenter(recipe.augment)
    copies = min(_COPIES, _MOST_IMAGES // len(images)) if recipe.augment else 0  # as features take 6 kB each
    outputs_of(network, images)
    for _ in range(copies):
        distorted = [augment(batch.float() / 255, generator) for batch, _ in images.batches(_BATCH)]
        pixels = torch.cat(distorted).mul(255).round().to(torch.uint8)
        outputs_of(network, replace(images, images=pixels, rows=torch.arange(len(images))))
    hook.remove()
    return torch.cat(found), images.targets.repeat(1 + copies)
