"""A hunt that was played, as what its people did: commands with their times, made of the log's records. Pure.

A record is what came of a command; the command is found again from its events. What came of timers comes again by
itself, or is told by the host (start and end). What cannot be found again is counted by event.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import msgspec

from actors.log.codec import Done
from huntserver.game.definition.shape import Definition, source
from huntserver.game.hunt import HuntType
from huntserver.game.media import references
from huntserver.game.state import Hunt

HOST: Final = "host"
"""Who does what a host or a timer did."""
UNASKED: Final = frozenset(
    {"created", "defined", "published", "placed", "rejudged", "released", "team_released", "medium_added", "withdrawn",
     "medium_removed", "solves_told", "tries_spent", "frozen", "thawed", "revealed"}
)  # fmt: skip
"""Events that come by themselves, are done before, or change no standings."""
_AFTER: Final = re.compile(r"\bafter (\d+):(\d\d)\b")
_SCALED_DOWN: Final = ("after_s", "from_s", "stagger_s")
_SCALED_UP: Final = ("decay_s", "until_s", "within_s")
_GONE: Final = ("opens_at", "starts_at", "ends_at", "duration_s", "limit_s")


class RehearsalError(ValueError):
    """A hunt that cannot be rehearsed; the text says why."""


class RecordedAct(NamedTuple):
    """One command: when (ms since 1970), by whom (`p:ID`, or `HOST`), operation and fields.

    `team` among the fields is the recorded team's id, `invite` the id of the team to come into. `name`: what the player
    is called, where the act is the first one.
    """

    at_ms: int
    by: str
    op: str
    fields: dict[str, Any]
    name: str = ""


class Standing(NamedTuple):
    """A team's row of the standings, by what does not change from one playing to the next."""

    place: int
    name: str
    score: int
    solved: int


class Recording(NamedTuple):
    """What there is to do again: the first definition (JSON), acts in order, where it ended, and what is left out."""

    hunt: str
    definition: str
    acts: list[RecordedAct]
    standings: list[Standing]
    left_out: Counter[str]


def recording(hunt: str, records: Iterable[Done], kind: HuntType, speed: float) -> Recording:
    """Return what a hunt's records (from its first one) are made of, for a playing so many times as fast.

    Raises `RehearsalError`.
    """
    state: Hunt = kind.create(hunt)
    acts: list[RecordedAct] = []
    left_out: Counter[str] = Counter()
    definition = ""
    for record in records:
        if state.phase <= 1 and state.source:
            definition = state.source  # the draft's last one
        act = _act(state, record.events, record, speed, left_out)
        if act is not None:
            acts.append(act)
        kind.fold(state, record.events, record.pos, record.at)
    if not definition:
        raise RehearsalError(f"{hunt!r} was never published")
    return Recording(hunt, at_speed(definition, speed), acts, standings(state), left_out)


def standings(state: Hunt) -> list[Standing]:
    """Return the standings of a hunt."""
    top = state.standings.top(state.standings.size())
    return [Standing(i, t.name, t.score, t.solved.bit_count()) for i, t in enumerate(top, 1)]


def at_speed(text: str, speed: float) -> str:
    """Return a definition for a playing so many times as fast: times sooner, no cool-downs (what was taken then is
    taken now), no schedule (start and end come as they came). Raises `RehearsalError` where its texts name media."""
    made = msgspec.json.decode(text)
    definition = msgspec.json.decode(text, type=Definition)
    if named := references(definition):
        raise RehearsalError(f"the hunt has media ({sorted(named)[0]}, ...): they lie outside of the log")
    made["schedule"] = {k: v for k, v in made.get("schedule", {}).items() if k not in _GONE}
    scaled: Definition = msgspec.convert(_scaled(made, speed), Definition)
    return source(scaled)


