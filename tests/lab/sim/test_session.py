"""The simulation over sessions: its play reaches what sessions are for; what they do is missed when it is gone."""

from __future__ import annotations

from collections import Counter

import pytest

from actors.checker.history import Violation
from huntserver.wire.codecs import frame
from lab.ablations import gateway_safeguards
from lab.ablations.table import missed
from lab.sim.session_player import SessionPlayer
from lab.sim.session_workload import SessionWorkload
from lab.sim.simulation import Simulation
from lab.sim.stream import payloads

MISSED = ("gap detection", "shown once")


def test_connections_are_cut_and_resumed_with_tails_and_with_snapshots() -> None:
    counts: Counter[str] = Counter()
    for seed in range(30):
        sim = Simulation(seed, make=SessionWorkload)
        assert sim.run().violations == []
        for player in sim.players:
            if isinstance(player, SessionPlayer):
                counts.update(player.counts)
    assert min(counts[what] for what in ("connections", "tails", "snapshots")) > 30, counts


def test_a_channel_known_by_a_snapshot_alone_may_be_told_again_from_its_beginning() -> None:
    """Whose hunt was refused resumes from nothing; the judge held the page of before against what it was told."""
    assert Simulation(606706068, make=SessionWorkload).run().violations == []


@pytest.mark.parametrize("name", MISSED)
def test_what_a_session_does_is_missed_when_it_is_gone(name: str) -> None:
    def run(seed: int) -> list[Violation]:
        return Simulation(seed, make=SessionWorkload).run().violations

    assert missed(gateway_safeguards.SAFEGUARDS[name], range(150), run) is not None


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_every_size_are_read(size: int) -> None:
    data = frame(b"x" * size, False) + b"\x88\x02\x10\x68" + frame(b"last", False)
    assert list(payloads(data)) == [b"x" * size, b"last"]


@pytest.mark.parametrize("seed", [990041, 990046, 990062])
def test_a_seed_of_sessions_is_played_alike_also_when_servers_drain(seed: int) -> None:
    first, again = (Simulation(seed, make=SessionWorkload).run() for _ in range(2))
    assert first.digest == again.digest
