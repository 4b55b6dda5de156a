"""The editor over HTTP: what is served, how it may be kept, what browsers may do with it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from server.editor_pages import CONTENT_SECURITY_POLICY, NothingHere, editor_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.servers import ServerProcess

PAGES = ("/", "/w/order-4711", "/w/a%20b", "/share/eyJ.sig-nature")
PAGE = "<!doctype html><title>coflow</title>"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
SCRIPT = "export const answer = 42\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built editor, with something beside it that is nobody's business."""
    (tmp_path / "secret.txt").write_text("secret")
    built = tmp_path / "editor"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text(PAGE)
    (built / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (built / "assets" / "index-Bq3x.js").write_text(SCRIPT)
    (built / "assets" / "index-C0ol.css").write_text("body { margin: 0 }\n")
    (built / "assets" / "way-out.js").symlink_to(tmp_path / "secret.txt")
    return built


def client_of(folder: Path) -> httpx.AsyncClient:
    app = Starlette(routes=editor_routes(folder))
    app.router.default = NothingHere(app.router.default, folder)
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://coflow")


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(folder) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_is_the_same_document_that_is_asked_for_each_time(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)

    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


async def test_assets_are_kept_for_ever_and_have_their_types(client: httpx.AsyncClient) -> None:
    script = await client.get("/assets/index-Bq3x.js")
    style = await client.get("/assets/index-C0ol.css")

    assert script.text == SCRIPT
    assert script.headers["content-type"] in (
        "text/javascript; charset=utf-8",
        "application/javascript",
    )
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    for answer in (script, style):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.8"])
async def test_who_takes_gzip_gets_what_the_build_has_compressed(
    client: httpx.AsyncClient, folder: Path, accepted: str
) -> None:
    (folder / "assets" / "index-Bq3x.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    path = "/assets/index-Bq3x.js"
    plain = await client.get(path, headers={"accept-encoding": "identity"})
    packed = await client.get(path, headers={"accept-encoding": accepted})

    assert (plain.text, packed.text) == (SCRIPT, SCRIPT)
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert packed.headers["etag"] != plain.headers["etag"]
    for answer in (plain, packed):
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    # What has no twin is sent as it is.
    style = await client.get("/assets/index-C0ol.css", headers={"accept-encoding": accepted})
    assert "content-encoding" not in style.headers


async def test_the_icon_is_an_image(client: httpx.AsyncClient) -> None:
    answer = await client.get("/icon.svg")

    assert answer.headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("path", [*PAGES, "/assets/index-Bq3x.js", "/icon.svg"])
async def test_head_answers_as_get_does_without_the_body(
    client: httpx.AsyncClient, path: str
) -> None:
    get, head = await client.get(path), await client.head(path)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == get.headers


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/w",
        "/w/a/b",
        "/assets",
        "/assets/",
        "/assets/nothing.js",
        "/assets/way-out.js",
        "/assets/../index.html",
        "/assets/../../secret.txt",
        "/assets/%2e%2e/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/assets/..\\..\\secret.txt",
        "/assets//etc/passwd",
        "/assets/%2fetc%2fpasswd",
        "/assets/a%00b.js",
        "/assets/" + "a" * 5_000,
        "/secret.txt",
        "/../secret.txt",
    ],
)
async def test_nothing_else_is_there(client: httpx.AsyncClient, path: str) -> None:
    # As it stands, without the normalisation by which clients leave out the dots.
    request = client.build_request("GET", "http://coflow/")
    request.url = httpx.URL("http://coflow").copy_with(raw_path=path.encode())

    answer = await client.send(request, follow_redirects=True)

    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/nopage", "/w", "/w/a/b", "/index.html", "/apis", "/%00", "//x"])
