"""The identifiers that every layer passes around."""

from typing import NewType

WorkflowId = NewType("WorkflowId", str)
UserId = NewType("UserId", str)
Seq = NewType("Seq", int)
ClientId = NewType("ClientId", int)
"""Yjs's integer per Doc; not a connection and not a user."""