def _scaled(value: Any, speed: float) -> Any:
    if isinstance(value, list):
        return [_scaled(one, speed) for one in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for key, one in value.items():
        if key == "cool_down_s" or key == "freeze_s":
            made[key] = 0
        elif key in _SCALED_DOWN:
            made[key] = int(one / speed)
        elif key in _SCALED_UP:
            made[key] = one and max(1, round(one / speed))
        elif key == "unlock" and isinstance(one, str):
            made[key] = _AFTER.sub(lambda found: _sooner(found, speed), one)
        else:
            made[key] = _scaled(one, speed)
    return made


def _sooner(found: re.Match[str], speed: float) -> str:
    minutes = int((int(found[1]) * 60 + int(found[2])) / speed)
    return f"after {minutes // 60}:{minutes % 60:02}"


def _act(state: Hunt, events: list[Any], record: Done, speed: float, left_out: Counter[str]) -> RecordedAct | None:
    """Return the command that a record came of, or None; what cannot be found is counted."""
    for event in events:
        tag = str(event.__struct_config__.tag)
        find = _FOUND.get(tag)
        found = find(state, event) if find is not None else None
        if found is not None:
            op, fields = found
            who = getattr(event, "personal", None)
            by = record.by if record.by.startswith("p:") else HOST
            if op == "definition":
                fields["definition"] = at_speed(fields["definition"], speed)
            return RecordedAct(record.at, by, op, fields, who.name if op == "join" and who is not None else "")
        if tag not in UNASKED and getattr(event, "how", "") != "rejudged":
            left_out[tag] += 1
    return None


_Found = tuple[str, dict[str, Any]] | None


def _joined(state: Hunt, event: Any) -> _Found:
    fields: dict[str, Any] = {"recorded": event.team}
    if event.team in state.teams:
        return "join", {**fields, "invite": event.team}
    if event.invite:
        fields["team"] = event.personal.team_name
    return "join", {**fields, **({"bracket": event.bracket} if event.bracket else {})}


def _tried(state: Hunt, event: Any) -> _Found:
    """Return the try by which a clue, or a part of it, was solved."""
    part, who = getattr(event, "part", ""), event.personal
    how = getattr(event, "how", "guess")
    named = {"clue": event.clue, **({"part": part} if part else {})}
    if how == "guess":
        return "guess", {**named, "text": who.text}
    if how == "code":
        return "scan", {"code": _code(state, event.clue, part)}
    if how == "place":
        return "checkin", {"lat": who.lat, "lon": who.lon, "clue": event.clue}
    if how in ("host", "photo"):
        return "award", {"team": event.team, **named}
    return None


def _code(state: Hunt, clue: str, part: str) -> str:
    """Return a code of a clue: which one was scanned is not kept."""
    plan = state.plan
    if part:
        return next(code for code, of in plan.parts.codes.items() if (of.clue, of.id) == (clue, part))
    return next(code for code, index in plan.codes.items() if index == plan.clue_index[clue])


def _missed(state: Hunt, event: Any) -> _Found:
    who = event.personal
    return ("scan", {"code": who.text}) if event.how == "code" else ("checkin", {"lat": who.lat, "lon": who.lon})


def _amended(state: Hunt, event: Any) -> _Found:
    existing = "rejudge" if event.marks else "compensate" if event.paid else "keep"
    return "definition", {"definition": event.definition, "existing": existing}


def _left(state: Hunt, event: Any) -> _Found:
    return ("kick", {"player": event.player, "team": event.team}) if event.kicked else ("leave_team", {})


def _begun(state: Hunt, event: Any) -> _Found:
    return ("begin", {}) if event.personal is not None and event.personal.by.startswith("p:") else None


def _same(op: str, *names: str, **more: Any) -> Callable[[Hunt, Any], _Found]:
    """Return what takes fields of an event as those of an operation."""
    return lambda state, event: (op, {**{name: getattr(event, name) for name in names}, **more})


_FOUND: Final[dict[str, Callable[[Hunt, Any], _Found]]] = {
    "joined": _joined,
    "guessed": _tried,
    "solved": _tried,
    "part_solved": _tried,
    "missed": _missed,
    "hint_taken": _same("hint", "clue", "hint"),
    "claimed": _same("claim", "treasure"),
    "begun": _begun,
    "started": _same("start"),
    "paused": _same("pause"),
    "unpaused": _same("unpause"),
    "ended": _same("end"),
    "reopened": _same("reopen"),
    "amended": _amended,
    "adjusted": _same("adjust", "team", "points", reason="recorded"),
    "removed": _same("disqualify", "team", "back", reason="recorded"),
    "counting_changed": lambda state, event: ("unofficial", {"team": event.team, "back": not event.unofficial}),
    "enrolled": lambda state, event: ("enroll", {"name": event.personal.team_name, "recorded": event.team}),
    "bracket_changed": _same("bracket", "team", "bracket"),
    "renamed": lambda state, event: ("rename", {"team": event.team, "name": event.personal.team_name}),
    "left": _left,
    "moved": _same("move", "player", "team"),
    "merged": _same("merge", "team", "other"),
    "captain_changed": _same("captain", "player", "team"),
}