async def test_a_browser_that_is_led_to_nothing_gets_the_page_with_404(
    client: httpx.AsyncClient, folder: Path, path: str
) -> None:
    there = await client.get("/")
    known = {"if-none-match": there.headers["etag"], "range": "bytes=0-3"}
    answer = await client.get(f"http://coflow{path}", headers={**BROWSER, **known})

    assert (answer.status_code, answer.text) == (404, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    head = await client.head(f"http://coflow{path}", headers=BROWSER)
    assert (head.status_code, head.content) == (404, b"")
    (folder / "index.html.gz").write_bytes(gzip.compress(PAGE.encode()))
    packed = await client.get(
        f"http://coflow{path}", headers={**BROWSER, "accept-encoding": "gzip"}
    )
    assert (packed.status_code, packed.text) == (404, PAGE)
    assert packed.headers["content-encoding"] == "gzip"


async def test_a_browser_is_led_on_from_an_address_with_a_slash_too_many(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/w/order-4711/", headers=BROWSER)

    assert (answer.status_code, answer.headers["location"]) == (307, "http://coflow/w/order-4711")


@pytest.mark.parametrize(
    "path", ["/api", "/api/nothing", "/sync", "/sync/a/b", "/assets/nothing.js"]
)
async def test_no_page_is_shown_where_programs_ask(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=BROWSER)

    assert (answer.status_code, answer.text) == (404, "Not Found")


async def test_other_methods_are_refused(client: httpx.AsyncClient) -> None:
    for path in (*PAGES, "/icon.svg", "/assets/index-Bq3x.js"):
        assert (await client.post(path)).status_code == 405


async def test_without_a_build_a_text_says_how_to_get_one(tmp_path: Path) -> None:
    folder = tmp_path / "editor"
    async with client_of(folder) as client:
        for path in PAGES:
            answer = await client.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
            assert "scripts/serve" in answer.text
        assert (await client.get("/assets/index.js")).status_code == 404
        assert (await client.get("/nopage", headers=BROWSER)).status_code == 404

        # A build that comes later is served without a restart.
        (folder / "assets").mkdir(parents=True)
        (folder / "assets" / "index.js").write_text(SCRIPT)
        (folder / "index.html").write_text(PAGE)
        assert (await client.get("/")).text == PAGE
        assert (await client.get("/assets/index.js")).text == SCRIPT


# The real server: what lies around the routes.


def test_the_server_has_them_and_its_description_does_not(server: ServerProcess) -> None:
    for path in PAGES:
        answer = httpx.get(server.base_url + path)
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    missing = httpx.get(server.base_url + "/assets/nothing.js")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    described = httpx.get(server.base_url + "/openapi.json").json()["paths"]
    assert not {path for path in described if path.startswith(("/w/", "/share/", "/assets"))}
    assert "/" not in described
    assert "/icon.svg" not in described


def test_programs_are_answered_with_a_problem_wherever_nothing_is(server: ServerProcess) -> None:
    asked = [
        httpx.get(server.base_url + "/nopage"),
        httpx.post(server.base_url + "/nopage", headers=BROWSER),
        httpx.get(server.base_url + "/api/nothing", headers=BROWSER),
        httpx.get(server.base_url + "/sync/nothing", headers=BROWSER),
    ]
    for answer in asked:
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_in_dev_mode_no_other_name_of_this_machine_is_served(server: ServerProcess) -> None:
    """A page that points its own name at 127.0.0.1 would be same-origin. [SEC-1]"""
    for path in (*PAGES, "/icon.svg", "/assets/nothing.js"):
        answer = httpx.get(server.base_url + path, headers={"host": "evil.example:80"})
        assert (answer.status_code, answer.json()["code"]) == (403, "host_refused")


def test_no_dots_lead_out_of_the_package(server: ServerProcess) -> None:
    for path in ("/assets/../../app.py", "/assets/%2e%2e/%2e%2e/app.py", "/w/../../app.py"):
        with httpx.Client(base_url=server.base_url) as client:
            request = client.build_request("GET", "/")
            request.url = request.url.copy_with(raw_path=path.encode())
            assert client.send(request).status_code == 404
