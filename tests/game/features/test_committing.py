"""Answers and draws are committed to before play begins, and every change of them is seen."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from huntserver.game.commitment import seed_of
from huntserver.game.definition.shape import source
from huntserver.game.features.amending import Accept
from huntserver.game.features.auditing import AuditQuery
from huntserver.game.features.authoring import Define
from huntserver.game.features.committing import CommitmentsQuery
from huntserver.game.features.rescheduling import Unstart
from huntserver.game.features.schedule import Publish, Start
from lab.rigs.game import SMALL, START_MS, Table, code, definition

DRAWS = SMALL.replace('unlock = "c1"\nhints', 'unlock = "draw 1 of 2"\nhints', 1)


def test_a_commitment_is_shown_before_play_and_each_later_one_with_its_time() -> None:
    table = Table(SMALL).draft()
    assert code(table.ask(CommitmentsQuery())) == "no_such_hunt"
    told = table.host(Publish())
    table.join("ann")
    ((at_ms, first),) = table.ask(CommitmentsQuery()).commitments
    assert (at_ms, told["commitment"]) == (START_MS, first)
    table.host(Start())
    table.tick(7)
    table.host(Accept("c1", "uno"))
    table.host(Define(source(definition(SMALL))))  # back to what it was: seen all the same
    made = table.ask(CommitmentsQuery()).commitments
    assert [at for at, _ in made] == [START_MS, START_MS + 7000, START_MS + 7000]
    assert made[2][1] == made[0][1] != made[1][1]


def test_a_commitment_is_made_as_the_manual_says_and_its_secret_is_shown_to_nobody() -> None:
    table = Table(SMALL).running("ann")
    secret = next(e.secret for r in table.log for e in r.events if type(e).__name__ == "Published")
    text = sha256(table.state.source.encode()).hexdigest()
    made = sha256(f"huntserver commitment 1 {secret} {text}".encode()).hexdigest()
    assert table.ask(CommitmentsQuery()).commitments == [(START_MS, made)]
    assert len(secret) == 42
    assert secret not in table.json_of_shown()
    assert secret not in msgspec.json.encode(table.ask(AuditQuery(), "h:owner", "host")).decode()


def test_what_teams_draw_was_committed_to_before_the_start() -> None:
    table = Table(DRAWS).published()
    assert table.state.rest.committed is not None
    seed = seed_of(table.state.rest.committed.secret)
    for _ in range(2):
        table.host(Start())
        assert table.state.rest.seed == seed
        table.host(Unstart())
