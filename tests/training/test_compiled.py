from __future__ import annotations

import pytest
import torch
from torch import nn

from app.recognition.compiled import compiled
from tests.training.untrained import untrained
from training.networks import ARCHITECTURES, build


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_compiled_network_computes_the_same(name: str):
    network = untrained(name, 7)
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
