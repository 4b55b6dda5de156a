"""From a token to an Identity [SEC-1].

In jwt mode a host application, or `coflow token`, signs who the user is; in dev mode whoever
connects is the user that they name. In both, guests have tokens that this server has signed.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self

import jwt
from jwt.exceptions import InvalidSubjectError

from crdt_store.ids import UserId
from server.core.errors import CannotMintToken, IdentityMismatch, KeysUnavailable, Unauthenticated
from server.core.guests import GuestTokens, claims_to_be_a_guests
from server.core.identity import GUEST_PREFIX, SYSTEM_USER, Identity
from server.core.jwks import JwksKeys
from server.core.names import is_printable_name
from server.core.roles import Role
from server.core.signing_keys import FixedKey, KeySource, key_from_pem, key_from_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from server.core.settings import Settings

__all__ = [
    "Authenticator",
    "CannotMintToken",
    "IdentityMismatch",
    "KeysUnavailable",
    "Unauthenticated",
    "create_authenticator",
    "mint_token",
]

MAX_TOKEN_CHARS = 16 * 1024
MAX_USER_ID_CHARS = 128
MAX_NAME_CHARS = 256
MAX_EMAIL_CHARS = 320
ANONYMOUS = UserId("anonymous")


class Authenticator(Protocol):
    """One per auth mode; `create_authenticator(settings)` picks it."""

    async def identify(
        self, token: str | None, *, user_id: str | None = None, even_expired_guest: bool = False
    ) -> Identity:
        """Verify `token`; in dev mode `user_id` alone is the identity. A guest's token is accepted
        in both modes; one that has expired only if asked for, for the caller to judge.

        Raises Unauthenticated; IdentityMismatch if `user_id` differs from the token's `sub`;
        KeysUnavailable if the key set that would tell cannot be fetched now.
        """
        ...


class OpenAuthenticator(Authenticator, Protocol):
    """An authenticator and what it holds open (connections to the key set's server)."""

    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...


def create_authenticator(settings: Settings) -> OpenAuthenticator:
    """The authenticator for `settings.auth_mode`; close it, or use it as a context."""
    guests = GuestTokens.of(settings)
    if settings.auth_mode == "dev":
        return DevAuthenticator(guests)
    return JwtAuthenticator(
        _key_source(settings),
        guests,
        audience=settings.jwt_audience,
        issuer=settings.jwt_issuer,
        leeway_s=settings.jwt_leeway_s,
    )


def _key_source(settings: Settings) -> KeySource:
    if settings.jwt_secret is not None:
        return FixedKey(key_from_secret(settings.jwt_secret))
    if settings.jwt_public_key is not None:
        return FixedKey(key_from_pem(settings.jwt_public_key))
    if settings.jwt_jwks_url is not None:
        return JwksKeys(
            settings.jwt_jwks_url,
            max_age_s=settings.jwt_jwks_max_age_s,
            timeout_s=settings.jwt_jwks_timeout_s,
        )
    raise AssertionError("Settings admit jwt mode only with a key")


class _Closing:
    """An async context that ends with `aclose`."""

    async def aclose(self) -> None:
        """By default nothing is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class DevAuthenticator(_Closing):
    """Everybody is who they say they are; for one machine (see `server.core.origins`)."""

    def __init__(self, guests: GuestTokens) -> None:
        self._guests = guests

    async def identify(
        self, token: str | None, *, user_id: str | None = None, even_expired_guest: bool = False
    ) -> Identity:
        """The guest whose token it is, else `user_id`, else `anonymous`.

        Tokens that are no guest's are ignored. Raises Unauthenticated for a bad id, or one that
        only a guest's token can give; IdentityMismatch.
        """
        guest = _guest(token, self._guests, even_expired_guest) if token else None
        if guest is not None:
            return _named(guest, user_id)
        if user_id is None:
            return Identity(ANONYMOUS, name=ANONYMOUS)
        return Identity(_host_user_id(user_id, "user_id"), name=user_id)


class JwtAuthenticator(_Closing):
    """Verifies signature, `exp`, `nbf`, and `aud` and `iss` where configured; reads the claims."""

    def __init__(
        self,
        keys: KeySource,
        guests: GuestTokens,
        *,
        audience: str | None,
        issuer: str | None,
        leeway_s: float,
    ) -> None:
        self._keys = keys
        self._guests = guests
        self._audience = audience
        self._issuer = issuer
        self._leeway_s = leeway_s

    async def identify(
        self, token: str | None, *, user_id: str | None = None, even_expired_guest: bool = False
    ) -> Identity:
        if not token:
            raise Unauthenticated("a token is required")
        guest = _guest(token, self._guests, even_expired_guest)
        identity = guest if guest is not None else self._identity(await self._verify(token))
        return _named(identity, user_id)

    async def aclose(self) -> None:
        await self._keys.aclose()

    async def _verify(self, token: str) -> dict[str, Any]:
        if len(token) > MAX_TOKEN_CHARS:
            raise Unauthenticated(f"the token is longer than {MAX_TOKEN_CHARS} characters")
        if not token.isascii():
            raise Unauthenticated("the token is malformed")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._keys.key_for(header.get("kid"))
            # The header's alg is compared with the key's, and never used: see signing_keys.
            claims: dict[str, Any] = jwt.decode(
                token,
                key.key,
                algorithms=[key.algorithm],
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway_s,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.PyJWTError as error:
            # PyJWT's own texts may quote parts of the token, and so would the chained exception.
            raise Unauthenticated(_reason(error)) from None
        except (RecursionError, ValueError, OverflowError):
            # An exp that is infinite; and, before the signature is checked, anybody's JSON is
            # parsed, which some versions of PyJWT do not expect to be nested without end.
            raise Unauthenticated("the token is malformed") from None
        return claims

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        user_id = _host_user_id(claims["sub"], "the claim sub")
        return Identity(
            user_id=user_id,
            name=_text(claims, "name", max_chars=MAX_NAME_CHARS) or user_id,
            email=_text(claims, "email", max_chars=MAX_EMAIL_CHARS),
            grants=_grants(claims.get("workflows")),
            expires_at=_expiry(claims["exp"], self._leeway_s),
        )


def _guest(token: str, guests: GuestTokens, even_expired: bool) -> Identity | None:
    """The guest whose token it is, None if it does not claim to be a guest's.

    Raises Unauthenticated.
    """
    if len(token) > MAX_TOKEN_CHARS or not token.isascii():
        return None
    if not claims_to_be_a_guests(token):
        return None
    return guests.identify(token, even_expired=even_expired)


def _named(identity: Identity, user_id: str | None) -> Identity:
    """The identity, which a `user_id` must name if there is one. Raises IdentityMismatch."""
    if user_id is not None and user_id != identity.user_id:
        raise IdentityMismatch("the user_id is not the sub of the token")
    return identity


def mint_token(
    settings: Settings,
    sub: str,
    *,
    expires_in_s: float,
    name: str | None = None,
    workflows: Mapping[str, Role] | None = None,
) -> str:
    """A token that this server will accept from `sub`, signed with COFLOW_JWT_SECRET.

    Raises CannotMintToken where there is no such secret, and ValueError for claims that the
    server would refuse.
    """
    if settings.auth_mode == "dev":
        raise CannotMintToken(
            "dev mode needs no tokens: connect with user_id=… (COFLOW_AUTH_MODE=jwt has tokens)"
        )
    if settings.jwt_secret is None:
        raise CannotMintToken(
            "tokens are signed by whoever holds the private key of your identity provider; "
            "this command signs only with COFLOW_JWT_SECRET"
        )
    if expires_in_s <= 0:
        raise ValueError("the token would have expired already")
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "sub": sub,
        "iat": now,
        "exp": now + timedelta(seconds=expires_in_s),
        "name": name,
        "workflows": dict(workflows) if workflows else None,
        "aud": settings.jwt_audience,
        "iss": settings.jwt_issuer,
    }
    try:
        _host_user_id(sub, "the claim sub")
        _text(claims, "name", max_chars=MAX_NAME_CHARS)
        _grants(claims["workflows"])
    except Unauthenticated as error:
        raise ValueError(str(error)) from None
    present = {key: value for key, value in claims.items() if value is not None}
    return jwt.encode(present, settings.jwt_secret, algorithm="HS256")


def _reason(error: jwt.PyJWTError) -> str:
    match error:
        case jwt.ExpiredSignatureError():
            return "the token has expired"
        case jwt.ImmatureSignatureError():
            return "the token is not valid yet"
        case jwt.MissingRequiredClaimError():
            return f"the token has no claim {error.claim}"
        case jwt.InvalidAudienceError():
            return "the token is for another audience"
        case jwt.InvalidIssuerError():
            return "the token is from another issuer"
        case InvalidSubjectError():
            return "the claim sub is not a string"
        case jwt.InvalidAlgorithmError():
            return "the token is not signed with the algorithm of the configured key"
        case jwt.InvalidSignatureError():
            return "the signature of the token does not match"
        case _:
            return "the token is malformed"


def _host_user_id(value: object, what: str) -> UserId:
    """An id that this server does not give out itself."""
    # Spaces at the ends would make two ids that look the same.
    if not isinstance(value, str) or not value or value != value.strip():
        raise Unauthenticated(f"{what} must be a string that is not empty, without outer spaces")
    if len(value) > MAX_USER_ID_CHARS:
        raise Unauthenticated(f"{what} is longer than {MAX_USER_ID_CHARS} characters")
    if not value.isprintable():
        raise Unauthenticated(f"{what} has characters that cannot be printed")
    if value.startswith(GUEST_PREFIX):
        raise Unauthenticated(f"{what} is a guest's, who has a token from a share link")
    if value == SYSTEM_USER:
        raise Unauthenticated(f"{what} is the server's own, in the audit")
    return UserId(value)


def _text(claims: Mapping[str, Any], claim: str, *, max_chars: int) -> str | None:
    value = claims.get(claim)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > max_chars or not is_printable_name(value):
        raise Unauthenticated(
            f"the claim {claim} must be a printable string of at most {max_chars} characters"
        )
    return value


def _grants(claim: object) -> dict[str, Role]:
    if claim is None:
        return {}
    if not isinstance(claim, dict):
        raise Unauthenticated("the claim workflows must be an object of workflow ids and roles")
    grants = {}
    for pattern, role in claim.items():
        if not pattern or "*" in pattern[:-1]:
            raise Unauthenticated(
                f"the claim workflows names {pattern[:40]!r}: expected a workflow id, or a prefix "
                "that ends in *"
            )
        try:
            grants[str(pattern)] = Role(role)
        except ValueError:
            raise Unauthenticated(
                f"the claim workflows grants {str(role)[:40]!r} on {pattern[:40]!r}: expected "
                f"{', '.join(Role)}"
            ) from None
    return grants


def _expiry(exp: Any, leeway_s: float) -> datetime:
    """`exp` has passed PyJWT's check; one beyond the calendar means the calendar's last day."""
    try:
        return datetime.fromtimestamp(math.ceil(float(exp) + leeway_s), UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)
