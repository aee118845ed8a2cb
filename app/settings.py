"""All settings, read once from the environment at the start."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any

from limits import RateLimitItem, parse
from pydantic import Field, PositiveInt, SecretStr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.logs import LogFormat

# What a browser puts into the header Origin (RFC 6454, section 7), which is compared letter by letter; or any origin.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\sA-Z]+|null|\*")
# At most a day: the event loop cannot wait for any number of seconds.
_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Settings(BaseSettings):
    """One field for each environment variable of the same name, in capitals. An empty one is as good as none, but for
    DATABASE_URL."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field("0.0.0.0", description="The address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on.")
    web_concurrency: PositiveInt = Field(1, description="Worker processes.")
    model_path: Annotated[tuple[Path, ...], NoDecode] = Field(
        (Path("model.pt"), Path("models")),
        description="The model files to serve, and folders of such files, with `:` between them; the first is the "
        "default.",
    )
    unsure_below: float = Field(0.9, ge=0, le=1, description="Below this confidence the page says that it is not sure.")
    max_upload_bytes: PositiveInt = Field(10_000_000, description="Largest request body, in bytes.")
    max_pixels: PositiveInt = Field(50_000_000, description="Largest image, width times height.")
    upload_seconds: _Seconds = Field(30, description="Longest time for an upload to arrive.")
    max_waiting: PositiveInt = Field(64, description="Drawings in one worker's queue; more get 503.")
    max_waiting_photographs: PositiveInt = Field(8, description="Photographs in one worker's queue; more get 503.")
    max_held_bytes: PositiveInt = Field(64_000_000, description="Bytes of all uploads in one worker; more get 503.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description='Other sites whose pages may call the API, as JSON: `["https://example.org"]`.'
    )
    database_url: str = Field(
        "sqlite:///handwritten.db",
        description="Where corrections and published models are stored: `sqlite:///FILE`, or a PostgreSQL server's "
        "address; empty: nowhere, and corrections are refused.",
    )
    model_poll_seconds: _Seconds = Field(
        2, description="How often each worker looks for another model: published, or in the file of MODEL_PATH."
    )
    correction_rate: str = Field("60/minute", description="Corrections that one address may send to one worker.")
    max_waiting_corrections: PositiveInt = Field(
        10_000, description="Corrections that wait for review; while there are as many, more are refused."
    )
    review_password: SecretStr = Field(
        SecretStr(""), description="Password of /review, where corrections are accepted; empty: there is no /review."
    )
    log_format: LogFormat = Field("readable", description="The format of the log: `readable` or `json`.")
    log_requests: bool = Field(True, description="Whether the log has a line for each request.")

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in values.items() if value != "" or name == "database_url"}

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _decoded(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError('Write JSON, as in ["https://example.org"]') from error

    @field_validator("model_path", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [part for part in value.split(os.pathsep) if part]
            if not value:
                raise ValueError("Name a model file, or leave it out")
        return (value,) if isinstance(value, Path) else value

    @field_validator("database_url")
    @classmethod
    def _usable_address(cls, value: str) -> str:
        if value not in ("", cls.model_fields["database_url"].default):
            from app.storage.database import parse_url  # not for the default: SQLAlchemy takes 0.2 s

            parse_url(value)
        return value

    @field_validator("correction_rate")
    @classmethod
    def _usable_rate(cls, value: str) -> str:
        try:
            parse(value)
        except ValueError as error:
            raise ValueError("Write a number and a time, as in 60/minute") from error
        return value

    @field_validator("cors_origins")
    @classmethod
    def _as_browsers_send_them(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(map(_ORIGIN.fullmatch, value)):
            raise ValueError('Write "https://example.org": scheme and host in small letters, no slash at the end')
        return value

    @property
    def address(self) -> str:
        """`host` and `port`, as gunicorn's `bind` takes them: an IPv6 address stands in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def correction_limit(self) -> RateLimitItem:
        """`correction_rate`, parsed."""
        return parse(self.correction_rate)


def read_settings() -> Settings:
    """Read the settings. Wrong ones end the process with one line that says what is wrong with each."""
    try:
        return Settings()
    except ValidationError as error:
        lines = (
            f"{_shown(str(problem['loc'][0]).upper(), problem['input'])}: {_reason(problem)}."
            for problem in error.errors()
        )
        raise SystemExit("Wrong settings in the environment. " + " ".join(lines)) from None


def _shown(name: str, value: object) -> str:
    """A setting for the log, as it was written, without what may have a password in it."""
    if name == "DATABASE_URL":
        return name
    return f"{name}={json.dumps(value) if isinstance(value, list) else value}"


def _reason(problem: ErrorDetails) -> str:
    """What is wrong, without the words "Value error" that pydantic puts before the messages of our own validators."""
    return problem["msg"].removeprefix("Value error, ").rstrip(".")
