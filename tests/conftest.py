"""What the tests share: the repository's own model, real pen tracks, and the application with both."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from PIL import Image

from app.main import create_app
from app.recognition.classifier import Classifier
from app.settings import Settings
from tests.postgres import Cluster, cluster
from training.prepare.drawing import draw
from training.prepare.unipen import Character, read_unipen

# No test shall write to the project's own database.
os.environ["DATABASE_URL"] = ""
# No test asserts speed: on a busy machine any example can take long.
settings.register_profile("handwritten", deadline=None)
settings.load_profile("handwritten")
# A shell ignores Ctrl-C for what it runs in the background, and so would the commands that the tests interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
MODEL = ROOT / "model.pt"
TRACK_FILES = (DATA / "pendigits.unp.gz", DATA / "unipen.unp.gz")


@pytest.fixture(scope="session")
def tracks() -> list[Character]:
    """240 digits by writers that the committed model has not seen."""
    return [character for file in TRACK_FILES for character in read_unipen(file)]


@pytest.fixture(scope="session")
def drawings(tracks: list[Character]) -> list[tuple[str, Image.Image]]:
    """The tracks as the page draws them, with their labels."""
    return [(character.label, draw(character.strokes)) for character in tracks]


@pytest.fixture(scope="session")
def seven(drawings: list[tuple[str, Image.Image]]) -> Image.Image:
    """A drawn 7 that is read without doubt."""
    return next(image for label, image in drawings if label == "7")


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    """The committed model."""
    return Classifier.load(MODEL)


@pytest.fixture
def client() -> Iterator[TestClient]:
    """The real application with the committed model."""
    with TestClient(create_app(Settings(model_path=MODEL)), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A PostgreSQL server of our own."""
    with cluster() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'handwritten.db'}"
    server: Cluster = request.getfixturevalue("postgres")
    return server.new_database()


def encode(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The bytes of an image file."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
