"""Settings: environment variables COFLOW_*, plus plain PORT and DATABASE_URL.

`server.core.environment.load_settings` reads them with readable errors; tests and embedders may
construct Settings directly. docs/configuration.md is generated from this file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from crdt_store.database_url import is_sqlite, parse_database_url
from crdt_store.shared_values import DEFAULT_MAP_KEYS, DEFAULT_TEXT_KEYS, SharedKeys
from server.core.origin_syntax import is_loopback, normalize_origin
from server.core.setting_fields import setting, variable_of
from server.core.signing_keys import key_from_pem, key_from_secret

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

MIN_SECRET_BYTES = 16
"""Of COFLOW_SECRET: share links carry 128 bits of HMAC, and its key should hold as many."""

_LISTS = ("allowed_origins", "text_keys", "map_keys", "extra_roots")


class Settings(BaseSettings):
    """Frozen and validated at start; every error names the variable and what it expects.

    An empty variable counts as not set, except for lists, where it is the empty list.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = setting(
        "127.0.0.1",
        "Server",
        "Address to listen on. In dev mode it must be a loopback address.",
        expects="an address or host name",
    )
    port: int = setting(
        8000, "Server", "Port to listen on; 0 lets the system choose a free one.", ge=0, le=65535
    )
    drain_timeout_s: float = setting(
        8.0,
        "Server",
        "After SIGTERM, how long queued edits may take to be committed before the process exits.",
        ge=0,
        le=600,
    )
    ping_every_s: float = setting(
        20.0,
        "Server",
        "How often an open socket is asked whether anybody is still there; without an answer for "
        "as long again it is closed, and its user is gone.",
        ge=0.1,
        le=600,
    )

    database_url: str = setting(
        "sqlite+aiosqlite:///coflow.db",
        "Storage",
        "Where documents live: an SQLite file (embedded, one process) or PostgreSQL. The plain "
        "schemes `sqlite`, `postgres` and `postgresql` are accepted too.",
        expects="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        secret=True,
    )
    migrate_on_start: bool | None = setting(
        None,
        "Storage",
        "Bring the schema up to date before serving. Unset: yes for SQLite, no for PostgreSQL, "
        "where `coflow migrate` is a step of the deployment.",
    )
    fold_after_rows: int = setting(
        1_000,
        "Storage",
        "Journal rows after which a document is folded into a new snapshot, in the background.",
        ge=1,
    )
    journal_keep_rows: int = setting(
        10_000,
        "Storage",
        "Journal rows kept behind the snapshot of each workflow, for history.",
        ge=0,
    )

    auth_mode: Literal["dev", "jwt"] = setting(
        "jwt",
        "Authentication",
        "`jwt`: every request carries a signed token. `dev`: whoever connects is the `user_id` "
        "that they name; for one machine only.",
    )
    dev_open: bool = setting(
        False,
        "Authentication",
        "Dev mode only: everyone is an editor, and unknown workflows are created on first use.",
    )
    jwt_secret: str | None = setting(
        None,
        "Authentication",
        "Secret that signs HS256 tokens. Exactly one of this, COFLOW_JWT_PUBLIC_KEY and "
        "COFLOW_JWT_JWKS_URL is needed in jwt mode.",
        expects="a secret of at least 32 bytes",
        secret=True,
    )
    jwt_public_key: str | None = setting(
        None,
        "Authentication",
        "Public key that verifies tokens: RSA (RS256), P-256 (ES256) or Ed25519 (EdDSA).",
        expects="a public key in PEM (`\\n` for line ends is accepted), or the path of its file",
        secret=True,
    )
    jwt_jwks_url: str | None = setting(
        None,
        "Authentication",
        "Address of the key set (JWKS) of your identity provider; keys may rotate at any time.",
        expects="an https:// or http:// URL",
    )
    jwt_jwks_max_age_s: float = setting(
        300.0,
        "Authentication",
        "How long a fetched key set counts as fresh. An unknown key is looked up at once.",
        ge=1,
        le=86_400,
    )
    jwt_jwks_timeout_s: float = setting(
        5.0, "Authentication", "How long one fetch of the key set may take.", ge=0.1, le=60
    )
    jwt_audience: str | None = setting(
        None,
        "Authentication",
        "When set, the `aud` that tokens must carry.",
        expects="the audience's name",
    )
    jwt_issuer: str | None = setting(
        None,
        "Authentication",
        "When set, the `iss` that tokens must carry.",
        expects="the issuer's name, exactly as in its tokens",
    )
    jwt_leeway_s: float = setting(
        10.0,
        "Authentication",
        "How far the clocks of the issuer and of this server may differ.",
        ge=0,
        le=300,
    )
    allowed_origins: tuple[str, ...] = setting(
        (),
        "Authentication",
        "Origins of web pages, besides the server's own, that may connect and call the API.",
        expects="origins separated by commas, such as https://app.example.org",
    )
    secret: str | None = setting(
        None,
        "Authentication",
        "Secret that signs share links and the tokens of guests; changing it invalidates them all. "
        "Unset: derived from COFLOW_JWT_SECRET; where that is not set either, jwt mode has no "
        "shares.",
        expects=f"a secret of at least {MIN_SECRET_BYTES} bytes",
        secret=True,
    )

    text_keys: tuple[str, ...] = setting(
        DEFAULT_TEXT_KEYS,
        "Documents",
        "Keys of a node's or edge's `data`, and of the settings in it, whose strings become "
        "collaborative texts when JSON brings them. In settings long strings do so too, under "
        "whatever key.",
        expects="names separated by commas",
    )
    map_keys: tuple[str, ...] = setting(
        DEFAULT_MAP_KEYS,
        "Documents",
        "Keys of a node's or edge's `data` whose objects are settings: they become maps when JSON "
        "brings them, so that several people change several settings of one node at once.",
        expects="names separated by commas",
    )
    extra_roots: tuple[str, ...] = setting(
        (),
        "Documents",
        "Root types, beyond nodes, edges, meta and breakpoints, that clients may write.",
        expects="names separated by commas",
    )
    tick_ms: float = setting(
        20.0,
        "Documents",
        "How long a busy document collects edits before they are committed and sent as one; 0 "
        "commits as soon as it can.",
        ge=0,
        le=1000,
    )
    room_idle_s: float = setting(
        30.0,
        "Documents",
        "How long a document stays in memory after its last connection.",
        ge=0,
        le=86_400,
    )

    presence_timeout_s: float = setting(
        120.0,
        "Collaboration",
        "How long after their last sign (an open socket, a heartbeat) users count as gone: "
        "they are shown as inactive, and the locks that they took while present are released.",
        ge=0.1,
        le=86_400,
    )
    turn_idle_s: float = setting(
        120.0,
        "Collaboration",
        "In the mode `sequential`: how long the holder of the turn must have done nothing (no "
        "edit, no heartbeat, no request) before others may take the turn over.",
        ge=0.1,
        le=86_400,
    )

    max_message_bytes: int = setting(
        16 * 1024 * 1024, "Limits", "Largest message a client may send (close code 4413).", ge=1
    )
    max_document_bytes: int = setting(
        64 * 1024 * 1024,
        "Limits",
        "Largest document, encoded; edits that would grow it further are refused.",
        ge=1,
    )
    max_awareness_state_bytes: int = setting(
        8 * 1024, "Limits", "Largest presence state of one client.", ge=1
    )
    max_connections_per_user: int = setting(
        100, "Limits", "Open sockets of one user, over all workflows.", ge=1
    )
    max_connections_per_workflow: int = setting(
        1_000, "Limits", "Open sockets on one workflow.", ge=1
    )
    max_messages_per_second: int = setting(
        1_000,
        "Limits",
        "Messages a connection may send; reading is slowed first, then it is closed with 4529.",
        ge=1,
    )
    max_pending_bytes_per_workflow: int = setting(
        32 * 1024 * 1024,
        "Limits",
        "Edits that may wait for their commit before reading from the workflow's sockets pauses.",
        ge=1,
    )
    send_buffer_bytes: int = setting(
        256 * 1024,
        "Limits",
        "Bytes that may wait for a slow reader before its queued updates are dropped; it gets "
        "one diff when it has caught up.",
        ge=1,
    )

    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "Logs", "Least severe messages that are logged."
    )
    log_format: Literal["console", "json"] = setting(
        "console", "Logs", "`console` for people, `json` for machines."
    )

    @property
    def shared_keys(self) -> SharedKeys:
        """`text_keys` and `map_keys`, as documents are written by them."""
        return SharedKeys(frozenset(self.text_keys), frozenset(self.map_keys))

    @property
    def migrates_on_start(self) -> bool:
        """Whether `coflow serve` migrates, with the default of `migrate_on_start` resolved."""
        if self.migrate_on_start is None:
            return is_sqlite(parse_database_url(self.database_url))
        return self.migrate_on_start

    def warnings(self) -> tuple[str, ...]:
        """What is valid but probably not meant."""
        found = []
        jwks = urlsplit(self.jwt_jwks_url or "")
        if jwks.scheme == "http" and not is_loopback(jwks.hostname or ""):
            found.append(
                "COFLOW_JWT_JWKS_URL is plain http: whoever can change its answer on the way "
                "can sign tokens"
            )
        if self.auth_mode == "jwt" and self.secret is None and self.jwt_secret is None:
            found.append(
                "COFLOW_SECRET is not set: nobody can create or redeem share links (tokens are "
                "verified with a public key, which signs nothing)"
            )
        return tuple(found)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, _Environment(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _empty_is_unset(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in values.items() if value != "" or key in _LISTS}

    @field_validator(*_LISTS, mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(normalize_origin(origin) for origin in value)

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        return parse_database_url(value).render_as_string(hide_password=False)

    @field_validator("secret")
    @classmethod
    def _check_secret(cls, value: str | None) -> str | None:
        if value is not None and len(value.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"it has {len(value.encode())} bytes")
        return value

    @field_validator("jwt_secret")
    @classmethod
    def _check_jwt_secret(cls, value: str | None) -> str | None:
        if value is not None:
            key_from_secret(value)
        return value

    @field_validator("jwt_public_key")
    @classmethod
    def _check_public_key(cls, value: str | None) -> str | None:
        if value is None:
            return None
        pem = value.replace("\\n", "\n") if "-----BEGIN" in value else _read_file(value)
        key_from_pem(pem)
        return pem

    @field_validator("jwt_jwks_url")
    @classmethod
    def _check_jwks_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("https", "http") or not parts.hostname:
                raise ValueError("it is not such a URL")
        return value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        problems = []
        if self.auth_mode == "jwt":
            keys = [
                variable_of(name)
                for name in ("jwt_secret", "jwt_public_key", "jwt_jwks_url")
                if getattr(self, name) is not None
            ]
            if len(keys) != 1:
                problems.append(
                    "COFLOW_AUTH_MODE=jwt: expected exactly one of COFLOW_JWT_SECRET, "
                    "COFLOW_JWT_PUBLIC_KEY and COFLOW_JWT_JWKS_URL, got "
                    + (" and ".join(keys) or "none")
                )
            if self.dev_open:
                problems.append("COFLOW_DEV_OPEN: expected 0 unless COFLOW_AUTH_MODE=dev")
        elif not is_loopback(self.host):
            problems.append(
                f"COFLOW_HOST={self.host}: expected a loopback address such as 127.0.0.1, because "
                "COFLOW_AUTH_MODE=dev believes everybody; to serve others set "
                "COFLOW_AUTH_MODE=jwt"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self


class _Environment(PydanticBaseSettingsSource):
    """The variables by their exact names: PORT, DATABASE_URL and COFLOW_* in capitals."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return os.environ.get(variable_of(field_name)), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: os.environ.get(variable_of(name)) for name in self.settings_cls.model_fields}
        return {name: value for name, value in found.items() if value is not None}


def _read_file(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, ValueError) as error:
        raise ValueError("it is neither a PEM nor a file that can be read") from error
