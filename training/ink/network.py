"""A small fully convolutional network: a photograph → how likely each of its pixels was written on.

A U-Net (Ronneberger et al., arXiv:1505.04597) of four scales and some 50,000 weights. Wide scales see that a rule or a
frame goes on beyond the character, the fine ones where a stroke ends.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Sides of the input must be multiples of this.
STRIDE = 16
_WIDTHS = (12, 20, 28, 36)
# Light is evened out over so many cells of 8 pixels: wider than a stroke.
_CELL, _CELLS = 8, 9


class InkNetwork(nn.Module):
    """RGB images of 0 to 1, float32 (n, 3, height, width) → logits (n, 1, height, width), positive on ink."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth = _WIDTHS
        self.down2 = _block(6, first, stride=2)
        self.down4 = nn.Sequential(_block(first, second, stride=2), _block(second, second))
        self.down8 = nn.Sequential(_block(second, third, stride=2), _block(third, third))
        self.down16 = nn.Sequential(
            _block(third, fourth, stride=2), _block(fourth, fourth, dilation=2), _block(fourth, fourth, dilation=4)
        )
        self.narrow16, self.up8 = nn.Conv2d(fourth, third, 1), _block(third, third)
        self.narrow8, self.up4 = nn.Conv2d(third, second, 1), _block(second, second)
        self.narrow4, self.up2 = nn.Conv2d(second, first, 1), _block(first, first)
        # Four logits for each pixel of half the resolution: one for each pixel of the whole.
        self.logits = nn.Conv2d(first, 4, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        """See the class."""
        at2 = self.down2(_evened(images))
        at4 = self.down4(at2)
        at8 = self.down8(at4)
        at16 = self.down16(at8)
        at8 = self.up8(at8 + _doubled(self.narrow16(at16)))
        at4 = self.up4(at4 + _doubled(self.narrow8(at8)))
        at2 = self.up2(at2 + _doubled(self.narrow4(at4)))
        return F.pixel_shuffle(self.logits(at2), 2)


def _block(inputs: int, outputs: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, dilation, dilation, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()
    )


def _doubled(maps: Tensor) -> Tensor:
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)


def _evened(images: Tensor) -> Tensor:
    """Six channels: the colours against the whole picture's mean and contrast, and against those around each pixel."""
    mean = images.mean((1, 2, 3), keepdim=True)
    deviation = images - mean
    whole = deviation / (deviation.square().mean((1, 2, 3), keepdim=True).sqrt() + 0.03)
    local = images - _around(images)
    contrast = _around(local.square().mean(1, keepdim=True)).sqrt()
    return torch.cat([whole, local / (contrast + 0.02)], 1)


def _around(maps: Tensor) -> Tensor:
    """The mean around each pixel."""
    cells = F.avg_pool2d(maps, _CELL)
    means = F.avg_pool2d(cells, _CELLS, 1, _CELLS // 2, count_include_pad=False)
    return F.interpolate(means, scale_factor=_CELL, mode="bilinear", align_corners=False)
