"""What README and docs print works as printed: the tour in curl, and the snippets for clients."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import anyio
import orjson
import pytest

from rest.problems import PROBLEMS
from server.core.close_codes import CloseCode
from server.live.rules import LOCK_REQUIRED
from tests.rest.locking import acquire, id_of, member
from tests.rest.sharing import share, token_of
from tests.seed.test_examples import node, run
from tests.servers import REPOSITORY

if TYPE_CHECKING:
    import httpx

    from tests.rest.conftest import Api
    from tests.servers import StartServer

PROLOGUE = """
import * as Y from 'yjs';
import { WebSocket } from 'ws';
import { WebsocketProvider as Stock } from 'y-websocket';
class WebsocketProvider extends Stock {
  constructor (url, room, doc, options) {
    super(url, room, doc, { ...options, WebSocketPolyfill: WebSocket });
  }
}
const [url, workflowId, token] = process.argv.slice(1);
const persistence = { clearData: async () => console.log('cleared') };
let documents = 0;
const show = (doc, provider) => {
  documents += 1;
  const mine = documents;
  provider.on('sync', (isSynced) => {
    if (!isSynced) return;
    const nodes = doc.getMap('nodes');
    const mail = nodes.get('mail').get('type') ?? null;
    console.log(JSON.stringify({ document: mine, nodes: [...nodes.keys()].sort(), mail }));
    if (mine === 1) {
      // In one update something that is allowed, and the deletion of what another has locked.
      doc.transact(() => {
        nodes.get('mail').set('type', 'letter');
        nodes.delete('ask');
      });
    }
  });
};
"""


def printed(page: str, begins_with: str) -> str:
    """The one fenced block of a page that begins so."""
    text = (REPOSITORY / page).read_text()
    blocks = re.findall(r"^```\w+\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    [block] = [block for block in blocks if block.startswith(begins_with)]
    return str(block)


async def test_the_tour_of_the_readme(start_server: StartServer) -> None:
    server = await start_server()
    tour = printed("README.md", "at=").replace(":8000", f":{server.port}")
    # One answer a line, so that they can be told apart.
    said = await run(["sh", "-ec", 'curl() { command curl -s "$@"; echo; }\n' + tour])
    made, joined, lock, refused, released, comment, shared, audit = map(
        orjson.loads, said.splitlines()
    )
    assert (made["id"], joined["workflow_id"]) == ("demo", "demo")
    assert (lock["locked_by"], lock["resource_id"]) == ("ada", "n1")
    assert (refused["status"], refused["reason"], refused["holder"]) == (403, "locked", "ada")
    assert released == {"released": True}
    assert (comment["author"], comment["anchor_exists"]) == ("bob", True)
    assert shared["permissions"]["can_comment"] is True
    assert [each["action"] for each in reversed(audit["items"])] == [
        *("workflow.created", "session.created", "session.joined"),
        *("lock.acquired", "lock.released", "comment.added", "share.created"),
    ]


async def test_starting_over_after_4409(api: Api, owner: httpx.AsyncClient, path: str) -> None:
    """The snippet of the protocol page: a stock client goes on with a document like everybody's."""
    bob = await member(api, owner, path, "editor")
    await acquire(owner, path, "node", "ask")
    source = PROLOGUE + printed("docs/protocol.md", "const open = ")
    shown: list[dict[str, Any]] = []
    said = ""
    arguments = (api.server.sync_url, id_of(path), token_of(bob))
    async with node(source, *arguments) as process:
        assert process.stdout is not None
        with anyio.fail_after(30):
            while len(shown) < 2:
                said += (await process.stdout.receive()).decode()
                lines = said.rpartition("\n")[0].splitlines()
                shown = [orjson.loads(line) for line in lines if line[0] == "{"]
    assert "cleared" in said
    assert shown == [
        {"document": 1, "nodes": ["ask", "mail"], "mail": None},
        {"document": 2, "nodes": ["ask", "mail"], "mail": "letter"},
    ]


@pytest.mark.parametrize("name", ["Grace", "Zoë"])
async def test_redeeming_a_link(api: Api, owner: httpx.AsyncClient, path: str, name: str) -> None:
    shared = await share(owner, path, "comment")
    snippet = printed("docs/protocol.md", "const redeemed = ").replace("Grace", name)
    source = (
        "const ofServer = globalThis.fetch, [base, shareId] = process.argv.slice(1);\n"
        "globalThis.fetch = (path, options) => ofServer(base + path, options);\n"
        f"{snippet}\nconsole.log(JSON.stringify([workflow_id, token]));"
    )
    command = ["node", "--input-type=module", "--eval", source, "--"]
    said = await run([*command, api.server.base_url, shared["share_id"]])
    workflow_id, token = orjson.loads(said)
    assert workflow_id == id_of(path)
    nobody = await api.nobody()
    seen = await nobody.get(path, params={"token": token})
    assert seen.status_code == 200


# What the protocol page lists is what there is


def of_page(pattern: str) -> set[str]:
    return set(re.findall(pattern, (REPOSITORY / "docs" / "protocol.md").read_text()))


def of_code(pattern: str, *folders: str) -> set[str]:
    sources = [path for folder in folders for path in (REPOSITORY / folder).rglob("*.py")]
    assert sources
    return {found for path in sources for found in re.findall(pattern, path.read_text())}


def test_the_protocol_page_has_a_row_for_every_reason_of_a_refusal() -> None:
    reasons = of_code(r'(?:Refuse|Denial)\("(\w+)"', "server/live") | {LOCK_REQUIRED}
    assert {"locked", "not_your_turn", "stale_document", "missing_dependencies"} <= reasons
    assert reasons == of_page(r"(?m)^\| `(\w+)` \| .* \| .* \|$") & reasons


def test_the_protocol_page_has_a_row_for_every_close_code() -> None:
    assert {str(int(code)) for code in CloseCode} == of_page(r"(?m)^\| (\d{4}) \|")


def test_the_protocol_page_has_a_row_for_every_announcement() -> None:
    ends = "joined|left|changed|ended|acquired|released|updated|deleted|resolved|reopened"
    announced = of_code(rf'"(\w+_(?:{ends})|new_comment)"', "rest")
    assert {"user_joined", "locks_changed", "turn_changed", "comment_reopened"} <= announced
    announced -= set(PROBLEMS)
    first_cells = of_page(r"(?m)^\|([^|]+)\|")
    rows = {word for cell in first_cells for word in re.findall(r"`(\w+)`", cell)}
    assert announced <= rows
