"""Fixtures of the core's tests."""

from tests.core.environments import clean_environ, set_variables

__all__ = ["clean_environ", "set_variables"]
