"""Guests: who came by a share link and has no account; the tokens that let them come back.

A guest's token says only who it is. What a guest may do is in the rows of the shares that it
redeemed, and every check reads them: ending a share ends what its guests may do, at once.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import jwt
import orjson

from crdt_store.ids import UserId
from server.core.errors import Unauthenticated
from server.core.identity import GUEST_PREFIX, Identity

if TYPE_CHECKING:
    from server.core.settings import Settings

GUEST_KEY_ID: Final = "coflow-guest"
"""The `kid` in the header of a guest's token; the keys of a host application have other names."""
MAX_LIFE: Final = timedelta(hours=24)
LEEWAY: Final = timedelta(seconds=10)
"""How far the clocks of several servers may differ; a share that ends is seen in its row."""

_ALGORITHM = "HS256"
_DEVELOPMENT_SECRET = b"coflow, dev mode: whoever can connect may be anybody"
_GUEST_LABEL = b"coflow guest tokens"
_FALLBACK_LABEL = b"coflow secret"


def server_secret(settings: Settings) -> bytes | None:
    """COFLOW_SECRET, or what takes its place: a key made of COFLOW_JWT_SECRET, in dev mode a fixed
    one. None in jwt mode with neither: such a server has no shares and no guests."""
    if settings.secret is not None:
        return settings.secret.encode()
    if settings.auth_mode == "dev":
        return _DEVELOPMENT_SECRET
    if settings.jwt_secret is not None:
        return _derived(settings.jwt_secret.encode(), _FALLBACK_LABEL)
    return None


def new_guest_id() -> UserId:
    """Nobody's yet, and nobody can guess it."""
    return UserId(GUEST_PREFIX + secrets.token_hex(16))


class GuestTokens:
    """Signs and verifies the tokens of guests, with a key that is for nothing else."""

    def __init__(self, secret: bytes | None) -> None:
        self._key = None if secret is None else _derived(secret, _GUEST_LABEL)

    @classmethod
    def of(cls, settings: Settings) -> GuestTokens:
        return cls(server_secret(settings))

    def mint(
        self, user_id: UserId, name: str, *, share: str, now: datetime, ends_at: datetime | None
    ) -> str:
        """A token for 24 h at most, and never beyond `ends_at`, the expiry of the share.

        `share` is the row id of the share that was redeemed. Raises ValueError for who is no guest,
        and where there is no secret.
        """
        if self._key is None or not user_id.startswith(GUEST_PREFIX):
            raise ValueError("only guests have such tokens, and only where there is a secret")
        expires = now + MAX_LIFE if ends_at is None else min(now + MAX_LIFE, ends_at)
        claims = {"sub": user_id, "name": name, "share": share, "exp": expires.timestamp()}
        return jwt.encode(claims, self._key, _ALGORITHM, headers={"kid": GUEST_KEY_ID})

    def identify(self, token: str, *, even_expired: bool = False) -> Identity:
        """The guest whose token it is; `even_expired`, whom it once let in: the caller decides by
        `expires_at` what that is worth. Raises Unauthenticated."""
        if self._key is None:
            raise Unauthenticated("this server has no guests")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key,
                algorithms=[_ALGORITHM],
                # PyJWT would cut off the fraction of a second.
                options={"require": ["exp", "sub"], "verify_exp": False},
            )
            expires_at = datetime.fromtimestamp(float(claims["exp"]), UTC) + LEEWAY
        except (jwt.PyJWTError, RecursionError, ValueError, TypeError, OverflowError):
            # PyJWT's own texts may quote parts of the token, and so would the chained exception.
            raise Unauthenticated("the guest's token is not one of this server's") from None
        sub, name = claims["sub"], claims.get("name")
        if (
            not isinstance(sub, str)
            or not sub.startswith(GUEST_PREFIX)
            or not isinstance(name, str)
        ):
            raise Unauthenticated("the guest's token is not one of this server's")
        if not even_expired and expires_at <= datetime.now(UTC):
            raise Unauthenticated("the guest's token has expired")
        return Identity(UserId(sub), name=name, expires_at=expires_at)


def claims_to_be_a_guests(token: str) -> bool:
    """Whether the header of the token, which nobody has verified yet, names the key of guests."""
    part = token.partition(".")[0]
    try:
        header = orjson.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return False
    return isinstance(header, dict) and header.get("kid") == GUEST_KEY_ID


def _derived(secret: bytes, label: bytes) -> bytes:
    """A key of its own for each use: no signature of one is worth anything in another."""
    return hmac.digest(secret, label, hashlib.sha256)
