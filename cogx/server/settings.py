"""Knows every setting of the server, its default and the names under which it is found.

Names that a cognee server has mean the same here; the rest begin with COGX_. What is given on the
command line goes before the environment, that before the file ``.env``.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from cogx.errors import BadSetting

PORT: Final = 8000
AGENT_PORT: Final = 8011


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """How one server runs. Sizes in bytes, times in seconds."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", populate_by_name=True, frozen=True
    )

    host: str = Field("127.0.0.1", validation_alias=_named("HTTP_API_HOST"))
    port: int | None = Field(None, ge=0, le=65535, validation_alias=_named("HTTP_API_PORT"))
    data_directory: Path = Field(
        Path.home() / ".local/share/cogx/server", validation_alias=_named("COGX_DATA_DIR")
    )
    database_url: str | None = Field(None, validation_alias=_named("COGX_DATABASE_URL"))
    store: Literal["ladybug", "sqlite"] = Field("ladybug", validation_alias=_named("COGX_STORE"))
    workers: int = Field(2, ge=1, le=64, validation_alias=_named("COGX_WORKERS"))

    require_authentication: bool = Field(True, validation_alias=_named("REQUIRE_AUTHENTICATION"))
    default_user_email: str = Field(
        "default_user@example.com", validation_alias=_named("DEFAULT_USER_EMAIL")
    )
    default_user_password: SecretStr | None = Field(
        None, validation_alias=_named("DEFAULT_USER_PASSWORD")
    )
    open_registration: bool = Field(True, validation_alias=_named("COGX_OPEN_REGISTRATION"))
    jwt_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(48)),
        validation_alias=_named("FASTAPI_USERS_JWT_SECRET"),
    )
    jwt_lifetime_s: int = Field(3600, ge=60, validation_alias=_named("JWT_LIFETIME_SECONDS"))
    auth_cookie: str = Field("auth_token", validation_alias=_named("AUTH_TOKEN_COOKIE_NAME"))
    max_api_keys: int = Field(10, ge=1, validation_alias=_named("MAX_USER_API_KEYS"))

    max_upload_bytes: int = Field(2 << 30, ge=1, validation_alias=_named("COGX_MAX_UPLOAD_BYTES"))
    max_member_bytes: int = Field(512 << 20, ge=1, validation_alias=_named("COGX_MAX_MEMBER_BYTES"))
    max_total_bytes: int = Field(2 << 30, ge=1, validation_alias=_named("COGX_MAX_TOTAL_BYTES"))
    max_members: int = Field(100_000, ge=1, validation_alias=_named("COGX_MAX_MEMBERS"))
    max_uploads_at_once: int = Field(4, ge=1, validation_alias=_named("COGX_MAX_UPLOADS"))
    max_uploads_waiting: int = Field(16, ge=0, validation_alias=_named("COGX_MAX_UPLOADS_WAITING"))
    idle_upload_s: float = Field(30.0, gt=0, validation_alias=_named("COGX_IDLE_UPLOAD_SECONDS"))
    upload_chunk_bytes: int = Field(
        8 << 20, ge=1, validation_alias=_named("COGX_UPLOAD_CHUNK_BYTES")
    )
    upload_kept_s: float = Field(86400.0, ge=3600, validation_alias=_named("COGX_UPLOAD_SECONDS"))
    user_quota_bytes: int | None = Field(
        None, ge=0, validation_alias=_named("COGX_USER_QUOTA_BYTES")
    )
    requests_per_minute: int | None = Field(
        None, ge=1, validation_alias=_named("COGX_REQUESTS_PER_MINUTE")
    )
    drain_s: float = Field(8.0, ge=0, validation_alias=_named("BACKGROUND_DRAIN_TIMEOUT_SECONDS"))

    cloud_url: str | None = Field(
        None, validation_alias=_named("COGNEE_SERVICE_URL", "COGNEE_CLOUD_API_URL")
    )
    cloud_api_key: SecretStr | None = Field(
        None, validation_alias=_named("COGNEE_API_KEY", "COGNEE_CLOUD_AUTH_TOKEN")
    )

    deriver: str | None = Field(None, validation_alias=_named("COGX_DERIVER"))
    llm_url: str | None = Field(None, validation_alias=_named("COGX_LLM_URL", "LLM_ENDPOINT"))
    llm_model: str | None = Field(None, validation_alias=_named("COGX_LLM_MODEL", "LLM_MODEL"))
    llm_api_key: SecretStr | None = Field(
        None, validation_alias=_named("COGX_LLM_API_KEY", "LLM_API_KEY")
    )

    agent_mode: bool = Field(False, validation_alias=_named("COGNEE_AGENT_MODE"))
    agent_tick_s: float = Field(60.0, gt=0, validation_alias=_named("COGX_AGENT_TICK_SECONDS"))
    agent_ttl_s: float | None = Field(
        None, ge=120, validation_alias=_named("COGX_AGENT_TTL_SECONDS")
    )
    metrics: bool = Field(False, validation_alias=_named("COGX_METRICS"))
    tracing: bool = Field(False, validation_alias=_named("COGNEE_TRACING_ENABLED"))
    json_logs: bool = Field(False, validation_alias=_named("COGX_JSON_LOGS"))

    @field_validator("agent_mode", mode="before")
    @classmethod
    def _exactly_true(cls, value: object) -> object:
        """Take the word as cognee does: only "true" is, in any case of its letters."""
        return value.lower() == "true" if isinstance(value, str) else value

    @model_validator(mode="after")
    def _default_port(self) -> Settings:
        if self.port is None:
            object.__setattr__(self, "port", AGENT_PORT if self.agent_mode else PORT)
        return self

    @property
    def state_url(self) -> str:
        """The relational database that holds users, datasets and jobs, as SQLAlchemy names it."""
        if self.database_url is None:
            return f"sqlite:///{self.data_directory / 'state.sqlite'}"
        scheme, colon, rest = self.database_url.partition("://")
        if scheme in ("postgres", "postgresql"):
            scheme = "postgresql+psycopg"
        return f"{scheme}{colon}{rest}"


def settings_of(given: Mapping[str, object]) -> Settings:
    """Return the settings: those given by their field's name, the others as they are found.

    Raises:
        BadSetting: some cannot be used; the text names their variables and never what they hold.
    """
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        faults = [f"{_variable(str(one['loc'][0]))}: {one['msg']}" for one in error.errors()]
        raise BadSetting(
            f"{'; '.join(faults)}. Correct it in the environment, in .env or on the command line."
        ) from error


def variables_of(field: str) -> tuple[str, ...]:
    """Return the environment variables of a setting; the first goes before the others."""
    named = Settings.model_fields[field].validation_alias
    assert isinstance(named, AliasChoices)
    return tuple(str(one) for one in named.choices)


def _variable(where: str) -> str:
    return variables_of(where)[0] if where in Settings.model_fields else where
