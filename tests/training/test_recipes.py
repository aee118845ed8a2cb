from __future__ import annotations

from itertools import pairwise
from typing import Any, get_args

import numpy as np
import pytest
import torch

from app.recognition.model_file import Network
from benchmarks.selu import Reading
from training.fit import Trainer
from training.images import ImageSet
from training.networks import ANY_SIZE, ARCHITECTURES, NEW_ARGUMENTS, build
from training.onnx_export import to_onnx
from training.optimisation import Muon, averaged, learning_rate, make_optimizers
from training.recipes import PUBLISHED, Optimizer, Recipe


def test_cosine_rises_then_falls_to_zero():
    recipe = Recipe(epochs=10, lr=1.0, lr_warmup_epochs=2)
    rates = [learning_rate(recipe, epoch) for epoch in (0, 1, 2, 6, 10)]
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0])


def test_step_decays_once_every_so_many_epochs():
    recipe = Recipe(epochs=6, lr=1.0, lr_scheduler="step", lr_step_size=2, lr_gamma=0.1, lr_warmup_epochs=0)
    assert [learning_rate(recipe, epoch) for epoch in (0, 1.9, 2, 4.5)] == pytest.approx([1, 1, 0.1, 0.01])


def test_constant_stays():
    recipe = Recipe(epochs=6, lr=0.3, lr_scheduler="constant", lr_warmup_epochs=0)
    assert {learning_rate(recipe, epoch) for epoch in (0, 3, 6)} == {0.3}


