"""What a room has just sent, so that its word-for-word return is told without parsing it."""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from typing import Final

_KEPT: Final = 2_048
_LARGEST_BYTES: Final = 64 * 1024
"""Hashing more than this takes as long as reading through the states, one by one."""


class Echoes:
    """Digests of the latest messages, 16 bytes each, however long the messages are."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()
        self._order: deque[bytes] = deque()

    def remember(self, payload: bytes) -> None:
        """The payload is being sent; those above 64 KiB are not remembered."""
        if len(payload) > _LARGEST_BYTES:
            return
        digest = blake2b(payload, digest_size=16).digest()
        if digest in self._digests:
            return
        self._digests.add(digest)
        self._order.append(digest)
        if len(self._order) > _KEPT:
            self._digests.discard(self._order.popleft())

    def __contains__(self, payload: bytes) -> bool:
        return (
            len(payload) <= _LARGEST_BYTES
            and blake2b(payload, digest_size=16).digest() in self._digests
        )

    def __len__(self) -> int:
        return len(self._order)
