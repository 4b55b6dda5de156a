"""The vectors of tests/data/hostile_vectors.json as bytes, for every test that sends them."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from crdt_store.workflow import ROOTS

Kind = Literal["update", "sync frame", "awareness"]

_FILE = Path(__file__).parent / "data" / "hostile_vectors.json"
_ATTACKER = 5


class Vector(NamedTuple):
    """`body`: an update for kind `update`, otherwise the whole WebSocket message."""

    name: str
    kind: Kind
    body: bytes


class Targets(NamedTuple):
    """What a vector aims at: the client ids of a victim and of the server, their next clocks."""

    victim: int = 77
    server_client: int = 78
    server_clock: int = 0
    victim_clock: int = 1


_NOBODY = Targets()


def vectors(
    targets: Targets = _NOBODY, *, kind: Kind | None = None, name: str | None = None
) -> list[Vector]:
    """Every vector, or those of one kind or name. To build them all takes a second."""
    found = []
    for entry in json.loads(_FILE.read_text(encoding="utf-8"))["vectors"]:
        if kind in {None, entry["kind"]} and name in {None, entry["name"]}:
            build = entry.get("build")
            body = bytes.fromhex(entry["hex"]) if build is None else _BUILDERS[build](targets)
            found.append(Vector(entry["name"], entry["kind"], body))
    return found


def varuint(number: int) -> bytes:
    """lib0's variable-length unsigned integer."""
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def var_bytes(data: bytes | str) -> bytes:
    """Bytes or text with their length before them."""
    raw = data.encode() if isinstance(data, str) else data
    return varuint(len(raw)) + raw


def section(client: int, clock: int, *structs: bytes) -> bytes:
    """One client's structs, the first of them at `clock`."""
    return varuint(len(structs)) + varuint(client) + varuint(clock) + b"".join(structs)


def update(*sections: bytes, deletes: bytes = b"\x00") -> bytes:
    """A Yjs v1 update of these sections."""
    return varuint(len(sections)) + b"".join(sections) + deletes


def in_root(kind: int, content: bytes, *, root: str = ROOTS[0], key: str | None = "k") -> bytes:
    """A struct that lies in a root, in a map under a key."""
    head = bytes([kind | (0 if key is None else 0x20), 1]) + var_bytes(root)
    return head + (b"" if key is None else var_bytes(key)) + content


def in_type(kind: int, content: bytes, parent: tuple[int, int], *, key: str | None = "k") -> bytes:
    """A struct that lies in the shared type which (client, clock) made."""
    head = bytes([kind | (0 if key is None else 0x20), 0]) + varuint(parent[0]) + varuint(parent[1])
    return head + (b"" if key is None else var_bytes(key)) + content


def beside(
    kind: int,
    content: bytes,
    *,
    left: tuple[int, int] | None = None,
    right: tuple[int, int] | None = None,
) -> bytes:
    """A struct that lies where its neighbours lie."""
    flags = (0x80 if left else 0) | (0x40 if right else 0)
    ids = b"".join(varuint(number) for neighbour in (left, right) for number in neighbour or ())
    return bytes([kind | flags]) + ids + content


def nested_maps_in_updates(count: int, per_update: int) -> Iterator[bytes]:
    """Maps nested `count` deep, by updates that each go on where the one before ended."""
    for start in range(0, count, per_update):
        maps = [
            in_root(7, b"\x01") if clock == 0 else in_type(7, b"\x01", (_ATTACKER, clock - 1))
            for clock in range(start, min(start + per_update, count))
        ]
        yield update(section(_ATTACKER, start, *maps))


def awareness_message(*states: tuple[int, int, str]) -> bytes:
    """An awareness message of (client id, clock, state as JSON)."""
    body = b"".join(
        varuint(client) + varuint(clock) + var_bytes(text) for client, clock, text in states
    )
    return b"\x01" + var_bytes(varuint(len(states)) + body)


def _in_root_values(values: bytes, count: int = 1) -> bytes:
    return update(section(_ATTACKER, 0, in_root(8, varuint(count) + values)))


_NUMBER = b"\x01\x7d\x01"


def _typed(*texts: bytes) -> bytes:
    """The section of an attacker who made a text, at clock 0, and then this."""
    return section(_ATTACKER, 0, in_root(7, b"\x02"), *texts)


def _written(words: str) -> bytes:
    return in_type(4, var_bytes(words), (_ATTACKER, 0), key=None)


def one_key_set_anew(count: int) -> bytes:
    """One client's entries of one key, none of which says what it follows."""
    return update(section(_ATTACKER, 0, *[in_root(8, _NUMBER)] * count))


