"""Public records: without persons, private texts and codes, and yet all that the rules need."""

from __future__ import annotations

import typing
from pathlib import Path

import msgspec
import pytest

from actors.log.codec import Done
from huntserver.game.event import Author
from huntserver.game.hunt import HuntEvent, HuntType
from huntserver.game.state import Hunt
from huntserver.proof import public
from huntserver.proof.public import Redactor, decoded
from huntserver.proof.replaying import PublicReplay, standings_of

GOLDEN = Path(__file__).parents[1] / "game" / "golden"
HUNTS = sorted(path.stem for path in GOLDEN.glob("hunt-*.jsonl"))
EVENTS = typing.get_args(HuntEvent)


class Line(msgspec.Struct):
    """One record of a golden log."""

    pos: int
    at: int
    events: list[HuntEvent]


def records(name: str) -> list[Done]:
    lines = [msgspec.json.decode(line, type=Line) for line in (GOLDEN / f"{name}.jsonl").read_bytes().splitlines()]
    return [
        Done("n@0", i + 1, line.at, "hunt/golden", line.pos, "p:someone", "", line.events, msgspec.Raw(b"{}"))
        for i, line in enumerate(lines)
    ]


def folded(made: list[Done]) -> Hunt:
    kind = HuntType()
    state = kind.create("golden")
    for record in made:
        for event in record.events:
            kind.apply(state, event, record.pos, record.at)
        kind.pushes(state, record.events, record.pos, record.at)
    return state


@pytest.mark.parametrize("name", HUNTS)
def test_public_records_give_the_standings_of_the_log(name: str) -> None:
    made = records(name)
    redactor, replay = Redactor.of(made[0]), PublicReplay("golden")
    for record in made:
        replay.apply(decoded(redactor.record(record)))
    state = folded(made)
    assert replay.standings() == standings_of(state)
    assert (replay.state.phase, replay.state.solves, replay.state.claims) == (state.phase, state.solves, state.claims)
    assert len(replay.state.members) == len(state.members)


@pytest.mark.parametrize("name", HUNTS)
def test_nothing_of_persons_and_no_code_is_in_a_public_record(name: str) -> None:
    made = records(name)
    redactor = Redactor.of(made[0])
    shown = b"".join(redactor.record(record) for record in made)
    state = folded(made)
    private = {t.invite for t in state.teams.values() if t.invite} | set(state.members) | {state.owner}
    for record in made:
        for event in record.events:
            who = getattr(event, "personal", None)
            if isinstance(who, Author):
                private |= {f'"{text}"' for text in (who.by, who.name, who.team_name) if text}
    definitions = {c.title for c in state.definition.clues} | {a for c in state.definition.clues for a in c.answers}
    found = [text for text in private if text.encode() in shown and text.strip('"') not in definitions]
    assert found == []


def test_every_field_of_every_event_is_known_to_be_shown_or_left_out() -> None:
    left_out = public.PERSONS | public.CODES | public.TEXTS | {"personal", "mark"}
    fields = {name for event in EVENTS for name in event.__struct_fields__}
    assert fields - left_out - public.PLAIN == set()
    assert not left_out & public.PLAIN


def test_the_same_client_has_one_pseudonym_in_a_hunt_and_another_in_the_next() -> None:
    first = records(HUNTS[0])[0]
    one, other = Redactor.of(first), Redactor.of(msgspec.structs.replace(first, nonce="m@0"))
    assert one.pseudonym("p:ann") == Redactor.of(first).pseudonym("p:ann") != other.pseudonym("p:ann")
    assert one.pseudonym("p:ann").startswith("p:u")
    assert one.pseudonym("timer") == "timer"
