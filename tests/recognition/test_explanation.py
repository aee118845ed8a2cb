"""What is shown of a network's inside is what PyTorch computes there, and explains the very answer that is given."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from app.recognition import model_file
from app.recognition.classifier import Classifier, UnexplainedError
from app.recognition.explanation import Inspector
from app.recognition.inside import Inside, with_outputs
from app.recognition.layer_words import names, sentence
from app.recognition.model_file import LAYERS, NEIGHBOURS, InsideRecords
from app.recognition.neighbours import Neighbours, quantised
from tests.conftest import MODEL, encode
from tests.training.untrained import untrained
from training.images import ImageSet
from training.layers import describe
from training.networks import ARCHITECTURES, ResNet
from training.onnx_export import to_onnx
from training.quantisation import quantise

CLASSES = 3
IMAGE = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
AVERAGED = ("resnet", "resnet-small")


@cache
def exported(architecture: str) -> bytes:
    return to_onnx(untrained(architecture, CLASSES), 28)


def description(architecture: str) -> Inside:
    described = describe(exported(architecture))
    assert described
    return described


def inspector(architecture: str) -> Inspector:
    return Inspector(InsideRecords(exported(architecture), description(architecture).to_json().encode(), None))


def groups(network: nn.Sequential) -> Iterator[nn.Module]:
    """The module whose result each layer shows: the last one that belongs to it."""
    if isinstance(network, ResNet):
        for module in network:
            first = getattr(module, "first", None)
            if isinstance(first, nn.Module):
                yield first
            if not isinstance(module, nn.Flatten):
                yield module
        return
    last = None
    for module in network:
        if isinstance(module, (nn.Conv2d, nn.MaxPool2d, nn.Linear)) and last is not None:
            yield last
        if not isinstance(module, (nn.Flatten, nn.Dropout)):
            last = module
    assert last is not None
    yield last


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_layer_shows_what_pytorch_computes_there(architecture: str):
    network = untrained(architecture, CLASSES)
    assert isinstance(network, nn.Sequential)
    seen: dict[nn.Module, Tensor] = {}
    for module in network.modules():
        module.register_forward_hook(lambda module, _, output: seen.update({module: output.detach().clone()}))
    modules = list(groups(network))
    with torch.inference_mode():
        network(torch.from_numpy(IMAGE)[None, None] / 255)
    expected = [seen[module][0].numpy() for module in modules]
    shown = inspector(architecture).inspect(IMAGE)
    assert len(shown.layers) == len(expected)
    for maps, wanted in zip(shown.layers, expected, strict=True):
        assert maps.values.shape == maps.layer.shape
        np.testing.assert_allclose(maps.values, wanted.reshape(maps.layer.shape), atol=1e-4)
    first = next((module for module in network.modules() if isinstance(module, nn.Conv2d)), None)
    assert (shown.layers[0].kernels is None) == (first is None)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_class_activation_maps_add_up_to_the_logits(architecture: str):
    shown = inspector(architecture).inspect(IMAGE)
    assert (shown.activation_maps is not None) == (architecture in AVERAGED)
    if shown.activation_maps is not None and shown.bias is not None:
        assert np.abs(shown.activation_maps).max() > 0.01
        np.testing.assert_allclose(shown.activation_maps.sum((1, 2)) + shown.bias, shown.logits, atol=1e-5)


def with_a_grid(architecture: str, size: int = 28) -> tuple[nn.Module, nn.Linear]:
    """A network that has learned nothing, and its head, whose weights are as large as those of a fitted one."""
    network = untrained(architecture, CLASSES, size=size, grid=True)
    *_, head = network.children()
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight.mul_(50)
    return network, head


def looking_into(onnx_file: bytes) -> Inspector:
    described = describe(onnx_file)
    assert described
    assert Inside.from_json(described.to_json()) == described
    return Inspector(InsideRecords(onnx_file, described.to_json().encode(), None))


def noise(count: int, size: int) -> ImageSet:
    images = np.random.default_rng(0).integers(0, 256, (count, 1, size, size), np.uint8)
    return ImageSet(torch.from_numpy(images), torch.arange(count), torch.zeros(count).long(), [""] * count, ("a",))


@pytest.mark.parametrize("architecture", AVERAGED)
@pytest.mark.parametrize("size", [20, 28, 32, 45])
@pytest.mark.parametrize("eight_bit", [False, True])
def test_maps_of_a_head_that_is_given_a_grid_add_up_to_the_logits(architecture: str, size: int, eight_bit: bool):
    network, _ = with_a_grid(architecture, size)
    onnx_file, images = to_onnx(network, size), noise(8, size)
    looking = looking_into(quantise(onnx_file, images) if eight_bit else onnx_file)
    for image in [*images.images[:, 0].numpy(), np.zeros((size, size), np.uint8)]:
        shown = looking.inspect(image)
        assert shown.activation_maps is not None
        assert shown.bias is not None
        assert np.abs(shown.activation_maps).max() > 0.05
        np.testing.assert_allclose(shown.activation_maps.sum((1, 2)) + shown.bias, shown.logits, atol=1e-4)
        if not eight_bit:
            expected = network(torch.from_numpy(image)[None, None] / 255)[0].tolist()
            np.testing.assert_allclose(shown.logits, expected, atol=1e-4)


def test_the_layers_of_a_network_with_a_grid_are_those_that_learn():
    network, _ = with_a_grid("resnet")
    shown = looking_into(to_onnx(network, 28)).inspect(IMAGE)
    assert [one.layer.kind for one in shown.layers] == [*["convolution", "convolution", "residual"] * 3, "output"]


FINER, COARSER = 64 * 4 * 4, 128 * 2 * 2  # features of the last two stages


def test_a_value_of_the_finer_maps_adds_its_gradient_times_itself():
    network, head = with_a_grid("resnet")
    with torch.no_grad():
        head.weight[:, FINER:] = 0
    shown = looking_into(to_onnx(network, 28)).inspect(IMAGE)
    assert shown.activation_maps is not None
    maps = torch.from_numpy(shown.layers[5].values).requires_grad_()
    averages = nn.functional.avg_pool2d(maps, 3, stride=2, padding=1).flatten()
    for logit, found in zip(head.weight[:, :FINER] @ averages, shown.activation_maps, strict=True):
        (gradient,) = torch.autograd.grad(logit, maps, retain_graph=True)
        np.testing.assert_allclose(found, (gradient * maps).sum(0).detach(), atol=1e-5)


@pytest.mark.parametrize("row", [0, 1])
@pytest.mark.parametrize("column", [0, 1])
def test_a_square_of_the_coarser_maps_is_shown_where_it_lies(row: int, column: int):
    network, head = with_a_grid("resnet")
    only = torch.zeros(CLASSES, 128, 2, 2)
    only[:, :, row, column] = 1
    with torch.no_grad():
        head.weight.mul_(torch.cat([torch.zeros(CLASSES, FINER), only.reshape(CLASSES, COARSER)], 1))
    shown = looking_into(to_onnx(network, 28)).inspect(IMAGE)
    assert shown.activation_maps is not None
    assert shown.activation_maps.shape == (CLASSES, 7, 7)
    found = np.nonzero(shown.activation_maps.any(0))
    for axis, second in enumerate((row, column)):
        assert set(found[axis].tolist()) == (set(range(1, 7)) if second else set(range(4)))


def test_the_committed_model_is_explained_as_it_answers(classifier: Classifier, drawings):
    for _, image in drawings[::24]:
        file = encode(image)
        explained = classifier.explain(file)
        preprocessed = classifier.preprocess(file)
        np.testing.assert_array_equal(explained.preprocessed, preprocessed)
        assert explained.prediction == classifier.predict([preprocessed])[0]
        maps, bias = explained.inspection.activation_maps, explained.inspection.bias
        assert maps is not None
        assert bias is not None
        np.testing.assert_allclose(maps.sum((1, 2)) + bias, explained.inspection.logits, atol=1e-4)


@pytest.mark.parametrize("architecture", ["resnet-small", "keras-cnn", "selu-lenet"])
def test_a_unit_answers_to_its_receptive_field_alone(architecture: str):
    looking = inspector(architecture)
    before = looking.inspect(IMAGE).layers
    for number, (layer, values, _) in enumerate(before):
        if layer.field is None or layer.field.size > 20:
            continue
        row, column = layer.shape[1] // 2, layer.shape[2] // 3
        centre_y = layer.field.start + row * layer.field.step
        centre_x = layer.field.start + column * layer.field.step
        edges = [round(centre + side * layer.field.size / 2) for centre in (centre_y, centre_x) for side in (-1, 1)]
        top, bottom, left, right = (min(max(edge, 0), 28) for edge in edges)
        outside = 255 - IMAGE
        outside[top:bottom, left:right] = IMAGE[top:bottom, left:right]
        after = looking.inspect(outside).layers[number].values
        np.testing.assert_allclose(after[:, row, column], values[:, row, column], atol=1e-4)
        assert np.abs(after - values).max() > 1e-2
        corner = IMAGE.copy()
        corner[top, left] ^= 128
        corner[bottom - 1, right - 1] ^= 128
        changed = looking.inspect(corner).layers[number].values
        assert np.abs(changed[:, row, column] - values[:, row, column]).max() > 1e-6


@pytest.mark.parametrize(("left", "top"), [(30, 60), (150, 20)])
def test_the_input_lies_where_it_was_cut_out(left: int, top: int, classifier: Classifier):
    image = Image.new("L", (320, 240), 255)
    image.paste(0, (left, top, left + 20, top + 100))
    explained = classifier.explain(encode(image))
    x0, y0, x1, y1 = (share * side for share, side in zip(explained.place, (320, 240, 320, 240), strict=True))
    assert x1 - x0 == pytest.approx(y1 - y0)
    rows, columns = np.nonzero(explained.preprocessed)
    pixel = (x1 - x0) / 28
    assert y0 + rows.min() * pixel == pytest.approx(top, abs=0.1)
    assert y0 + (rows.max() + 1) * pixel == pytest.approx(top + 100, abs=0.1)
    # Widened to whole pixels of the input.
    assert x0 + columns.min() * pixel == pytest.approx(left, abs=pixel)
    assert x0 + (columns.max() + 1) * pixel == pytest.approx(left + 20, abs=pixel)


def test_a_stored_image_is_its_own_nearest_neighbour(classifier: Classifier):
    records = model_file.load_inside(MODEL, classifier.model)
    assert records.neighbours
    stored = Neighbours.from_bytes(records.neighbours)
    assert len(stored.images) == 1000
    assert all("CC BY" in credit or "MIT" in credit for credit in stored.credit)
    looking = Inspector(records)
    for row in range(0, 1000, 99):
        first, *others = looking.inspect(stored.images[row]).neighbours
        np.testing.assert_array_equal(first.image, stored.images[row])
        assert first.label == stored.labels[row]
        assert first.similarity > 0.999
        assert len(others) == 4
        assert first.similarity >= others[0].similarity >= others[-1].similarity


def test_neighbours_come_back_from_their_record():
    features = quantised(np.random.default_rng(0).normal(size=(2, 5)).astype(np.float32))
    stored = Neighbours(features, np.stack([IMAGE, 255 - IMAGE]), ["a", "つ"], ("somebody; CC0",))
    found = Neighbours.from_bytes(stored.to_bytes())
    np.testing.assert_array_equal(found.features, features)
    np.testing.assert_array_equal(found.images, stored.images)
    assert found.labels == ["a", "つ"]
    assert found.credit == ("somebody; CC0",)


def test_outputs_are_added_as_the_onnx_package_reads_them():
    tensors = ["relu", "a name of more than 127 letters " * 9]
    network = exported("simple-cnn")
    before, after = onnx.load_from_string(network), onnx.load_from_string(with_outputs(network, tensors))
    assert [output.name for output in after.graph.output] == ["logits", *tensors]
    del after.graph.output[1:]
    assert after == before


def test_the_description_comes_back_from_its_record():
    described = description("resnet")
    assert Inside.from_json(described.to_json()) == described


def test_layers_are_named_and_described():
    described = description("large-cnn")
    assert names(described.layers) == [
        "Convolution 1",
        "Max pooling 1",
        "Convolution 2",
        "Max pooling 2",
        "Dense layer 1",
        "Dense layer 2",
        "Output",
    ]
    first = sentence(described.layers[0], is_first=True, learned_unknown=False)
    assert first.startswith("Each of 30 filters looks at 5 \u00d7 5 pixels of the drawing")
    assert first.endswith("its map is bright where the filter fits.")
    pooling = sentence(described.layers[1], is_first=False, learned_unknown=False)
    assert pooling.startswith("Of every 2 \u00d7 2 places only the strongest value is kept")
    assert pooling.endswith("(ReLU).")


def changed_copy(path: Path, change: dict[str, bytes | None]) -> Path:
    """The committed model with other records; None leaves one out."""
    with zipfile.ZipFile(MODEL) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            contents = change.get(name.removeprefix("archive/"), source.read(name))
            if contents is not None:
                target.writestr(name, contents)
    return path


def test_a_file_without_descriptions_still_answers(seven: Image.Image, tmp_path: Path):
    old = Classifier.load(changed_copy(tmp_path / "old.pt", {LAYERS: None, NEIGHBOURS: None}))
    explained = old.explain(encode(seven))
    assert explained.prediction.label == "7"
    assert explained.inspection.layers == []
    assert explained.inspection.activation_maps is None
    assert explained.inspection.neighbours == []


NAMES_NO_TENSOR = json.dumps(
    {
        "format": 1,
        "features": "view",
        "class_activation": None,
        "layers": [
            {
                "kind": "output",
                "tensor": "no such",
                "shape": [3],
                "activation": None,
                "kernel": 0,
                "stride": 0,
                "weights": None,
                "field": None,
            }
        ],
    }
).encode()


@pytest.mark.parametrize(
    "change",
    [
        {LAYERS: b"[]"},
        {LAYERS: b'{"format": 1}'},
        {LAYERS: b'{"format": 9}'},
        {NEIGHBOURS: b"no archive"},
        {LAYERS: NAMES_NO_TENSOR},
    ],
)
def test_a_damaged_description_is_told_and_does_not_disturb_answers(
    change: dict[str, bytes | None], seven: Image.Image, tmp_path: Path
):
    damaged = Classifier.load(changed_copy(tmp_path / "damaged.pt", change))
    with pytest.raises(UnexplainedError, match="cannot be explained"):
        damaged.explain(encode(seven))
    assert damaged.predict([damaged.preprocess(encode(seven))])[0].label == "7"


def test_another_model_in_the_file_is_noticed(seven: Image.Image, tmp_path: Path):
    path = changed_copy(tmp_path / "model.pt", {})
    loaded = Classifier.load(path)
    card = zipfile.ZipFile(MODEL).read("archive/serving/card.json").replace(b'"title": ""', b'"title": "Other"')
    changed_copy(path, {"serving/card.json": card})
    with pytest.raises(UnexplainedError, match="another model"):
        loaded.explain(encode(seven))
    # Published models have no file to be replaced.
    contents = MODEL.read_bytes()
    assert Classifier.load(tmp_path / "nowhere.pt", contents).explain(encode(seven)).inspection.layers
