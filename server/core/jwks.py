"""A key set (JWKS, RFC 7517) that is fetched over HTTP, cached, and follows rotation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeAlias

import anyio
import httpx
import orjson
import structlog

from server.core.errors import KeysUnavailable, Unauthenticated
from server.core.signing_keys import UnusableKey, VerificationKey, key_from_jwk

MAX_KEY_SET_BYTES = 256 * 1024
MIN_REFETCH_S = 5.0
"""Between two fetches: tokens with invented key ids must not make us flood the provider."""

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = structlog.get_logger(__name__)

_KeySet: TypeAlias = "Mapping[str | None, VerificationKey]"


class FetchFailed(Exception):
    """The key set could not be had; the message says why."""


class JwksKeys:
    """The keys behind `url`, a KeySource.

    Known keys are served from memory. They are fetched anew when they are older than `max_age_s`,
    and when a token names an unknown key, at most every MIN_REFETCH_S. A fetch runs once however
    many wait for it. While fetching fails, the keys at hand go on being used; a fetch that
    succeeds replaces them all, so that a key withdrawn by the provider is refused.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age_s: float = 300.0,
        timeout_s: float = 5.0,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._max_age_s = max_age_s
        self._timeout_s = timeout_s
        self._now_s = now_s
        self._keys: _KeySet = {}
        self._fetched_at_s: float | None = None
        self._tried_at_s: float | None = None
        self._last_try_failed = False
        self._fetching = anyio.Lock()
        # Reading the certificates takes ~20 ms of the event loop: once, at start, is enough.
        self._client = httpx.AsyncClient(timeout=timeout_s, headers={"accept": "application/json"})

    async def key_for(self, key_id: str | None) -> VerificationKey:
        """The key named `key_id`; without a name, the only key there is.

        Raises Unauthenticated for an unknown key, and KeysUnavailable if it may be unknown only
        because the last fetch failed.
        """
        key = self._find(key_id)
        if key is None:
            await self._fetch_once()
        elif not self._is_fresh() and not self._fetching.locked():
            # One caller pays for the renewal; meanwhile the others go on with what is known.
            await self._fetch_once()
        key = self._find(key_id)
        if key is not None:
            return key
        if self._last_try_failed:
            raise KeysUnavailable("the key set of the identity provider cannot be fetched")
        if key_id is None:
            raise Unauthenticated("the token names no key (kid), and there is more than one")
        raise Unauthenticated("the token is signed with an unknown key")

    async def aclose(self) -> None:
        await self._client.aclose()

    def _find(self, key_id: str | None) -> VerificationKey | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def _is_fresh(self) -> bool:
        return (
            self._fetched_at_s is not None and self._now_s() - self._fetched_at_s < self._max_age_s
        )

    def _may_try(self) -> bool:
        return self._tried_at_s is None or self._now_s() - self._tried_at_s >= MIN_REFETCH_S

    async def _fetch_once(self) -> None:
        """Fetch, unless it was done while waiting for the turn, or too short a time ago."""
        async with self._fetching:
            if not self._may_try():
                return
            # A caller that is cancelled here has not tried: the next one in the queue does.
            try:
                keys = await self._fetch()
            except FetchFailed as error:
                self._last_try_failed = True
                _log.warning(
                    "jwks_fetch_failed", url=self._url, reason=str(error), keys=len(self._keys)
                )
            else:
                self._last_try_failed = False
                self._keys = keys
                self._fetched_at_s = self._now_s()
            self._tried_at_s = self._now_s()

    async def _fetch(self) -> _KeySet:
        try:
            # httpx's own timeouts are for each read; a server that trickles would never end.
            with anyio.fail_after(self._timeout_s):
                body = await self._read()
        except TimeoutError:
            raise FetchFailed(f"no answer within {self._timeout_s:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise FetchFailed(f"{type(error).__name__}: {error}") from error
        return _parse(body)

    async def _read(self) -> bytes:
        async with self._client.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.OK:
                raise FetchFailed(f"the answer has status {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_KEY_SET_BYTES:
                    raise FetchFailed(f"the answer is larger than {MAX_KEY_SET_BYTES} bytes")
            return bytes(body)


def _parse(body: bytes) -> _KeySet:
    """The usable keys by `kid`; others, which providers publish for other purposes, are skipped."""
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise FetchFailed("the answer is not JSON") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list):
        raise FetchFailed("the answer is not a key set")
    keys: dict[str | None, VerificationKey] = {}
    for jwk in members:
        if not isinstance(jwk, dict):
            continue
        key_id = jwk.get("kid")
        try:
            keys[key_id if isinstance(key_id, str) else None] = key_from_jwk(jwk)
        except UnusableKey as error:
            _log.debug("jwk_skipped", kid=str(key_id)[:100], reason=str(error))
    if not keys:
        raise FetchFailed("the key set has no key that can be used")
    return keys
