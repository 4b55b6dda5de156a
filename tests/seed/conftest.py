"""What the tests of the seed's lines share: the fixtures of the REST tests, and sockets."""

from tests.rest.conftest import api, owner, path

__all__ = ["api", "owner", "path"]
