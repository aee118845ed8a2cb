"""Architectures by name. Input: (n, 1, size, size), 0 paper to 1 ink; output: logits, (n, classes).

The default and its small version are the project's own. The others are the networks of well-known tutorials, each as
its source specifies it, so that the published scores can be reproduced (benchmarks/published.py). In one respect they
are written differently: where a source has ReLU or SELU and then max pooling, the pooling comes first here. The values
are the same, because these activations never fall, and a quarter of them is left to compute: 1.2 to 1.7 times as fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DEFAULT_WIDTHS = (32, 64, 128)


def build(architecture: str, classes: int, size: int = 28, **arguments: Any) -> nn.Module:
    """A network with fresh weights. Raises KeyError for an unknown name, TypeError for unknown arguments."""
    return ARCHITECTURES[architecture](classes, size, **arguments)


class ResNet(nn.Sequential):
    """The default: a small residual network (He et al., "Deep Residual Learning for Image Recognition", 2015).

    Its first convolution already halves the image: at full resolution batch normalisation and activation, which are
    bound by memory, would take most of the time of training and prediction on a CPU, and buy no accuracy.
    """

    def __init__(
        self,
        classes: int,
        size: int,
        widths: Sequence[int] = DEFAULT_WIDTHS,
        blocks: Sequence[int] | None = None,
        stem: int = 5,
        grid: bool = False,
    ) -> None:
        """`widths` are the channels of each stage, `blocks` its residual blocks (one each by default), `stem` the side
        of the first kernel.

        The head is given the averages of the last stage's maps, whatever the size of the image. With `grid` it is given
        averages of 3 x 3 squares of the last two stages' maps: where on the image something is, and finer strokes than
        the last stage keeps. From a few images of each class these teach it more (training.transfer).
        """
        layers: list[nn.Module] = []
        ends: list[int] = []
        for narrow, wide, count in zip((1, *widths), widths, blocks or [1] * len(widths), strict=False):
            layers.append(_convolution(narrow, wide, kernel=3 if layers else stem, stride=2))
            layers += [_Residual(wide) for _ in range(count)]
            ends.append(len(layers) - 1)
        pool: nn.Module = nn.AdaptiveAvgPool2d(1)
        features = widths[-1]
        if grid:
            pool = nn.AvgPool2d(3, stride=2, padding=1)
            sides = [-(-size // 2 ** (stage + 2)) for stage in range(len(widths))]  # each halving rounds up
            features = sum(width * side**2 for width, side in list(zip(widths, sides, strict=True))[-2:])
        super().__init__(*layers, pool, nn.Flatten(), nn.Linear(features, classes))
        # The layers whose maps the head is given, where it is not the last one alone.
        self._gridded = ends[-2:] if grid else []

    def forward(self, x: Tensor) -> Tensor:
        """Logits, (n, classes), of images, (n, 1, size, size)."""
        if not self._gridded:
            return super().forward(x)  # type: ignore[no-any-return, no-untyped-call]
        *body, pool, flatten, head = self
        features = []
        for number, layer in enumerate(body):
            x = layer(x)
            if number in self._gridded:
                features.append(flatten(pool(x)))
        logits: Tensor = head(torch.cat(features, 1))
        return logits


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _convolution(width, width, kernel=3)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        # Every block starts as the identity (Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1).
        nn.init.zeros_(self.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.norm(self.second(self.first(x))))


def _convolution(inputs: int, outputs: int, kernel: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    )


def resnet_small(classes: int, size: int, grid: bool = False) -> ResNet:
    """Half the computation of the default, for servers where throughput matters. Distilled from the default network
    (`--teacher`), it is nearly as accurate."""
    return ResNet(classes, size, widths=(32, 48, 96), blocks=(0, 1, 1), stem=3, grid=grid)


def dl4j_lenet(classes: int, size: int) -> nn.Sequential:
    """The network of the article that this project starts from; its convolutions have no activation of their own."""
    features = [nn.Conv2d(1, 20, 5), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), nn.MaxPool2d(2)]
    return _with_dense(features, size, [500], classes, nn.ReLU)


def mlp(classes: int, size: int) -> nn.Sequential:
    """One hidden layer, as wide as the image has pixels; Keras's "normal" initialisation, as its source has it."""
    network = _with_dense([], size, [size * size], classes, nn.ReLU)
    for layer in network:
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=0.05)
    return network


