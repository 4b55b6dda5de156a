"""What every test of the suite gets."""

import pytest

pytest_plugins = [
    "tests.databases",
    "tests.no_skips_in_ci",
    "tests.node_clients",
    "tests.servers",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
