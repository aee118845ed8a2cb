"""The do-nothing server: a FastAPI endpoint that accepts the upload and recognises nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, File, UploadFile

app = FastAPI()


@app.post("/predict")
async def predict(image: Annotated[UploadFile, File()]) -> dict[str, str]:
    """Always 7."""
    del image
    return {"label": "7"}
