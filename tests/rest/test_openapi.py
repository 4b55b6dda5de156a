"""The API's description is complete: whoever generates a client from it misses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.servers import ServerProcess


@pytest.fixture(scope="module")
def document(server: ServerProcess) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{server.base_url}/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        if path.startswith("/api/"):
            for method, operation in methods.items():
                yield f"{method} {path}", operation


def test_every_route_has_a_summary_a_tag_and_typed_answers(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    assert len(found) >= 13
    for name, operation in found.items():
        assert operation["summary"], name
        assert operation["tags"], name
        succeeding = {status: r for status, r in operation["responses"].items() if status < "300"}
        assert succeeding, name
        for status, answer in succeeding.items():
            assert status == "204" or answer["content"], name


def test_every_route_names_its_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (name, status)
                assert "`" in answer["description"], (name, status)
        described = " ".join(r["description"] for r in operation["responses"].values())
        assert ("`unauthenticated`" in described) is (name != "get /api/server"), name
        if "{workflow_id}" in name:
            assert "`workflow_not_found`" in described, name
            assert "`forbidden`" in described, name
        if "requestBody" in operation:
            assert "`body_too_large`" in described, name
            assert "`malformed_json`" in described, name


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for key, item in value.items():
                if key == "$ref":
                    yield item
                else:
                    yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    found = set(references(document))
    assert "#/components/schemas/Problem" in found
    for reference in found:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in target, reference
            target = target[part]


def test_the_patches_accept_their_own_media_types(document: dict[str, Any]) -> None:
    for path, media_type in (
        ("/api/workflows/{workflow_id}", "application/json-patch+json"),
        ("/api/workflows/{workflow_id}/nodes/{node_id}", "application/merge-patch+json"),
        ("/api/workflows/{workflow_id}/edges/{edge_id}", "application/merge-patch+json"),
    ):
        body = document["paths"][path]["patch"]["requestBody"]
        assert set(body["content"]) == {"application/json", media_type}
