"""Claims on Yjs client ids: whose they are, and how long [SEC-1]."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crdt_store.ids import ClientId, UserId
from server.live import claims as claims_module
from server.live.claims import CLAIM_OUTLIVES_CONNECTION_S, MAX_CLAIMS_PER_CONNECTION, Claims

if TYPE_CHECKING:
    import pytest

ANN, BOB, VIC = UserId("ann"), UserId("bob"), UserId("vic")
RESERVED = ClientId(1)
ID = ClientId(5)


def test_sec_1_a_claim_holds_while_it_is_held_and_a_minute_longer() -> None:
    claims = Claims(RESERVED)
    assert claims.claim(ID, ANN, 1)
    assert not claims.claim(ID, BOB, 2)
    assert claims.is_foreign(ID, BOB)
    claims.release(1, 100.0)
    claims.expire(100.0 + CLAIM_OUTLIVES_CONNECTION_S - 1)
    assert claims.is_foreign(ID, BOB)
    claims.expire(100.0 + CLAIM_OUTLIVES_CONNECTION_S)
    assert not claims.is_foreign(ID, BOB)
    assert len(claims) == 0
    assert claims.claim(ID, BOB, 2)


def test_a_claim_that_is_taken_up_again_does_not_run_out() -> None:
    claims = Claims(RESERVED)
    assert claims.claim(ID, ANN, 1)
    claims.release(1, 0.0)
    assert claims.claim(ID, ANN, 2)
    claims.expire(1_000.0)
    assert claims.is_foreign(ID, BOB)
    assert set(claims.holders(ID)) == {2}


def test_sec_1_nobody_claims_the_servers_own_id() -> None:
    claims = Claims(RESERVED)
    assert claims.is_foreign(RESERVED, ANN)
    assert claims.is_foreign_presence(RESERVED, ANN)
    assert not claims.claim(RESERVED, ANN, 1)


def test_sec_1_a_viewers_claim_keeps_nobody_from_writing() -> None:
    claims = Claims(RESERVED)
    assert claims.claim(ID, VIC, 1, may_write=False)
    assert not claims.is_foreign(ID, ANN)
    assert claims.is_foreign_presence(ID, ANN)
    # Whoever writes takes the id over.
    assert claims.claim(ID, ANN, 2)
    assert claims.is_foreign_presence(ID, VIC)
    assert not claims.held_by(1)
    assert set(claims.holders(ID)) == {2}
    claims.release(1, 0.0)
    claims.expire(1_000.0)
    assert claims.is_foreign(ID, BOB)


def test_a_claim_becomes_firm_when_its_viewer_may_write() -> None:
    claims = Claims(RESERVED)
    assert claims.claim(ID, VIC, 1, may_write=False)
    assert claims.claim(ID, VIC, 1)
    assert claims.is_foreign(ID, ANN)


def test_sec_1_an_author_who_is_away_keeps_the_id() -> None:
    claims = Claims(RESERVED)
    claims.wrote(ID, ANN)
    claims.wrote(ID, BOB)
    assert claims.is_foreign_presence(ID, BOB)
    assert not claims.claim(ID, BOB, 1)
    assert not claims.claim(ID, VIC, 1, may_write=False)
    # Another tab of the same browser may bring what the author wrote offline.
    assert not claims.is_foreign(ID, BOB)
    assert not claims.is_foreign_presence(ID, ANN)
    assert claims.claim(ID, ANN, 2)


def test_an_author_shows_presence_under_an_id_that_a_viewer_showed_first() -> None:
    claims = Claims(RESERVED)
    assert claims.claim(ID, VIC, 1, may_write=False)
    claims.wrote(ID, ANN)
    assert not claims.is_foreign_presence(ID, ANN)
    assert claims.is_foreign_presence(ID, BOB)
    assert claims.claim(ID, ANN, 2)
    assert claims.is_foreign_presence(ID, VIC)


def test_several_ids_are_claimed_all_or_none() -> None:
    claims = Claims(RESERVED)
    ids = [ClientId(number) for number in range(10, 10 + MAX_CLAIMS_PER_CONNECTION + 1)]
    assert not claims.claim_all(ids, ANN, 1, may_write=True)
    assert len(claims) == 0
    assert claims.claim_all(ids[:-1], ANN, 1, may_write=True)
    assert claims.claim_all(ids[:-1], ANN, 1, may_write=True)
    assert not claims.claim(ids[-1], ANN, 1)
    assert claims.claim(ids[0], ANN, 1)
    assert claims.claim(ids[-1], ANN, 2)
    assert not claims.claim_all([ClientId(900), ids[0]], BOB, 3, may_write=True)
    assert not claims.is_foreign(ClientId(900), ANN)


def test_claims_and_authors_of_a_room_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims_module, "_CLAIMS_KEPT", 10)
    monkeypatch.setattr(claims_module, "_AUTHORS_KEPT", 10)
    claims = Claims(RESERVED)
    assert claims.claim(ID, ANN, 1)
    for number in range(100):
        assert claims.claim(ClientId(100 + number), ANN, 2 + number)
        claims.release(2 + number, float(number))
        claims.wrote(ClientId(100 + number), ANN)
    assert len(claims) == 10
    # The oldest went first, and none that is held.
    assert claims.is_foreign(ID, BOB)
    assert claims.is_foreign(ClientId(199), BOB)
    assert not claims.is_foreign(ClientId(100), BOB)
    assert not claims.is_foreign_presence(ClientId(100), BOB)
    assert claims.is_foreign_presence(ClientId(199), BOB)
