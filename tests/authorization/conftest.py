"""The HTTP clients of tests/rest, on the same servers."""

from tests.rest.conftest import api

__all__ = ["api"]