@pytest.mark.parametrize("images", [3, 100, 1000, 60_000])
def test_small_sets_get_enough_steps(images: int):
    recipe = Recipe().settled(images)
    assert recipe.epochs * max(1, images // recipe.batch_size) >= 1500
    given = Recipe(epochs=30, batch_size=7)
    assert given.settled(images) == given


@pytest.mark.parametrize("opt", get_args(Optimizer))
def test_every_parameter_has_one_optimizer_and_decay_is_for_weights_alone(opt: Optimizer):
    network = build("resnet", 10).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    taken = []
    for optimizer in make_optimizers(network, Recipe(opt=opt, weight_decay=0.1)):
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                assert (group["weight_decay"] > 0) == (parameter.ndim > 1)
                taken.append(parameter.data_ptr())
    assert sorted(taken) == sorted(parameter.data_ptr() for parameter in network.parameters())


def test_muon_moves_a_convolution_as_the_matrix_of_its_weights():
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(3, 4, 5).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    matrix = torch.nn.Parameter(layer.weight.detach().clone().flatten(1))
    ours = Muon([layer.weight], lr=0.1, weight_decay=0.01)
    theirs = torch.optim.Muon([matrix], 0.1, 0.01, momentum=0.9, ns_steps=3, adjust_lr_fn="match_rms_adamw")
    for _ in range(3):
        layer.weight.grad = torch.randn(4, 3, 5, 5)
        matrix.grad = layer.weight.grad.flatten(1)
        ours.step()
        theirs.step()
    # The columns are in another order, and Muon computes in bfloat16.
    torch.testing.assert_close(layer.weight.detach().flatten(1), matrix.detach(), atol=2e-3, rtol=0)


def test_average_follows_slowly_and_without_decay_at_once():
    network = torch.nn.BatchNorm1d(2)
    slow, instant = averaged(network, 0.9), averaged(network, 0)
    for average in (slow, instant):
        average.update_parameters(network)
        average.n_averaged += 10_000
    network.load_state_dict({**network.state_dict(), "weight": torch.full((2,), 2.0), "running_mean": torch.ones(2)})
    assert network.num_batches_tracked is not None
    network.num_batches_tracked.fill_(7)
    for average in (slow, instant):
        average.update_parameters(network)
    state = slow.module.state_dict()
    assert state["weight"].tolist() == pytest.approx([1.1, 1.1])
    assert state["running_mean"].tolist() == pytest.approx([0.1, 0.1])
    assert state["num_batches_tracked"] == 7
    assert instant.module.state_dict()["weight"].tolist() == [2, 2]


@pytest.mark.parametrize("epochs", [1, 2, 3, 100])
def test_every_training_leaves_its_warm_up(epochs: int):
    recipe = Recipe(epochs=epochs, lr=1.0).settled(1000)
    assert max(learning_rate(recipe, epoch / 20) for epoch in range(20 * epochs)) == pytest.approx(1.0, abs=0.05)
    assert recipe.lr_warmup_epochs < epochs / 2


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize(("classes", "size"), [(2, 28), (200, 20)])
def test_architectures_fit_any_number_of_classes(name: str, classes: int, size: int):
    assert build(name, classes, size).eval()(torch.zeros(3, 1, size, size)).shape == (3, classes)


@pytest.mark.parametrize("name", ANY_SIZE)
@pytest.mark.parametrize("size", [28, 20, 33])
def test_a_head_that_is_given_a_grid_fits_any_size_and_is_exported_as_it_is(name: str, size: int):
    torch.manual_seed(0)
    network = build(name, 7, size, grid=True).eval()
    images = torch.randint(0, 256, (3, size, size), dtype=torch.uint8)
    expected = network(images[:, None] / 255).detach().numpy()
    assert expected.shape == (3, 7)
    np.testing.assert_allclose(Network(to_onnx(network, size))(images.numpy()), expected, atol=1e-4)


def test_a_grid_keeps_where_something_is_and_averages_do_not():
    marks = torch.zeros(2, 1, 48, 48)
    marks[0, :, 12:18, 12:18] = marks[1, :, 28:34, 28:34] = 1  # as far from an edge, and moved by whole strides
    for grid, apart in ((False, False), (True, True)):
        torch.manual_seed(0)
        logits = build("resnet", 5, 48, grid=grid).eval()(marks)
        assert bool((logits[0] - logits[1]).abs().max() > 1e-3) is apart


def test_published_architectures_have_their_sources_size():
    # Inputs plus one for the bias, times outputs, layer by layer as the sources describe them.
    sizes = {name: sum(weights.numel() for weights in build(name, 10).parameters()) for name in PUBLISHED}
    assert sizes["dl4j-lenet"] == 20 * 26 + 50 * 501 + 500 * 801 + 10 * 501
    assert sizes["mlp"] == 784 * 785 + 10 * 785
    assert sizes["simple-cnn"] == 32 * 26 + 128 * (32 * 12 * 12 + 1) + 10 * 129
    assert sizes["large-cnn"] == 30 * 26 + 15 * 271 + 128 * (15 * 25 + 1) + 50 * 129 + 10 * 51
    assert sizes["selu-lenet"] == 12 * 10 + 16 * 109 + 288 * 577 + 144 * 289 + 10 * 145
    assert sizes["keras-cnn"] == 32 * 10 + 64 * 289 + 64 * 577 + 64 * 577 + 10 * 65


@pytest.mark.parametrize("name", ["simple-cnn", "large-cnn", "selu-lenet", "selu-lenet-bn", "keras-cnn"])
def test_pooling_before_an_activation_computes_what_the_sources_do(name: str):
    torch.manual_seed(0)
    network = build(name, 10).eval()
    layers = list(network.children())
    for at, (layer, following) in enumerate(pairwise(tuple(layers))):
        if isinstance(layer, torch.nn.MaxPool2d) and isinstance(following, (torch.nn.ReLU, torch.nn.SELU)):
            layers[at : at + 2] = following, layer
    images = torch.rand(20, 1, 28, 28)
    torch.testing.assert_close(network(images), torch.nn.Sequential(*layers)(images))


@pytest.mark.parametrize(("arguments", "convolutions"), [(NEW_ARGUMENTS["selu-lenet"], "ReLU"), ({}, "SELU")])
def test_a_new_selu_lenet_has_relu_after_its_convolutions_and_an_old_file_keeps_selu(
    arguments: dict[str, Any], convolutions: str
):
    followers: list[list[str]] = []
    for layer in build("selu-lenet", 10, **arguments).children():
        if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
            followers.append([])
        elif isinstance(layer, (torch.nn.ReLU, torch.nn.SELU)):
            followers[-1].append(type(layer).__name__)
    assert followers == [[convolutions], [convolutions], ["SELU"], ["SELU"], []]


def test_a_reading_of_selu_lenet_differs_only_in_what_it_says():
    def of(reading: Reading) -> torch.nn.Sequential:
        torch.manual_seed(0)
        return reading.network()

    torch.manual_seed(0)
    published = build("selu-lenet", 10, **NEW_ARGUMENTS["selu-lenet"])
    images = torch.rand(50, 1, 28, 28)
    torch.testing.assert_close(of(Reading("ReLU"))(images), published(images), rtol=0, atol=0)
    for activation in ("SELU", "Identity"):
        assert (of(Reading(activation))(images) - published(images)).abs().max() > 0.01
    standardised = (images - images.mean()) / images.std(correction=0)
    scaled = of(Reading("ReLU", standardised=True))
    torch.testing.assert_close(scaled(images), published(standardised), rtol=1e-3, atol=1e-3)


def test_every_published_architecture_has_a_recipe():
    assert set(PUBLISHED) == set(ARCHITECTURES) - {"resnet", "resnet-small"}


def test_first_part_of_a_training_can_see_smaller_images(monkeypatch):
    seen = []
    forward = torch.nn.Sequential.forward

    def noted(network: torch.nn.Sequential, images: torch.Tensor) -> torch.Tensor:
        if type(network).__name__ == "ResNet" and network.training:
            seen.append(images.shape[-1])
        return forward(network, images)  # type: ignore[no-any-return, no-untyped-call]

    monkeypatch.setattr(torch.nn.Sequential, "forward", noted)
    pixels = torch.randint(0, 256, (32, 1, 28, 28), dtype=torch.uint8)
    images = ImageSet(pixels, torch.arange(32), torch.arange(32) % 2, [], ("a", "b"))
    recipe = Recipe(epochs=2, batch_size=8, progressive_resizing=0.75)
    Trainer(build("resnet", 2, widths=(4, 8)), images, None, recipe).fit()
    assert seen == [14] * 6 + [28] * 2
