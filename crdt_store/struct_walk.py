"""The one walk over the bytes of an untrusted update, behind every function of `update_scan`."""

from collections.abc import Generator

from crdt_store.errors import MalformedUpdate, UpdateTooLarge
from crdt_store.ids import ClientId
from crdt_store.integration_walk import FREE_STRUCTS
from crdt_store.scan_result import ClockRange, Scan, ScanLimits
from crdt_store.struct_links import LIKE_NEIGHBOUR, ROOT, Links, cut_pair
from crdt_store.surrogate_pairs import SurrogatePairs
from crdt_store.value_scan import check_text, count_pairs, skip_json, skip_string, skip_values
from crdt_store.varint import CLOCK_LIMIT, read_client, read_uint31, uint31_tail

# Kinds of structs, the low five bits of a struct's first byte.
_GC, _DELETED, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _SKIP = 0, 1, 4, 5, 6, 7, 8, 10
_HAS_ORIGIN, _HAS_RIGHT_ORIGIN, _HAS_KEY = 0x80, 0x40, 0x20
_LONG_CONTENT_BYTES = 4 * 1024
# Numbers of shared types.
_MAP, _TEXT = 1, 2


def walk(
    update: bytes, limits: ScanLimits, roots: frozenset[bytes] | None, slice_work: int
) -> Generator[None, None, Scan]:
    """Walk an update, pausing after every `slice_work` structs or values; return the Scan.

    `roots` are the names of roots that are maps, None allows every root. Raises MalformedUpdate or
    UpdateTooLarge. A struct is read in place, without helpers, as far as a typed character goes:
    a call per integer would double what that costs.
    """
    size = len(update)
    if size > limits.max_update_bytes:
        raise UpdateTooLarge(
            "too_large", f"{size} bytes, {limits.max_update_bytes} are the limit for an update"
        )
    max_depth, max_structs = limits.max_depth, limits.max_structs
    structs: dict[ClientId, list[ClockRange]] = {}
    deletes: dict[ClientId, list[ClockRange]] = {}
    pairs = SurrogatePairs()
    scan = Scan(structs, {}, deletes, pairs=pairs, cuts=[])
    links = Links(size)
    outside = links.outside
    work = slice_work
    total = values = 0
    has_gaps = False
    try:
        sections, pos = read_uint31(update, 0)
        # A client's section takes five bytes at least, a struct two.
        if sections * 5 > size - pos:
            raise MalformedUpdate("malformed", f"{sections} clients announced in {size} bytes")
        if sections > limits.max_clients:
            raise UpdateTooLarge("too_large", f"structs of {sections} clients in one update")
        for _ in range(sections):
            count, pos = read_uint31(update, pos)
            if not count or count * 2 > size - pos:
                raise MalformedUpdate("malformed", f"{count} structs announced before byte {pos}")
            total += count
            if total > max_structs:
                raise UpdateTooLarge("too_large", f"more than {max_structs} structs")
            at = pos
            client, pos = read_client(update, pos)
            client_bytes = update[at:pos]
            client_size = pos - at
            # Yjs would forget the first of two sections, yrs would join them.
            if client in structs:
                raise MalformedUpdate("malformed", f"client {client} twice, before byte {pos}")
            clock, pos = read_uint31(update, pos)
            run_start = clock
            ranges: list[ClockRange] = []
            structs[ClientId(client)] = ranges
            starts, offsets = links.begin(client)
            work -= 4
            for _ in range(count):
                if work <= 0:
                    work = slice_work
                    yield None
                work -= 1
                at = pos
                info = update[pos]
                pos += 1
                kind = info & 31
                if kind == _GC or kind == _SKIP:
                    if info != kind:
                        raise MalformedUpdate("malformed", f"flags on a gap or GC at byte {at}")
                    length, pos = read_uint31(update, pos)
                else:
                    # Where it lies: beside its neighbours, or in a parent, under a key.
                    parent = LIKE_NEIGHBOUR
                    if info & _HAS_ORIGIN:
                        if update.startswith(client_bytes, pos):
                            pos += client_size
                            other = client
                        else:
                            other, pos = read_client(update, pos)
                        ref = update[pos]
                        pos += 1
                        if ref > 127:
                            ref, pos = uint31_tail(update, pos, ref)
                        if other != client or ref < run_start:
                            outside.extend((client, clock, other, ref, ref + 1))
                        elif ref >= clock:
                            raise _future(at, ref)
                        elif pairs and pairs.is_cut(client, ref + 1):
                            raise cut_pair(f"the struct at byte {at}")
                    if info & _HAS_RIGHT_ORIGIN:
                        if update.startswith(client_bytes, pos):
                            pos += client_size
                            other = client
                        else:
                            other, pos = read_client(update, pos)
                        ref, pos = read_uint31(update, pos)
                        if other != client or ref < run_start:
                            outside.extend((client, clock, other, ref, ref))
                        elif ref >= clock:
                            raise _future(at, ref)
                        elif pairs and pairs.is_cut(client, ref):
                            raise cut_pair(f"the struct at byte {at}")
                    if info < _HAS_RIGHT_ORIGIN:
                        by_name = update[pos]
                        pos += 1
                        if by_name == 0:
                            other, pos = read_client(update, pos)
                            ref, pos = read_uint31(update, pos)
                            if other != client or ref < run_start:
                                outside.extend((client, clock, other, ref, 0))
                            elif ref >= clock:
                                raise _future(at, ref)
                            parent = other << 31 | ref
                            links.parents.add(parent)
                        elif by_name == 1:
                            end = skip_string(update, pos)
                            if roots is not None:
                                _, pos = read_uint31(update, pos)
                                name = update[pos:end]
                                if name in roots:
                                    if not info & _HAS_KEY:
                                        raise MalformedUpdate(
                                            "forbidden_type",
                                            f"struct without a key in a map, at byte {at}",
                                        )
                                elif name not in limits.extra_root_names:
                                    raise MalformedUpdate(
                                        "unknown_root",
                                        f"root {name[:64].decode(errors='replace')!r} at byte {at}",
                                    )
                            parent = ROOT
                            pos = end
                        else:
                            raise MalformedUpdate(
                                "malformed", f"parent of unknown kind {by_name} before byte {pos}"
                            )
                        if info & _HAS_KEY:
                            end = skip_string(update, pos)
                            work -= (end - pos) >> 10
                            pos = end
                    # What it holds. Text lies in no map; a format there makes yrs panic.
                    if info & _HAS_KEY and _STRING <= kind <= _FORMAT and roots is not None:
                        raise MalformedUpdate("forbidden_type", f"text in a map at byte {at}")
                    if kind == _STRING:
                        length = update[pos]
                        pos += 1
                        if length > 127:
                            length, pos = uint31_tail(update, pos, length)
                        end = pos + length
                        if end > size:
                            raise MalformedUpdate("malformed", f"text at byte {pos} is cut off")
                        raw = update[pos:end]
                        if not raw.isascii():
                            text = check_text(raw, pos)
                            length = len(text)
                            added = count_pairs(raw)
                            if added:
                                length += added
                                pairs.add_text(client, clock, text)
                            work -= len(raw) >> 10
                        pos = end
                    elif kind == _ANY:
                        content_at = pos
                        length, pos = read_uint31(update, pos)
                        if length > size - pos:
                            raise MalformedUpdate("malformed", f"{length} values at byte {pos}")
                        left = [length]
                        while left:
                            before = work
                            pos, work = skip_values(update, pos, left, max_depth, work)
                            values += before - work
                            if values > max_structs:
                                raise UpdateTooLarge("too_large", f"more than {max_structs} values")
                            if left:
                                work = slice_work
                                yield None
                        if pos - content_at > _LONG_CONTENT_BYTES:
                            scan.long_contents[content_at] = (length, pos)
                    elif kind == _TYPE:
                        length = 1
                        type_number = update[pos]
                        pos += 1
                        if type_number != _MAP and type_number != _TEXT:
                            raise MalformedUpdate(
                                "forbidden_type",
                                f"shared type {type_number} at byte {at} is neither map nor text",
                            )
                        links.add_type(client << 31 | clock, parent, max_depth)
                    elif kind == _DELETED:
                        length, pos = read_uint31(update, pos)
                    elif kind == _FORMAT or kind == _EMBED:
                        length = 1
                        end = skip_string(update, pos) if kind == _FORMAT else pos
                        pos = skip_json(update, end, max_depth)
                        # JSON takes some ten times as long as text.
                        work -= (pos - at) >> 7
                    else:
                        raise MalformedUpdate(
                            "forbidden_type", f"content of kind {kind} at byte {at}"
                        )
                if not length:
                    raise MalformedUpdate("malformed", f"struct without length at byte {at}")
                if kind == _SKIP:
                    if clock > run_start:
                        ranges.append((run_start, clock))
                    run_start = clock + length
                    has_gaps = True
                else:
                    starts.append(clock)
                    offsets.append(at)
                clock += length
                if clock >= CLOCK_LIMIT:
                    raise MalformedUpdate(
                        "bad_clock", f"struct at byte {at} ends at clock {clock}, beyond 2^31"
                    )
            if clock > run_start:
                ranges.append((run_start, clock))
        # The delete set.
        sections, pos = read_uint31(update, pos)
        if sections * 2 > size - pos:
            raise MalformedUpdate("malformed", f"{sections} deleters announced before byte {pos}")
        if sections > limits.max_clients:
            raise UpdateTooLarge("too_large", f"deletions of {sections} clients in one update")
        for _ in range(sections):
            client, pos = read_client(update, pos)
            if client in deletes:
                raise MalformedUpdate("malformed", f"client {client} twice, before byte {pos}")
            count, pos = read_uint31(update, pos)
            if count * 2 > size - pos:
                raise MalformedUpdate("malformed", f"{count} deletions announced before byte {pos}")
            total += count
            if total > max_structs:
                raise UpdateTooLarge("too_large", f"more than {max_structs} structs and deletions")
            ranges = []
            reached = 0
            for _ in range(count):
                if work <= 0:
                    work = slice_work
                    yield None
                work -= 1
                clock, pos = read_uint31(update, pos)
                length, pos = read_uint31(update, pos)
                # Every client writes them so, and yrs takes it for granted.
                if not length or clock < reached:
                    raise MalformedUpdate(
                        "malformed", f"deletions empty or out of order before byte {pos}"
                    )
                reached = clock + length
                if reached >= CLOCK_LIMIT:
                    raise MalformedUpdate(
                        "bad_clock", f"deletion before byte {pos} ends at clock {reached}"
                    )
                if pairs and (pairs.is_cut(client, clock) or pairs.is_cut(client, reached)):
                    raise cut_pair(f"the deletion before byte {pos}")
                ranges.append((clock, reached))
            if ranges:
                deletes[ClientId(client)] = ranges
        if pos != size:
            raise MalformedUpdate("malformed", f"bytes left over after the update, at {pos}")
        if has_gaps:
            for gap in [client for client, ranges in structs.items() if not ranges]:
                del structs[gap]
        if not links.is_empty:
            yield from links.resolve(update, scan, max_depth, slice_work)
        if total > FREE_STRUCTS and structs and roots is not None:
            yield from links.check_walks(update, scan, slice_work)
    except IndexError:
        raise MalformedUpdate("malformed", f"the update ends too early, at byte {size}") from None
    return scan


def _future(offset: int, clock: int) -> MalformedUpdate:
    return MalformedUpdate(
        "bad_clock", f"struct at byte {offset} refers to its own client's later clock {clock}"
    )