def one_key_of_many_clients(count: int) -> bytes:
    """Many clients' entries of one key, none of which says what it follows."""
    return update(*(section(1_000 + at, 0, in_root(8, _NUMBER)) for at in reversed(range(count))))


def entries_before_entries(count: int) -> bytes:
    """A key's entries, each before the one before it."""
    later = (beside(8, _NUMBER, right=(_ATTACKER, clock)) for clock in range(count))
    return update(section(_ATTACKER, 0, in_root(8, _NUMBER), *later))


def forked_chain(count: int) -> bytes:
    """A key's entries one after the other, and a second one after each of them."""
    chain = [beside(8, _NUMBER, left=(_ATTACKER, clock)) for clock in range(count)]
    return update(
        section(_ATTACKER + 2, 0, *reversed(chain)),
        section(_ATTACKER, 0, in_root(8, _NUMBER), *chain),
    )


def inserts_without_right_neighbour(count: int) -> bytes:
    """Something after each character of a text, as if nothing stood behind it."""
    inserts = [beside(4, b"\x01b", left=(_ATTACKER, 1 + at)) for at in reversed(range(count))]
    return update(section(_ATTACKER + 2, 0, *inserts), _typed(_written("x" * count)))


def inserts_between_start_and_end(count: int) -> bytes:
    """Many inserts anywhere between a long text's start and its end."""
    chain = [beside(4, b"\x01a", left=(_ATTACKER, 1 + at)) for at in range(count)]
    inserts = [beside(4, b"\x01b", right=(_ATTACKER, count))] * count
    return update(section(_ATTACKER + 2, 0, *inserts), _typed(_written("a"), *chain))


def text_cut_by_inserts(count: int) -> bytes:
    """Something after each character of a text, truly between its neighbours."""
    inserts = [
        beside(4, b"\x01b", left=(_ATTACKER, 1 + at), right=(_ATTACKER, 2 + at))
        for at in range(count)
    ]
    return update(section(_ATTACKER + 2, 0, *inserts), _typed(_written("x" * (count + 1))))


def text_cut_by_deletions(count: int) -> bytes:
    """Every second character of a text deleted."""
    ranges = b"".join(varuint(1 + 2 * at) + b"\x01" for at in range(count))
    deletes = b"\x01" + varuint(_ATTACKER) + varuint(count) + ranges
    return update(_typed(_written("x" * (2 * count))), deletes=deletes)


_BUILDERS: dict[str, Callable[[Targets], bytes]] = {
    "nested_any_arrays": lambda _: _in_root_values(b"\x75\x01" * 30_000 + b"\x7f"),
    "greedy_any_maps": lambda _: _in_root_values((b"\x76" + varuint(10**7) + b"\x01a") * 100),
    "future_delete_set": lambda to: (
        b"\x00\x01" + varuint(to.victim) + b"\x01\x00" + varuint(1_000_000)
    ),
    "clock_burn": lambda to: update(section(to.victim, to.victim_clock, b"\x00" + varuint(1_000))),
    "server_clock_wrap": lambda to: update(
        section(to.server_client, to.server_clock, b"\x00" + varuint(2**32 - 20))
    ),
    "nested_maps": lambda _: next(nested_maps_in_updates(100_000, 100_000)),
    "endless_varint": lambda _: b"\x00\x02" + b"\xff" * 65_536,
    "one_key_set_anew": lambda _: one_key_set_anew(48_000),
    "one_key_of_many_clients": lambda _: one_key_of_many_clients(18_000),
    "too_many_clients": lambda _: one_key_of_many_clients(20_001),
    "entries_before_entries": lambda _: entries_before_entries(48_000),
    "forked_chain": lambda _: forked_chain(8_000),
    "inserts_without_right_neighbour": lambda _: inserts_without_right_neighbour(8_000),
    "inserts_between_start_and_end": lambda _: inserts_between_start_and_end(8_000),
    "text_cut_by_inserts": lambda _: text_cut_by_inserts(25_000),
    "text_cut_by_deletions": lambda _: text_cut_by_deletions(400_000),
    "awareness_clock": lambda to: awareness_message((to.victim, 2**53, "{}")),
    "awareness_crowd": lambda _: awareness_message(
        *((client, 1, "{}") for client in range(1_000_000, 1_050_000))
    ),
    "awareness_nested": lambda to: awareness_message((to.victim, 1, "[" * 100_000)),
    "awareness_nan": lambda to: awareness_message((to.victim, 1, "NaN")),
}
