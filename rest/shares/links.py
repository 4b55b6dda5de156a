"""Share ids: a row's id, `~`, and 128 bits of HMAC over it, so that no secret need be stored."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from rest.errors import ShareNotFound, SharesUnavailable
from server.core.guests import server_secret

if TYPE_CHECKING:
    from server.core.settings import Settings

_MAC_BYTES: Final = 16
_ROW_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class NamedShare:
    """What a path names: a share's row, and whether by the whole link or by the bare row id."""

    row_id: str
    by_link: bool


def new_row_id() -> str:
    return uuid4().hex


def require(settings: Settings) -> None:
    """Raises SharesUnavailable where links can be neither signed nor verified."""
    if server_secret(settings) is None:
        raise SharesUnavailable


def share_id(settings: Settings, row_id: str) -> str:
    """The whole id, which is all that one needs to redeem the share. Raises SharesUnavailable."""
    secret = server_secret(settings)
    if secret is None:
        raise SharesUnavailable
    mac = hmac.digest(secret, row_id.encode(), hashlib.sha256)[:_MAC_BYTES]
    return f"{row_id}~{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def parse(settings: Settings, text: str) -> NamedShare:
    """Which share `text` names, verified if it has a second part; the database is not asked.

    Raises ShareNotFound, and SharesUnavailable where no link can be verified.
    """
    row_id, tilde, _ = text.partition("~")
    if _ROW_ID.fullmatch(row_id) is None:
        raise ShareNotFound
    if not tilde:
        return NamedShare(row_id, by_link=False)
    if not hmac.compare_digest(
        text.encode("utf-8", "replace"), share_id(settings, row_id).encode()
    ):
        raise ShareNotFound
    return NamedShare(row_id, by_link=True)
