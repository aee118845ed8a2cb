"""What light and a camera do to a scene: shadows, blur, grain, white balance, JPEG."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageFilter

from training.ink.noise import Field, Scene, clouds, side_of


def lit(scene: Scene, generator: np.random.Generator) -> Scene:
    """The scene in uneven light: it falls off, a hand or a phone throws a shadow, a lamp shines."""
    size = scene.shape[0]
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    angle = generator.uniform(0, 2 * math.pi)
    light = 1 + generator.uniform(0, 0.45) * (columns * math.cos(angle) + rows * math.sin(angle))
    light -= generator.choice([0, 0.5]) * generator.uniform(0, 1) * (columns**2 + rows**2)
    for _ in range(generator.choice([0, 1, 2], p=[0.6, 0.3, 0.1])):
        light = light * _shadow(columns, rows, generator)
    if generator.random() < 0.3:
        light = light * (1 + generator.uniform(0, 0.1) * clouds(size, generator.uniform(2, 5), generator))
    bright: Scene = scene * light[..., None].astype(np.float32)
    return bright


def _shadow(columns: Field, rows: Field, generator: np.random.Generator) -> Field:
    size = columns.shape[0]
    angle, bend = generator.uniform(0, 2 * math.pi), generator.normal(0, 0.05)
    across = columns * math.cos(angle) + rows * math.sin(angle) - generator.uniform(-0.4, 0.4)
    along = rows * math.cos(angle) - columns * math.sin(angle)
    edge = across + bend * np.sin(generator.uniform(2, 12) * along + angle)
    softness = size * float(np.exp(generator.uniform(math.log(0.003), math.log(0.15))))
    cover = side_of(edge * size, softness)
    if generator.random() < 0.4:  # of something with a corner, or narrow
        angle += generator.choice([math.pi, generator.uniform(0.6, 2.5)])
        across = columns * math.cos(angle) + rows * math.sin(angle) + generator.uniform(0, 0.3)
        cover = cover * side_of(across * size, softness)
    return 1 - np.float32(generator.uniform(0.1, 0.6)) * cover


def scanned(scene: Scene, generator: np.random.Generator) -> Image.Image:
    """The picture that a scanner makes, or a program: RGB, even light, the paper often pure white (or black)."""
    paper = np.median(scene, axis=(0, 1))
    if paper.mean() > 88:
        scene = scene * (generator.uniform(225, 290) / np.maximum(paper, 1))
    else:
        scene = scene - paper * generator.uniform(0.5, 1.2)
    picture = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    if generator.random() < 0.25:
        picture = _enlarged(picture, round(scene.shape[0] * generator.uniform(0.06, 0.3)))
    picture = picture.filter(ImageFilter.GaussianBlur(scene.shape[0] / 256 * generator.uniform(0.1, 0.9)))
    if generator.random() < 0.5:
        picture = picture.convert("L").convert("RGB")
    return _compressed(picture, int(generator.integers(60, 101)))


def photographed(scene: Scene, generator: np.random.Generator, fine: bool = False) -> Image.Image:
    """The picture that the camera saves: RGB, of the same size; `fine` if it had many more pixels, which were averaged:
    then there is little blur and grain."""
    size = scene.shape[0]
    scene = scene * generator.uniform(0.93, 1.07, 3).astype(np.float32)
    contrast, middle = generator.uniform(0.7, 1.15), generator.uniform(90, 150)
    scene = (scene - middle) * contrast + middle + generator.uniform(-15, 15)
    picture = Image.fromarray(scene.clip(0, 255).astype(np.uint8))
    if fine:
        picture = picture.filter(ImageFilter.GaussianBlur(size / 256 * generator.uniform(0.1, 0.7)))
        fine_grain = generator.normal(0, generator.uniform(0, 2.5), (size, size, 1))
        picture = Image.fromarray((np.asarray(picture) + fine_grain).clip(0, 255).astype(np.uint8))
        return _compressed(picture, int(generator.integers(75, 98)))
    if generator.random() < 0.15:
        picture = _enlarged(picture, round(size * generator.uniform(0.2, 0.6)))
    blur = float(size / 256 * generator.choice([0.3, 0.8, 2.0], p=[0.4, 0.45, 0.15]) * generator.uniform(0.5, 1.5))
    picture = picture.filter(ImageFilter.GaussianBlur(blur))
    if generator.random() < 0.2:  # a phone's sharpening
        picture = picture.filter(ImageFilter.UnsharpMask(generator.uniform(1, 3), 80, 0))
    shape = (size, size, 1 if generator.random() < 0.5 else 3)
    grain = generator.standard_normal(shape, np.float32) * np.float32(
        generator.choice([1.0, 3.0, 8.0], p=[0.5, 0.4, 0.1])
    )
    picture = Image.fromarray((np.asarray(picture) + grain).clip(0, 255).astype(np.uint8))
    if generator.random() < 0.1:
        picture = picture.convert("L").convert("RGB")
    return _compressed(picture, int(generator.integers(30, 96)))


def _enlarged(picture: Image.Image, small: int) -> Image.Image:
    """What the picture looks like when a picture of `small` pixels is enlarged to its size."""
    return picture.resize((small, small), Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)


def _compressed(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file).convert("RGB")
