"""The bytes of the y-websocket protocol: varuints, sync messages and awareness messages."""

from __future__ import annotations

SYNC, AWARENESS, EVENTS = 0, 1, 100
STEP_1, STEP_2, UPDATE = 0, 1, 2
EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"


def varuint(value: int) -> bytes:
    """Encode as lib0 does: seven bits a byte, lowest first."""
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def read_varuint(data: bytes, at: int) -> tuple[int, int]:
    """The value at `at` and the position behind it. Trusts the data: it comes from our server."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """A length-prefixed byte string and the position behind it."""
    size, at = read_varuint(data, at)
    return data[at : at + size], at + size


def sync_message(subtype: int, body: bytes) -> bytes:
    return bytes((SYNC, subtype)) + varuint(len(body)) + body


def awareness_message(entries: bytes, count: int) -> bytes:
    """A type 1 message of `count` entries, already encoded by `awareness_entry`."""
    body = varuint(count) + entries
    return bytes((AWARENESS,)) + varuint(len(body)) + body


def awareness_entry(client_id: int, clock: int, state_json: bytes) -> bytes:
    return varuint(client_id) + varuint(clock) + varuint(len(state_json)) + state_json


def read_awareness(message: bytes) -> list[tuple[int, int, bytes]]:
    """The (client id, clock, state JSON) entries of a type 1 message."""
    body, _ = read_bytes(message, 1)
    count, at = read_varuint(body, 0)
    entries: list[tuple[int, int, bytes]] = []
    for _ in range(count):
        client_id, at = read_varuint(body, at)
        clock, at = read_varuint(body, at)
        state_json, at = read_bytes(body, at)
        entries.append((client_id, clock, state_json))
    return entries


def read_state_vector(data: bytes) -> dict[int, int]:
    """Per client id the next clock that a replica expects."""
    count, at = read_varuint(data, 0)
    clocks: dict[int, int] = {}
    for _ in range(count):
        client_id, at = read_varuint(data, at)
        clocks[client_id], at = read_varuint(data, at)
    return clocks
