"""Training recipes: every hyperparameter in one place, and the recipes of published networks.

Options have the names of torchvision's reference scripts, which users may know already.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from app.recognition.preprocessing import Method
from training.augmentation import DEFAULT as DEFAULT_AUGMENTATION

# The batch and the epochs of a large set such as MNIST; a small one is divided into so many batches at least, and
# trained on for so many steps at least.
_LARGEST_BATCH = 256
_SMALLEST_BATCH = 8
_BATCHES = 16
_FEWEST_EPOCHS = 16
_FEWEST_STEPS = 1500
# From a trained model (`init`) fewer are enough: its head reads most of the images before the first step. Where a new
# head is fitted to few images, training after that makes it no better (docs/training.md).
_FEWEST_EPOCHS_FROM_A_MODEL = 8
_FEWEST_STEPS_FROM_A_MODEL = 128
# The learning rate rises for no more than this share of a training, however short.
_LONGEST_WARMUP = 0.3

Optimizer = Literal["adamw", "adam", "sgd", "adadelta", "muon"]
Scheduler = Literal["cosine", "step", "constant"]


@dataclass(frozen=True)
class Recipe:
    """The whole protocol of a training but for the images and the network. The defaults are the committed model's.

    `epochs` and `batch_size` of 0 are chosen by the number of images, see `settled`.
    `preprocessing` and `size` are those of every image, `validation_fraction` is what is kept of each class to choose
    the best epoch by, if the folder does not say it; with 0 the last epoch is taken.
    `progressive_resizing` is the share of the training, from its beginning, that sees images of half the side, in a
    third of the time.
    `augment` are the augmentations, each with its strength; 1 is the default.
    `drop_last` skips the last batch of an epoch if it is not full.
    `class_weight` maps class names to factors of their loss, or is "balanced": the rarer a class, the higher.
    `patience` ends the training after so many epochs without a lower validation loss; 0 never does.
    `init` is the path of a model to start from (training.transfer).
    `refit` trains a second time, on the validation images too, if the trainer drew these itself: where there are few
    images, every one counts. The temperature and the threshold are those of the first training.
    `teacher` is the path of a model whose probabilities (before calibration) for each distorted image are learned
    instead of the labels, so that a small network becomes nearly as accurate as a large one (Hinton, Vinyals and Dean,
    "Distilling the Knowledge in a Neural Network", 2015); `label_smoothing` then has no effect.
    `model_ema_decay` is that of the averaged weights, which become the model; 0 takes the last weights as they are.
    """

    epochs: int = 0
    batch_size: int = 0
    preprocessing: Method = "ink"
    size: int = 28
    validation_fraction: float = 0.1
    opt: Optimizer = "adamw"
    lr: float = 0.01
    weight_decay: float = 0.01
    label_smoothing: float = 0.05
    lr_scheduler: Scheduler = "cosine"
    lr_warmup_epochs: float = 2.0
    lr_step_size: int = 1
    lr_gamma: float = 0.7
    progressive_resizing: float = 0.0
    augment: dict[str, float] = field(default_factory=lambda: dict(DEFAULT_AUGMENTATION))
    model_ema_decay: float = 0.998
    drop_last: bool = True
    class_weight: dict[str, float] | Literal["balanced"] = field(default_factory=dict)
    patience: int = 0
    amp: bool = False
    seed: int = 0
    device: str = "cpu"
    init: str = ""
    refit: bool = False
    teacher: str = ""

    def settled(self, images: int, head_alone: bool = False) -> Recipe:
        """The recipe for so many images: small sets get smaller batches and more epochs, so that there are enough steps
        to learn from. With `head_alone` there are no epochs but those that were asked for."""
        batch_size = self.batch_size or min(_LARGEST_BATCH, max(_SMALLEST_BATCH, images // _BATCHES))
        steps = max(1, images // batch_size)
        fewest = (_FEWEST_EPOCHS, _FEWEST_STEPS)
        if self.init:
            fewest = (_FEWEST_EPOCHS_FROM_A_MODEL, _FEWEST_STEPS_FROM_A_MODEL)
        epochs = self.epochs or (0 if head_alone else max(fewest[0], -(-fewest[1] // steps)))
        warmup = min(self.lr_warmup_epochs, _LONGEST_WARMUP * epochs)
        return replace(self, batch_size=batch_size, epochs=epochs, lr_warmup_epochs=warmup)


# For `init`: the body shall keep what it knows. With a learning rate of 0.002 it reads fewer of a few drawings than the
# head that it starts with (docs/training.md).
FROM_A_MODEL = Recipe(lr=0.0003, model_ema_decay=0.99, refit=True)


def _plain(epochs: int, **choices: object) -> Recipe:
    """As tutorials train: plain images, all of them in every epoch, a constant learning rate, no averaged weights,
    label smoothing or augmentation; the weights after the last epoch are the model."""
    common = {
        "opt": "adam",
        "lr": 0.001,
        "weight_decay": 0.0,
        "label_smoothing": 0.0,
        "lr_scheduler": "constant",
        "lr_warmup_epochs": 0.0,
        "augment": {},
        "model_ema_decay": 0.0,
        "preprocessing": "plain",
        "validation_fraction": 0.0,
        "drop_last": False,
    }
    return Recipe(epochs=epochs, **{**common, **choices})  # type: ignore[arg-type]


# The protocol of each architecture's source, as far as it is documented; benchmarks/README.md has sources and scores.
# Adam's learning rate is the default of both Keras and PyTorch.
PUBLISHED: dict[str, Recipe] = {
    "dl4j-lenet": _plain(3, batch_size=64, opt="sgd", lr=0.01, weight_decay=0.0005),
    "mlp": _plain(10, batch_size=200),
    "simple-cnn": _plain(10, batch_size=200),
    "large-cnn": _plain(10, batch_size=200),
    "selu-lenet": _plain(19, batch_size=128),
    "selu-lenet-bn": _plain(29, batch_size=128, augment={"shift": 1.0, "flip": 1.0}),
    "keras-cnn": _plain(5, batch_size=64),
}
