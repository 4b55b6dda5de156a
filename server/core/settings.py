"""Settings: environment variables COFLOW_*, plus plain PORT and DATABASE_URL.

INTERFACE AGREED, TO BE COMPLETED (validation messages, docs).
"""

from __future__ import annotations

from typing import Literal

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Frozen and validated at start; every error names the variable and what it expects."""

    model_config = SettingsConfigDict(env_prefix="COFLOW_", frozen=True)

    host: str = "127.0.0.1"
    port: int = 8000  # PORT
    database_url: str = "sqlite+aiosqlite:///coflow.db"  # DATABASE_URL

    auth_mode: Literal["dev", "jwt"] = "jwt"
    dev_open: bool = False
    secret: str | None = None  # COFLOW_SECRET
    jwt_secret: str | None = None
    jwt_public_key: str | None = None
    jwt_jwks_url: str | None = None
    jwt_audience: str | None = None
    jwt_issuer: str | None = None
    allowed_origins: tuple[str, ...] = ()

    text_keys: tuple[str, ...] = ("prompt", "code", "description", "instructions")
    extra_roots: tuple[str, ...] = ()

    tick_ms: float = 20.0
    max_message_bytes: int = 16 * 1024 * 1024
    max_document_bytes: int = 64 * 1024 * 1024
    max_awareness_state_bytes: int = 8 * 1024
    max_connections_per_user: int = 100
    max_connections_per_workflow: int = 1_000
    max_messages_per_second: int = 1_000
    max_pending_bytes_per_workflow: int = 32 * 1024 * 1024
    send_buffer_bytes: int = 256 * 1024
    room_idle_s: float = 30.0
    fold_after_rows: int = 1_000
    journal_keep_rows: int = 10_000
    drain_timeout_s: float = 8.0

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["console", "json"] = "console"
