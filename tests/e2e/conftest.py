"""What the end-to-end tests share: a workflow id that no other test uses."""

from uuid import uuid4

import pytest


@pytest.fixture
def workflow_id() -> str:
    return f"wf-{uuid4().hex[:12]}"
