"""Seeded corruption of updates: bytes changed anywhere, and well-formed structs with wild links."""

import random
from collections.abc import Mapping

from tests.hostile import beside, in_root, in_type, section, update, var_bytes, varuint

# Bytes with a meaning: limits of varints, kinds of structs with their flags, kinds of values.
_TELLING = bytes([*range(12), 0x20, 0x27, 0x28, 0x40, 0x44, 0x7F, *range(0x74, 0x80)])
_TELLING += bytes([0x80, 0x81, 0x84, 0x86, 0x87, 0x88, 0xA8, 0xC1, 0xC4, 0xC8, 0xFF])


def corrupt(rng: random.Random, original: bytes) -> bytes:
    """Change, insert, remove or repeat up to four stretches of bytes."""
    data = bytearray(original)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(7):
            case 0:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                data[at : at + 1] = bytes([rng.choice(_TELLING)])
            case 2:
                data[at:at] = bytes([rng.choice(_TELLING)])
            case 3:
                del data[at : at + rng.choice((1, 1, 2, 5, 20))]
            case 4:
                data[at : at + 1] = varuint(rng.choice((127, 128, 2**31 - 1, 2**31, 2**32, 2**53)))
            case 5:
                data[at:at] = data[at : at + rng.randrange(1, 30)]
            case _:
                if at < len(data):
                    data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def wild(rng: random.Random, state: Mapping[int, int]) -> bytes:
    """Well-formed structs and deletions whose links, places and lengths are arbitrary.

    `state` is the state vector of the document which the update is for.
    """
    clients = [*state, 9_001, 9_002]
    starts = {client: state.get(client, 0) for client in clients}
    ends = {client: clock + 12 for client, clock in starts.items()}

    def anywhere() -> tuple[int, int]:
        client = rng.choice(clients)
        return client, rng.randrange(ends[client] if rng.random() < 0.3 else starts[client] + 4)

    def content() -> tuple[int, bytes]:
        match rng.randrange(9):
            case 0:
                return 1, varuint(rng.randrange(1, 5))
            case 1 | 2:
                return 4, var_bytes(rng.choice(("x", "ab", "a😀b", "😀", "ä", "")))
            case 3:
                return 5, var_bytes(rng.choice(("1", '{"a":[1]}', "null", '"s"')))
            case 4:
                return 6, var_bytes("bold") + var_bytes(rng.choice(("true", "null", "{}")))
            case 5 | 6:
                return 7, bytes([rng.choice((1, 2, 1, 2, 0))])
            case 7:
                return 8, b"\x02\x7d\x01\x77\x01a"
            case _:
                return 8, b"\x01" + rng.choice(
                    (b"\x7f", b"\x76\x01\x01a\x7e", b"\x7a" + b"\xff" * 8)
                )

    def struct() -> bytes:
        if rng.random() < 0.08:
            return bytes([rng.choice((0, 10))]) + varuint(rng.randrange(1, 4))
        kind, body = content()
        key = rng.choice(("a", "b", "text", None))
        if kind == 6:
            # Beside something else, it may be in a map; see test_a_format_beside_a_map_entry_….
            return in_type(kind, body, anywhere(), key=None)
        match rng.randrange(6):
            case 0:
                return in_root(kind, body, root=rng.choice(("nodes", "meta")), key=key or "c")
            case 1 | 2:
                return in_type(kind, body, anywhere(), key=key)
            case 3:
                return beside(kind, body, left=anywhere())
            case 4:
                return beside(kind, body, right=anywhere())
            case _:
                return beside(kind, body, left=anywhere(), right=anywhere())

    sections = []
    for client in rng.sample(clients, rng.randrange(min(3, len(clients)) + 1)):
        clock = starts[client]
        if clock and rng.random() < 0.3:
            # Over what the document has already.
            clock -= rng.randrange(min(clock, 4) + 1)
        sections.append(section(client, clock, *(struct() for _ in range(rng.randrange(1, 5)))))
    deletes = []
    for client in rng.sample(clients, rng.randrange(3)):
        first = rng.randrange(starts[client] + 3)
        second = first + rng.randrange(1, 6)
        ranges = [(first, second - first)]
        if rng.random() < 0.3:
            ranges.append((second + rng.randrange(3), rng.randrange(1, 4)))
        body = b"".join(varuint(clock) + varuint(length) for clock, length in ranges)
        deletes.append(varuint(client) + varuint(len(ranges)) + body)
    return update(*sections, deletes=varuint(len(deletes)) + b"".join(deletes))
