"""Write the HTML pages as the server renders them into a folder: `make lint` validates them there."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

from app.main import ROOT, create_app
from app.settings import Settings


def main(folder: Path) -> None:
    """Write the page as it is at first, with an answer, with an error and for another model, and the other pages."""
    drawing = Image.new("L", (280, 280), 255)
    ImageDraw.Draw(drawing).line([(80, 70), (200, 70), (130, 220)], fill=0, width=10)
    file = io.BytesIO()
    drawing.save(file, "PNG")
    folder.mkdir(exist_ok=True)
    with TestClient(create_app(Settings(model_path=(ROOT / "model.pt", ROOT / "models")))) as client:
        pages = {
            "page": client.get("/"),
            "answered": client.post("/", files={"image": file.getvalue()}),
            "refused": client.post("/", files={"image": b"milk, eggs"}),
            "letters": client.get("/?model=letters"),
            "about": client.get("/about"),
            "about-letters": client.get("/about?model=letters"),
            "docs": client.get("/docs"),
        }
    for name, answer in pages.items():
        (folder / f"{name}.html").write_text(answer.text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
