"""What is personal is sealed in the log, and a fold that cannot read it comes to the same state once it is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import pytest

from actors.entity import Context, Decision
from huntserver.game.features.erasing import Erase, Erased
from huntserver.game.hunt import HuntEvent, HuntType
from huntserver.game.state import Hunt
from huntserver.game.vault import ERASED, team_holder
from huntserver.privacy.ring import KeyRing, new_ring
from tests.game.test_hunt_walk import history

SEEDS = range(8)
decode = msgspec.json.Decoder(list[HuntEvent]).decode


class Written(NamedTuple):
    """A record as it lies in the log."""

    seq: int
    at_ms: int
    body: bytes


def ring() -> KeyRing:
    return new_ring(b"salt of the ring", b"a root of thirty-two bytes, yes!")


class Sealed:
    """A hunt whose log is sealed: its live state, and its log."""

    def __init__(self, id: str = "h1") -> None:
        self.ring = ring()
        self.kind = HuntType(self.ring)
        self.state = self.kind.create(id)
        self.log: list[Written] = []

    def write(self, events: Sequence[Any], seq: int, at_ms: int) -> None:
        """Write and apply a record, as `actors.shard.decider` does."""
        assert self.kind.seal is not None
        written = self.kind.seal(self.state, events)
        self.log.append(Written(seq, at_ms, msgspec.json.encode(written)))
        for event in written:
            self.kind.apply(self.state, event, seq, at_ms)
        self.kind.pushes(self.state, events, seq, at_ms)

    def erase(self, person: str, teams: str = "") -> list[str]:
        """Erase a person; return the holders of the keys that are to be destroyed."""
        ctx = Context()
        ctx.by, ctx.role, ctx.roll = "h:admin", "admin", lambda: 4711 << 9
        last = self.log[-1]
        ctx.now_ms, ctx.seq = last.at_ms, last.seq + 1
        times = dict(self.state.rest.nameless)
        decision = self.kind.decide(self.state, Erase(person, teams), ctx)
        assert isinstance(decision, Decision), decision
        self.write(decision.events, ctx.seq, ctx.now_ms)
        erased = decision.events[-1]
        assert isinstance(erased, Erased)
        return [person, *(team_holder(self.state.id, team, times.get(team, 0)) for team in erased.teams)]

    def folded(self, kind: HuntType) -> Hunt:
        """Fold the log from nothing."""
        return folded(kind, self.log, self.state.id)

    def bytes(self, state: Hunt | None = None) -> bytes:
        """Return a state as it is stored."""
        return b"\0".join(self.kind.encode(state or self.state))


def folded(kind: HuntType, log: Sequence[Written], id: str) -> Hunt:
    state = kind.create(id)
    for seq, at_ms, body in log:
        events = decode(body)
        for event in events:
            kind.apply(state, event, seq, at_ms)
        kind.pushes(state, events, seq, at_ms)
    return state


def walked(seed: int) -> Sealed:
    """Return a long random hunt, sealed."""
    made = Sealed()
    for seq, at_ms, events in history(seed):
        made.write(events, seq, at_ms)
    return made


@pytest.mark.parametrize("seed", SEEDS)
def test_a_fold_without_a_persons_key_equals_one_with_it_once_the_person_is_erased(seed: int) -> None:
    made = walked(seed)
    assert made.bytes(made.folded(made.kind)) == made.bytes(), "sealed, a log folds to the live state"
    known = [*made.state.members, *made.state.more.left]
    people = [by for by in known if by not in made.state.rest.erased][:3]
    before = b"".join(body for _, _, body in made.log)
    for person in people:
        holders = made.erase(person)
        blind = ring()
        for holder in holders:
            made.ring.destroy(holder)
        for holder in (*people[: people.index(person) + 1], *holders):
            blind.destroy(holder)
        for team, times in made.state.rest.nameless.items():
            for n in range(times):
                blind.destroy(team_holder("h1", team, n))
        unread = made.folded(HuntType(blind))
        assert made.bytes(unread) == made.bytes()
        assert made.bytes(made.folded(made.kind)) == made.bytes()
    assert before == b"".join(body for _, _, body in made.log)[: len(before)], "no byte of the log has changed"


@pytest.mark.parametrize("seed", SEEDS)
def test_no_name_guess_or_question_of_a_player_stands_in_a_sealed_log_or_snapshot(seed: int) -> None:
    made = walked(seed)
    bodies = b"".join(body for _, _, body in made.log)
    stored = made.bytes()
    personal = {
        text
        for _, _, events in history(seed)
        for event in events
        if getattr(event, "personal", None) is not None and event.personal.by.startswith("p:")
        for text in (event.personal.text, event.personal.name, event.personal.team_name)
        if len(text) > 3
    }
    assert personal
    for text in personal:
        assert f'"{text}"'.encode() not in bodies
    for name in [name for team in made.state.teams.values() for name in (team.name, *team.names)]:
        packed = msgspec.msgpack.encode(name)
        assert name.startswith(ERASED[:-1]) or packed not in stored, name


def test_a_snapshot_from_before_opens_to_neutral_names_and_comes_to_the_same_state() -> None:
    made = walked(1)
    parts, at = list(made.kind.encode(made.state)), len(made.log)
    person = next(iter(made.state.members))
    for holder in made.erase(person):
        made.ring.destroy(holder)
    old = made.kind.decode("h1", parts)
    team = old.members[person]
    assert (team.names[team.members.index(person)] if team.names else team.name) != person
    for seq, at_ms, body in made.log[at:]:
        events = decode(body)
        for event in events:
            made.kind.apply(old, event, seq, at_ms)
        made.kind.pushes(old, events, seq, at_ms)
    assert made.bytes(old) == made.bytes()
    again = made.kind.decode("h1", list(made.kind.encode(made.state)))
    assert made.bytes(again) == made.bytes()


@pytest.mark.parametrize("sealed", [True, False])
def test_what_is_replayed_in_one_call_comes_to_what_apply_and_pushes_come_to(sealed: bool) -> None:
    if sealed:
        made = walked(3)
        kind, log = made.kind, made.log
    else:
        kind, log = HuntType(), [Written(n, at, msgspec.json.encode(events)) for n, at, events in history(3)]
    one, other = kind.create("h1"), kind.create("h1")
    replayed = 0
    for seq, at_ms, body in log:
        events = decode(body)
        for event in events:
            kind.apply(one, event, seq, at_ms)
        pushes = kind.pushes(one, events, seq, at_ms)
        at_once = kind.replayed.get(events[0].__class__) if len(events) == 1 else None
        if at_once is not None:
            replayed += 1
            assert list(at_once(other, events, seq, at_ms)) == list(pushes)
            assert not kind.reactions(events, "h1")
        else:
            for event in events:
                kind.apply(other, event, seq, at_ms)
            kind.pushes(other, events, seq, at_ms)
    assert replayed > 0
    assert list(kind.encode(other)) == list(kind.encode(one))


def test_with_sealing_off_snapshots_are_those_of_a_server_that_has_no_keys() -> None:
    """Two servers of one file have rings of their own: neither could open what the other had sealed."""
    plain = [Written(seq, at_ms, msgspec.json.encode(events)) for seq, at_ms, events in history(3)]
    keyless, keyed = HuntType(), HuntType(ring(), seals=False)
    stored = list(keyless.encode(folded(keyless, plain, "h1")))
    assert list(keyed.encode(folded(keyed, plain, "h1"))) == stored
    assert list(keyed.encode(keyed.decode("h1", stored))) == stored
    assert list(HuntType(ring()).encode(folded(HuntType(ring()), plain, "h1"))) != stored, "on, they are sealed"


def test_what_is_sealed_is_not_folded_without_a_ring_as_if_nobody_had_a_name() -> None:
    """A server whose key file is lost finds out before it serves anything."""
    made = walked(3)
    with pytest.raises(ValueError, match=r"no key ring: .*key_file"):
        made.folded(HuntType())
