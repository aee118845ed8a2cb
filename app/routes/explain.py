"""POST /explain: what the network makes of an image, layer by layer, and why it answers as it does."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json

from app.models import PARAMETER, ready_classifier
from app.recognition import layer_words
from app.recognition.classifier import Explanation
from app.recognition.explanation import LayerMaps
from app.recognition.model_card import ModelCard
from app.recognition.pictures import column, png, value_range
from app.routes.predict import ERRORS, FORM, PredictionAnswer, data_url, included_parts

router = APIRouter()
_PARTS = ("kernels",)


class ReceptiveFieldAnswer(BaseModel):
    """The square of the network's input that each value of a map depends on, in the input's pixels."""

    size: int = Field(description="The square's side")
    step: int = Field(description="From one value's square to the next one's")
    start: float = Field(description="The centre of the first value's square, from the input's left and top")


class LayerAnswer(BaseModel):
    """A layer, and what it makes of the image."""

    name: str = Field(examples=["Convolution 1"])
    kind: str = Field(description="convolution, residual, pooling, average, dense or output")
    description: str = Field(description="What it does, in a sentence or two")
    shape: list[int] = Field(description="Maps, height and width; or the number of values", examples=[[32, 14, 14]])
    range: tuple[float, float] = Field(description="The values that are black and white on the picture")
    maps: str = Field(description="All maps, one below the other, as the data URL of a PNG image; values as one pixel")
    receptive_field: ReceptiveFieldAnswer | None = Field(
        description="Null where each value answers to all of the image"
    )
    kernels: str | None = Field(
        None,
        description="If they were asked for, the first convolution's kernels, one below the other, as the data URL of "
        "a PNG image; mid-grey is 0",
    )


class ActivationMapsAnswer(BaseModel):
    """Where in the image something speaks for each class, and how much: class activation maps."""

    shape: tuple[int, int] = Field(description="Height and width, in equal parts of the network's input")
    maps: dict[str, list[list[float]]] = Field(
        description="For every class the rows of its map; with the class's bias they add up to its logit. What is "
        "negative speaks against it"
    )
    bias: dict[str, float] = Field(description="What each class has before anything is seen")


class NeighbourAnswer(BaseModel):
    """A training image that the network finds like this one."""

    label: str = Field(description="Its class")
    similarity: float = Field(description="1 for the same in the network's eyes", le=1.0001)
    image: str = Field(description="As the network saw it, the data URL of a PNG image")


class ExplanationAnswer(PredictionAnswer):
    """What `/predict` answers, and how it came about."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    place: tuple[float, float, float, float] = Field(
        description="Where the network's square input lies on the upright upload: left, top, right and bottom as "
        "shares of the upload's width and height. It may go beyond"
    )
    layers: list[LayerAnswer] = Field(description="From input to output; none if the model file does not describe them")
    activation_maps: ActivationMapsAnswer | None = Field(
        description="Null for a network that does not end in average pooling and one linear layer: it has none"
    )
    neighbours: list[NeighbourAnswer] = Field(
        description="The five training images that are most like this one, of those in the model file"
    )
    credit: list[str] = Field(description="Whose images the neighbours are, and under which licence")


_INCLUDE = {
    "name": "include",
    "in": "query",
    "required": False,
    "schema": {"type": "array", "items": {"type": "string", "enum": list(_PARTS)}},
    "description": "`kernels` adds the first layer's kernels to the answer; they are the same for every image",
}


@router.post(
    "/explain",
    summary="Look inside the network",
    responses={200: {"model": ExplanationAnswer}, **ERRORS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FORM}}},
        "parameters": [_INCLUDE, PARAMETER],
    },
)
async def explain(request: Request) -> Response:
    """Send an image as to `/predict`: the answer has what each layer of the network makes of it, what speaks for every
    class and where, and the training images that it is most like.

    Every model of the trainer shows its own layers. It takes about six times as long as `/predict`.
    """
    included = included_parts(request, *_PARTS)
    classifier = ready_classifier(request)
    model = classifier.classifier.model
    async with request.app.state.uploads.received(request) as upload:
        answer = await classifier.explain(
            upload.image, lambda explanation: to_json(_answer(explanation, model, "kernels" in included))
        )
    return Response(answer, media_type="application/json", headers={"X-Model-Version": model.version})


def _answer(explanation: Explanation, model: ModelCard, with_kernels: bool) -> dict[str, Any]:
    inspection = explanation.inspection
    names = layer_words.names([maps.layer for maps in inspection.layers])
    return {
        **explanation.prediction._asdict(),
        "input": data_url(png(explanation.preprocessed)),
        "place": explanation.place,
        "layers": [
            _layer(maps, name, number == 0, model.learned_unknown, with_kernels)
            for number, (name, maps) in enumerate(zip(names, inspection.layers, strict=True))
        ],
        "activation_maps": _activation_maps(explanation, model),
        "neighbours": [
            {"label": one.label, "similarity": round(one.similarity, 4), "image": data_url(png(one.image))}
            for one in inspection.neighbours
        ],
        "credit": inspection.credit,
    }


def _layer(maps: LayerMaps, name: str, is_first: bool, learned_unknown: bool, with_kernels: bool) -> dict[str, Any]:
    layer, values, kernels = maps
    shown = value_range(values)
    answer: dict[str, Any] = {
        "name": name,
        "kind": layer.kind,
        "description": layer_words.sentence(layer, is_first, learned_unknown),
        "shape": layer.shape,
        "range": [round(limit, 4) for limit in shown],
        "maps": data_url(column(values, *shown)),
        "receptive_field": layer.field and asdict(layer.field),
    }
    if with_kernels and kernels is not None:
        reach = float(abs(kernels).max())
        answer["kernels"] = data_url(column(kernels, -reach, reach))
    return answer


def _activation_maps(explanation: Explanation, model: ModelCard) -> dict[str, Any] | None:
    maps, bias = explanation.inspection.activation_maps, explanation.inspection.bias
    if maps is None or bias is None:
        return None
    classes = model.classes  # not the output for what is none of them
    return {
        "shape": maps.shape[1:],
        "maps": dict(zip(classes, maps.astype(float).round(5).tolist(), strict=False)),
        "bias": dict(zip(classes, bias.astype(float).round(5).tolist(), strict=False)),
    }
