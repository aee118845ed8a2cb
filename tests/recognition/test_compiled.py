from __future__ import annotations

import pytest
import torch
from torch import nn

from app.recognition.compiled import compiled
from app.recognition.networks import ARCHITECTURES, build


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_compiled_network_computes_the_same(name: str):
    torch.manual_seed(0)
    network = build(name, 7).eval()
    for layer in network.modules():
        # Fresh ones are all alike, and a mistake in folding them would not show.
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.1)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            nn.init.normal_(layer.running_mean, 0, 0.1)
            nn.init.uniform_(layer.running_var, 0.5, 1.5)
    images = torch.rand(5, 1, 28, 28)
    with torch.inference_mode():
        expected = network(images)
        answers = compiled(network)(images)
    assert expected.std() > 0.01
    assert torch.allclose(answers, expected, atol=1e-5)


def test_compiled_network_leaves_its_input_alone():
    images = torch.rand(2, 1, 28, 28) - 0.5
    before = images.clone()
    with torch.inference_mode():
        compiled(build("resnet", 3))(images)
        # What is flattened is still the input's own memory, which an activation in place would overwrite.
        compiled(nn.Sequential(nn.Flatten(), nn.ReLU()))(images)
    assert torch.equal(images, before)
