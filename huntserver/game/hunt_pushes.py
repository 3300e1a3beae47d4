"""What a record of a hunt shows on which channel, once its events are applied. Pure.

One push per record and channel; moves the channels' last seqs, which are part of the state. What another team may see
carries nothing personal and no text that is not theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from actors.entity import Push
from huntserver.game.hunt_events import (
    Adjusted,
    Announced,
    Claimed,
    Created,
    Defined,
    Ended,
    Extended,
    Guessed,
    HintTaken,
    Joined,
    Paused,
    Placed,
    Published,
    Released,
    Removed,
    Solved,
    Started,
    Unpaused,
)
from huntserver.game.hunt_state import Hunt, Team
from huntserver.game.hunt_views import Shown, clue_view

Opened = list[tuple[Team, tuple[int, ...]]]


def pushes(state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
    """Return the record's pushes. A plain wrong guess, the usual case, is one that its answer stands for."""
    event = events[0]
    if event.__class__ is Guessed:
        team = state.teams[event.team]
        prev = team.seq
        team.seq = seq
        return (Push(team.channel, prev, events, True),)
    return _others(state, event, seq)


def _others(state: Hunt, event: Any, seq: int) -> list[Push]:
    made: list[Push] = []
    opened, state.opened = state.opened, []
    match event:
        case Solved():
            _solved(made, state, event, seq, opened)
        case Claimed():
            team = state.teams[event.team]
            shown = Shown("claimed", team.id, team.name, treasure=event.treasure, title=event.title, rank=event.rank)
            _to_team(made, team, seq, [_with_score(shown, team, event.points)])
            _to_hunt(made, state, seq, [shown])
        case HintTaken():
            team = state.teams[event.team]
            clue = state.clues[state.clue_index[event.clue]]
            text = next((h.text for h in clue.hints if h.id == event.hint), "")
            shown = Shown("hint", clue=event.clue, hint=event.hint, text=text, points=-event.price, score=team.score)
            _to_team(made, team, seq, [shown])
        case Joined():
            team = state.teams[event.team]
            own = Shown("joined", team.id, event.personal.name, clues=_opened_for(state, team, opened))
            _to_team(made, team, seq, [own])
            _to_host(made, state, seq, [Shown("joined", team.id, team.name)])
        case Adjusted() | Removed():
            _from_host(made, state, event, seq)
        case Announced():
            _announced(made, state, event, seq)
        case Started() | Released():
            _opened(made, state, event, seq, opened)
        case _:
            _phase(made, state, event, seq)
    if isinstance(event, Solved | Claimed | HintTaken | Joined | Adjusted | Removed):
        made.append(Push("board", 0, state="board"))
    return made


def _solved(made: list[Push], state: Hunt, event: Solved, seq: int, opened: Opened) -> None:
    team = state.teams[event.team]
    clue = state.clues[state.clue_index[event.clue]]
    own = Shown(
        "solved",
        team.id,
        clue=clue.id,
        title=clue.title,
        rank=event.rank,
        points=event.points,
        score=team.score,
        text=clue.solved_text,
        how=event.how,
        clues=_opened_for(state, team, opened),
    )
    _to_team(made, team, seq, [own])
    other = Shown("solved", team.id, team.name, clue=clue.id, title=clue.title, rank=event.rank)
    if event.rank == 1:
        _to_hunt(made, state, seq, [Shown("first_finder", team.id, team.name, clue=clue.id, title=clue.title, rank=1)])
    _to_host(made, state, seq, [other])


def _from_host(made: list[Push], state: Hunt, event: Adjusted | Removed, seq: int) -> None:
    team = state.teams[event.team]
    if isinstance(event, Adjusted):
        shown = Shown("adjusted", team.id, team.name, points=event.points, score=team.score, reason=event.reason)
    else:
        shown = Shown("removed", team.id, team.name, reason=event.reason, back=event.back)
    _to_team(made, team, seq, [shown])
    _to_host(made, state, seq, [shown])


def _announced(made: list[Push], state: Hunt, event: Announced, seq: int) -> None:
    shown = Shown("announced", text=event.text)
    if event.team:
        _to_team(made, state.teams[event.team], seq, [shown])
    elif event.bracket:
        for team in state.teams.values():
            if team.bracket == event.bracket:
                _to_team(made, team, seq, [shown])
    else:
        _to_hunt(made, state, seq, [shown])
    _to_host(made, state, seq, [shown])


def _opened(made: list[Push], state: Hunt, event: Started | Released, seq: int, opened: Opened) -> None:
    if isinstance(event, Started):
        # Nobody has solved anything: the first clues are the same for all, and go to all in one push.
        first = [clue_view(state, opened[0][0], i) for i in opened[0][1]] if opened else []
        _to_hunt(made, state, seq, [Shown("started", ends_ms=event.ends_ms, clues=first)])
        _to_host(made, state, seq, [Shown("started", ends_ms=event.ends_ms)])
        return
    views: dict[tuple[int, ...], Shown] = {}  # clues that open now look alike to every team
    for team, clues in opened:
        shown = views.get(clues)
        if shown is None:
            shown = views[clues] = Shown("opened", clues=[clue_view(state, team, i) for i in clues])
        _to_team(made, team, seq, [shown])


def _phase(made: list[Push], state: Hunt, event: Any, seq: int) -> None:
    match event:
        case Published():
            shown = Shown("published")
        case Paused():
            shown = Shown("paused")
        case Unpaused():
            shown = Shown("unpaused", ends_ms=state.ends_ms)
        case Extended():
            shown = Shown("extended", ends_ms=event.ends_ms)
        case Ended():
            shown = Shown("ended")
        case Created() | Defined() | Placed():
            return
        case _:
            raise AssertionError(event)
    _to_hunt(made, state, seq, [shown])
    _to_host(made, state, seq, [shown])


def _opened_for(state: Hunt, team: Team, opened: Opened) -> list[Any]:
    return [clue_view(state, team, i) for t, clues in opened if t is team for i in clues]


def _with_score(shown: Shown, team: Team, points: int) -> Shown:
    return Shown(
        shown.type, shown.team, shown.name, treasure=shown.treasure, title=shown.title, rank=shown.rank,
        points=points, score=team.score,
    )  # fmt: skip


def _to_team(made: list[Push], team: Team, seq: int, events: list[Any]) -> None:
    made.append(Push(team.channel, team.seq, events))
    team.seq = seq


def _to_hunt(made: list[Push], state: Hunt, seq: int, events: list[Any]) -> None:
    made.append(Push("hunt", state.hunt_seq, events))
    state.hunt_seq = seq


def _to_host(made: list[Push], state: Hunt, seq: int, events: list[Any]) -> None:
    made.append(Push("host", state.host_seq, events))
    state.host_seq = seq
