"""A hunt as bytes and back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from huntserver.game.features.authoring import Create
from huntserver.game.features.scanning import Scan
from huntserver.game.features.schedule import End, Pause, Publish, Start, Unpause
from huntserver.game.stored import TEAMS_A_PART
from lab.rigs.game import HUNT, Table, digest, played


def test_a_hunt_comes_back_from_its_parts_with_all_that_is_derived() -> None:
    table = played()
    parts = list(HUNT.encode(table.state))
    back = HUNT.decode("h1", parts)
    assert list(HUNT.encode(back)) == parts
    assert list(back.members) == list(table.state.members)
    assert back.timer == table.state.timer
    assert [t.id for t in back.standings.top(9)] == [t.id for t in table.state.standings.top(9)]
    assert back.invites.keys() == table.state.invites.keys()
    assert HUNT.weight(back) == HUNT.weight(table.state)


def test_play_goes_on_alike_before_and_after_storing() -> None:
    table, other = played(), played()
    other.state = HUNT.decode("h1", list(HUNT.encode(other.state)))
    for t in (table, other):
        t.host(Unpause())
        t.send(Scan("TREE-4711"))
        t.tick(10)
        t.host(End())
        t.tick(1)
    assert digest(other.state) == digest(table.state)
    assert other.log == table.log
    assert other.json_of_shown() == table.json_of_shown()


def test_folding_the_history_gives_the_live_state() -> None:
    table = played()
    assert list(HUNT.encode(table.replay())) == list(HUNT.encode(table.state))


def test_the_bytes_are_the_same_in_a_fresh_interpreter_with_another_hash_seed() -> None:
    script = "from lab.rigs.game import digest; from lab.rigs.game import played;print(digest(played().state))"
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {digest(played().state)}


def test_every_phase_is_stored() -> None:
    table = Table()
    assert HUNT.decode("h1", list(HUNT.encode(table.state))).phase == table.state.phase
    for step in (Create(), None, Publish(), Start(), Pause(), Unpause(), End()):
        if step is None:
            table.draft()
        else:
            table.host(step)
        back = HUNT.decode("h1", list(HUNT.encode(table.state)))
        assert list(HUNT.encode(back)) == list(HUNT.encode(table.state))
        assert back.timer == table.state.timer


def test_teams_are_stored_a_hundred_to_a_part() -> None:
    table = Table().published()
    for i in range(TEAMS_A_PART + 1):
        table.join(f"q{i}")
    assert len(list(HUNT.encode(table.state))) == 4


@pytest.mark.parametrize("parts", [[], [b""], [b"", b""], [b"", b"\x00"], [b"{", b"\x90"], [b"\xff", b"\xff"]])
def test_bytes_that_are_no_hunt_are_refused(parts: list[bytes]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any of its kinds: the runtime takes them alike
        HUNT.decode("h1", parts)


def test_another_version_is_refused_by_name() -> None:
    source, head = HUNT.encode(Table().state)
    assert head[3] == 1  # array of 18, then the version
    with pytest.raises(ValueError, match="version 9"):
        HUNT.decode("h1", [source, head[:3] + b"\x09" + head[4:]])


@pytest.mark.parametrize(
    "change",
    [
        lambda parts: [parts[0].replace(b'"unlock":"c1"', b'"unlock":"c9"'), *parts[1:]],
        lambda parts: [parts[0], parts[1], parts[2].replace(b"p:ann", b"q:ann").replace(b"\x92\x00\x02", b"\x91\x00")],
    ],
    ids=["a rule that names no clue", "more members than places"],
)
def test_parts_that_do_not_fit_together_are_refused(change: Callable[[list[bytes]], list[bytes]]) -> None:
    parts = list(HUNT.encode(played().state))
    changed = change(parts)
    assert changed != parts
    with pytest.raises(ValueError):  # noqa: PT011  # any of its kinds: the runtime closes the entity
        HUNT.decode("h1", changed)
