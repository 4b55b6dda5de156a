"""A process that applies updates to pycrdt documents, so that a crash or a hang costs only itself.

As a program it reads lines `base update <space> update <space> update …` in hex and answers each
with one line of JSON; `ApplyWorker` is the parent's side.
"""

import json
import select
import subprocess
import sys
import traceback
from types import TracebackType
from typing import Any, Self, TypedDict

from pycrdt import Doc, Map, Text, TransactionEvent

from crdt_store.update_scan import read_state_vector
from crdt_store.workflow import ROOTS


class Applied(TypedDict):
    """`outcome`: applied | error (pycrdt refused) | panic | crash | hang."""

    outcome: str
    detail: str
    state: str
    json: str
    is_reload_equal: bool


class ApplyWorker:
    """Applies updates in a child process; starts a new child after a crash or a hang."""

    def __init__(self, *, timeout_s: float = 10) -> None:
        self._timeout_s = timeout_s
        self._child = self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop()

    def apply(self, base: bytes, *updates: bytes) -> Applied:
        """Apply updates one by one to a document that begins with `base`; read and empty it."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        line = " ".join(update.hex() or "-" for update in (base, *updates))
        self._child.stdin.write(line.encode() + b"\n")
        self._child.stdin.flush()
        readable, _, _ = select.select([self._child.stdout], [], [], self._timeout_s)
        answer = self._child.stdout.readline() if readable else b""
        if answer:
            applied: Applied = json.loads(answer)
            return applied
        detail = f"exit code {self._child.poll()}"
        self._stop()
        self._child = self._start()
        return {
            "outcome": "crash" if readable else "hang",
            "detail": detail,
            "state": "",
            "json": "",
            "is_reload_equal": False,
        }

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def _stop(self) -> None:
        self._child.kill()
        self._child.communicate()


def _open(client_id: int) -> tuple[Doc[Any], list[Map[Any]]]:
    doc: Doc[Any] = Doc(client_id=client_id)
    return doc, [doc.get(root, type=Map) for root in ROOTS]


def _printed(maps: list[Map[Any]]) -> str:
    # The order of a map's keys differs from one document to the next.
    return json.dumps([json.loads(str(root)) for root in maps], sort_keys=True)


def _apply(base: bytes, updates: list[bytes]) -> Applied:
    doc, maps = _open(1)
    if base:
        doc.apply_update(base)
    seen: list[object] = []

    def note_events(events: list[Any]) -> None:
        for event in events:
            seen.append(event.path)
            seen.append(str(event.keys if hasattr(event, "keys") else event.delta))

    def note_update(event: TransactionEvent) -> None:
        seen.append(event.update)

    subscriptions = [root.observe_deep(note_events) for root in maps]
    subscriptions.append(doc.observe(note_update))
    for update in updates:
        try:
            doc.apply_update(update)
        except (ValueError, RuntimeError) as error:
            # A document that has failed half-way is discarded.
            return _refused("error", error)
    printed = _printed(maps)
    state = doc.get_state()
    other, other_maps = _open(2)
    other.apply_update(doc.get_update())
    is_reload_equal = _printed(other_maps) == printed and read_state_vector(
        other.get_state()
    ) == read_state_vector(state)
    for root in maps:
        root["new"] = Map({"text": Text("x")})
        for key in list(root.keys()):
            # An entry without a value is listed, but cannot be found.
            if key in root:
                del root[key]
    other.apply_update(doc.get_update(other.get_state()))
    _printed(other_maps)
    del subscriptions
    return {
        "outcome": "applied",
        "detail": "",
        "state": state.hex(),
        "json": printed,
        "is_reload_equal": is_reload_equal,
    }


def _refused(outcome: str, error: BaseException) -> Applied:
    detail = "".join(traceback.format_exception(error))
    return {
        "outcome": outcome,
        "detail": detail[-1_000:],
        "state": "",
        "json": "",
        "is_reload_equal": False,
    }


def _serve() -> None:
    for line in sys.stdin:
        base, *updates = (b"" if part == "-" else bytes.fromhex(part) for part in line.split())
        try:
            answer = _apply(base, updates)
        except BaseException as error:  # a Rust panic is no Exception
            answer = _refused("panic", error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
