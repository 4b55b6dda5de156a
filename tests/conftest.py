"""What every test of the suite gets."""

import pytest

pytest_plugins = [
    "tests.databases",
    "tests.no_skips_in_ci",
    "tests.node_clients",
    "tests.servers",
]

LONGEST = {"test_everyday_trouble.py", "test_kill.py", "test_races.py", "test_random_clients.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: all workers would wait for one that begins last."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
