"""Everything that the environment can change, read once at start-up."""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import Field, PositiveFloat, PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from app.logs import LogFormat


class Settings(BaseSettings):
    """One field for each environment variable of the same name, in capitals."""

    model_config = SettingsConfigDict(frozen=True)

    model_path: Path = Field(Path("model.pt"), description="The model file to serve.")
    unsure_below: float = Field(0.9, ge=0, le=1, description="Below this confidence the page is not sure.")
    max_upload_bytes: PositiveInt = Field(10_000_000, description="Largest request body, in bytes.")
    max_pixels: PositiveInt = Field(50_000_000, description="Largest image, width times height.")
    upload_seconds: PositiveFloat = Field(30, description="Longest time for an upload to arrive.")
    max_waiting: PositiveInt = Field(64, description="Uploads under way in one worker; more are asked to come back.")
    max_held_bytes: PositiveInt = Field(
        64_000_000, description="Bytes of all uploads under way in one worker; more are asked to come back."
    )
    cors_origins: tuple[str, ...] = Field(
        (), description='Other sites whose pages may call the API, as JSON: `["https://example.org"]`.'
    )
    log_format: LogFormat = Field("readable", description="A line for each request: `readable` or `json`.")
    log_requests: bool = Field(True, description="Whether there is a line for each request.")


def read_settings() -> Settings:
    """The settings of this process. Wrong ones end it with a line for each that says what to do."""
    try:
        return Settings()
    except ValidationError as error:
        lines = (
            f"{'_'.join(map(str, problem['loc'])).upper()}={problem['input']}: {problem['msg']}."
            for problem in error.errors()
        )
        raise SystemExit("Wrong settings in the environment. " + " ".join(lines)) from None
    except SettingsError:  # only CORS_ORIGINS is more than a number or a word
        value = next(value for name, value in os.environ.items() if name.upper() == "CORS_ORIGINS")
        raise SystemExit(
            f'Wrong settings in the environment. CORS_ORIGINS={value}: Write JSON, as in ["https://example.org"].'
        ) from None
