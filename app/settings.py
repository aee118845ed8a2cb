"""Everything that the environment can change, read once at start-up."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, PositiveInt
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One field for each environment variable of the same name, in capitals."""

    model_config = SettingsConfigDict(frozen=True)

    model_path: Path = Field(Path("model.pt"), description="The model file to serve.")
    max_upload_bytes: PositiveInt = Field(10_000_000, description="Largest request body, in bytes.")
    unsure_below: float = Field(0.8, ge=0, le=1, description="Below this confidence the page is not sure.")
    max_pixels: PositiveInt = Field(50_000_000, description="Largest image, width times height.")
