"""Import torchvision's data sets, also where its compiled operators cannot be loaded.

A torchvision wheel built for CUDA beside a CPU build of PyTorch cannot load its operators, and its import then fails at
the first Python registration for one of them. The data sets need no operator, so their schemas alone suffice. With
matching builds the first import succeeds and nothing else happens.
"""

from __future__ import annotations

import torch

try:
    from torchvision import datasets as datasets
except RuntimeError as error:
    if "operator torchvision::" not in str(error):
        raise
    # Kept in a name: a library's definitions live as long as the object.
    _schemas = torch.library.Library("torchvision", "FRAGMENT")
    _schemas.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _schemas.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision import datasets as datasets
