"""The hunt as an entity: the one place that ties its commands, events, state and views together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from actors.entity import Context, Decision, Rejected, Timer
from huntserver.game import commands as c
from huntserver.game import hunt_apply, hunt_host, hunt_join, hunt_play, hunt_pushes, hunt_stored, hunt_views, workflow
from huntserver.game.hunt_events import HuntEvent
from huntserver.game.hunt_state import Hunt

Decide = Callable[[Hunt, Any, Context], Decision | Rejected]

DECIDE: Final[dict[type, Decide]] = {
    c.Join: hunt_join.join,
    c.Guess: hunt_play.guess,
    c.Scan: hunt_play.scan,
    c.CheckIn: hunt_play.check_in,
    c.TakeHint: hunt_play.take_hint,
    c.Claim: hunt_play.claim,
    c.Create: hunt_host.create,
    c.Define: hunt_host.define,
    c.Publish: hunt_host.publish,
    c.Start: hunt_host.start,
    c.Pause: hunt_host.pause,
    c.Unpause: hunt_host.unpause,
    c.End: hunt_host.end,
    c.Extend: hunt_host.extend,
    c.Announce: hunt_host.announce,
    c.Adjust: hunt_host.adjust,
    c.Disqualify: hunt_host.disqualify,
}
QUERY: Final[dict[type, Callable[[Hunt, Any, Context], Any]]] = {
    c.PageQuery: hunt_views.page,
    c.MembershipQuery: hunt_views.membership,
    c.BoardQuery: hunt_views.board,
    c.OverviewQuery: hunt_views.overview,
}


def _by_class(table: dict[type, Any], cls: type) -> Any:
    """Find what deals with a class; the wire's structs are subclasses of the game's commands."""
    for base in cls.__mro__:
        if base in table:
            return table[base]
    raise AssertionError(f"no rule for {cls.__name__}")


class HuntType:
    """Behaviour of hunts: see `actors.entity.EntityType`."""

    kind = "hunt"
    topic = "hunts"
    event_type: Any = HuntEvent
    command_type: Any = c.HuntCommand

    # Plain functions, without a method around them: two calls fewer for every record that is replayed.
    apply = staticmethod(hunt_apply.apply)
    pushes = staticmethod(hunt_pushes.pushes)
    reactions = staticmethod(workflow.reactions)
    encode = staticmethod(hunt_stored.encode)
    decode = staticmethod(hunt_stored.decode)

    def __init__(self) -> None:
        self._decide: dict[type, Decide] = dict(DECIDE)
        self._query = dict(QUERY)

    def create(self, id: str) -> Hunt:
        """Return a hunt that does not exist yet."""
        return Hunt(id)

    def decide(self, state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
        """Judge a command by the rule for its class."""
        rule = self._decide.get(command.__class__)
        if rule is None:
            rule = self._decide[command.__class__] = _by_class(DECIDE, command.__class__)
        return rule(state, command, ctx)

    def fire(self, state: Hunt, timer: str, ctx: Context) -> Sequence[Any]:
        """Return a due timer's events."""
        return hunt_host.fire(state, timer, ctx)

    def due(self, state: Hunt) -> Timer | None:
        """Return the next timer; kept by `set_timer`."""
        return state.timer

    def query(self, state: Hunt, query: Any, ctx: Context) -> Any:
        """Answer a question by its class."""
        view = self._query.get(query.__class__)
        if view is None:
            view = self._query[query.__class__] = _by_class(QUERY, query.__class__)
        return view(state, query, ctx)

    def weight(self, state: Hunt) -> int:
        """Return an estimate of the memory in bytes."""
        return 20_000 + 8 * len(state.source) + 900 * len(state.teams) + 200 * len(state.members) + 300 * state.attempts