def simple_cnn(classes: int, size: int) -> nn.Sequential:
    """One convolution."""
    features = [nn.Conv2d(1, 32, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Dropout(0.2)]
    return _with_dense(features, size, [128], classes, nn.ReLU)


def large_cnn(classes: int, size: int) -> nn.Sequential:
    """Two convolutions and two hidden layers."""
    features = [nn.Conv2d(1, 30, 5), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(30, 15, 3), nn.MaxPool2d(2), nn.ReLU()]
    return _with_dense([*features, nn.Dropout(0.2)], size, [128, 50], classes, nn.ReLU)


def selu_lenet(classes: int, size: int, convolutions: str = "SELU") -> nn.Sequential:
    """Two convolutions, and dense layers with SELU (Klambauer et al., "Self-Normalizing Neural Networks", 2017) that
    halve their input.

    The source does not name the activation of the convolutions, a class of torch.nn here: see NEW_ARGUMENTS.
    """
    activation: type[nn.Module] = getattr(nn, convolutions)
    features: list[nn.Module] = [nn.Conv2d(1, 12, 3, padding=1), nn.MaxPool2d(3, 2), activation()]
    features += [nn.Conv2d(12, 16, 3, padding=1), nn.MaxPool2d(3, 2), activation()]
    pixels = ((size - 1) // 2 - 1) // 2
    halves = [16 * pixels**2 // 2, 16 * pixels**2 // 4]
    return _with_dense(features, size, halves, classes, nn.SELU)


def selu_lenet_bn(classes: int, size: int, convolutions: str = "SELU") -> nn.Sequential:
    """`selu_lenet` with batch normalisation after every convolution and dense layer, and dropout before the last."""
    layers: list[nn.Module] = []
    for layer in selu_lenet(classes, size, convolutions):
        layers.append(layer)
        if isinstance(layer, nn.Conv2d):
            layers.append(nn.BatchNorm2d(layer.out_channels))
        elif isinstance(layer, nn.Linear) and layer.out_features != classes:
            layers.append(nn.BatchNorm1d(layer.out_features))
    return nn.Sequential(*layers[:-1], nn.Dropout(0.5), layers[-1])


def keras_cnn(classes: int, size: int) -> nn.Sequential:
    """Three convolutions. The source leaves open whether a third pooling follows; here none does."""
    features = [nn.Conv2d(1, 32, 3), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.MaxPool2d(2), nn.ReLU()]
    return _with_dense([*features, nn.Conv2d(64, 64, 3), nn.ReLU()], size, [64], classes, nn.ReLU)


def _with_dense(
    features: list[nn.Module], size: int, hidden: list[int], classes: int, activation: Callable[[], nn.Module]
) -> nn.Sequential:
    """Features, then dense layers with an activation, then logits; Xavier's initialisation, as the sources have it."""
    convolutions = nn.Sequential(*features, nn.Flatten())
    with torch.no_grad():
        width = convolutions.eval()(torch.zeros(1, 1, size, size)).shape[1]
    layers: list[nn.Module] = list(convolutions.train())
    for outputs in hidden:
        layers += [nn.Linear(width, outputs), activation()]
        width = outputs
    network = nn.Sequential(*layers, nn.Linear(width, classes))
    for layer in network:
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.constant_(layer.bias, 0)  # type: ignore[arg-type]  # these layers all have one
    return network


DEFAULT = "resnet"
# Networks that are faster in 8-bit integers. The others are too small for that, or reproduce published scores.
EIGHT_BIT = ("resnet", "resnet-small")
# Networks whose weights do not depend on the size of the image, but for a head that is given a grid.
ANY_SIZE = EIGHT_BIT
ARCHITECTURES: dict[str, Callable[..., nn.Module]] = {
    "resnet": ResNet,
    "resnet-small": resnet_small,
    "dl4j-lenet": dl4j_lenet,
    "mlp": mlp,
    "simple-cnn": simple_cnn,
    "large-cnn": large_cnn,
    "selu-lenet": selu_lenet,
    "selu-lenet-bn": selu_lenet_bn,
    "keras-cnn": keras_cnn,
}
# What a new network is built with. On training images that were held back, ReLU had a lower error than SELU, and about
# that of no activation (benchmarks/selu.py). Model files without such an argument are older and have SELU.
NEW_ARGUMENTS: dict[str, dict[str, Any]] = {name: {"convolutions": "ReLU"} for name in ("selu-lenet", "selu-lenet-bn")}
