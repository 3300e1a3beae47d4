"""A simulated player on the shipped client session: real gateways, a network that cuts, and a judge at its ear.

Owns what the judge is given: what was called and answered, what was heard of each channel, and the faults that the
session would mend without a word (a gap, a push before its snapshot): a server must not rely on that.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final, assert_never

import msgspec

import huntserver.client.actions as a
from actors.checker.history import OK, REFUSED, VIEWED, Emission, ReceivedPush
from actors.shard.actor import Caller
from huntserver.client.session import Session
from huntserver.client.timing import Timing
from huntserver.game.features.authoring import Define
from huntserver.game.features.joining import Join
from huntserver.game.features.leaderboard import BoardQuery
from huntserver.game.features.overview import OverviewQuery
from huntserver.game.features.page import PageQuery
from huntserver.game.player.commands import ProfileQuery
from huntserver.load.frames import masked
from lab.sim import tokens
from lab.sim.player import Pending, ScriptedPlayer
from lab.sim.simulation import Simulation
from lab.sim.stream import Heard, Stream

LOOK_S: Final = 0.25
REFUSED_S: Final = 0.3
"""A hunt that may not be listened to is asked for again after this."""

OPS: Final = {PageQuery: "page", BoardQuery: "board", OverviewQuery: "overview", ProfileQuery: "profile"}
TIMING: Final = Timing(reconnect_first_ms=30, reconnect_max_ms=400, resend_max_ms=400, idle_ms=2_000)
"""A seed's faults are over in seconds."""

_encode: Final = msgspec.json.Encoder().encode


class SessionPlayer(ScriptedPlayer):
    """One device, over any number of connections: `huntserver.client.session` decides, this carries out and notes."""

    holds_floor = False  # the server's session does

    def __init__(self, sim: Simulation, number: int, caller: Caller, count: int) -> None:
        super().__init__(sim, number, caller, count)
        self.hunts: set[str] = set()  # that it listens to, or wants to
        self.stream: Stream | None = None
        self.counts: Counter[str] = Counter()
        self._requests: dict[int, Pending] = {}  # the session's id -> what was asked
        self._puts = 0
        self._lines: set[tuple[str, str]] = set()  # hunt and channel of all that was ever heard
        self._wakes_ms: int | None = None
        answer_ms = int(2_500 * self._patience_s)
        token = tokens.of_player(sim.seed, number, caller)
        timing = TIMING._replace(connect_ms=answer_ms, hello_ms=answer_ms, answer_ms=answer_ms)
        self.session = Session(token, self.epoch, timing=timing)
        sim.loop.post(sim.loop.world, LOOK_S, self._look)

    # ---- clock and connection

    def _now_ms(self) -> int:
        return int(self.sim.loop.time() * 1000 + 1e-3)

    def start(self) -> None:
        """Connect and begin to play."""
        self._do(self.session.start(self._now_ms()))
        super().start()

    def ended(self, stream: Stream) -> None:
        """A connection is gone; of one that was left nothing is heard any more."""
        if stream is self.stream:
            self.stream = None
            self._do(self.session.closed(self._now_ms(), self._random.random(), stream.close_code))

    def _connect(self) -> None:
        node = self.sim.any_node(self._random)
        if node is None or not node.booted:
            self._do(self.session.closed(self._now_ms(), self._random.random()))
            return
        self.stream = Stream(self, node)
        self.counts["connections"] += 1
        self.floors = {f"hunt/{hunt}": self.floors.get(f"hunt/{hunt}", 0) for hunt in self.session.hunts}
        for pending in self.pending.values():  # the server's floor is what hello says
            pending.floor = min(pending.floor, self.floors.get(pending.entity(), 0))
        self._do(self.session.connected(self._now_ms()))

    def _look(self) -> None:
        """Notice a process that is gone, or that a balancer sends nobody to: it is superseded, and not ready."""
        stream = self.stream
        if stream is not None and (stream.node.place.dead or stream.node.lost_one()):
            stream.lose()
        self.sim.loop.post(self.sim.loop.world, LOOK_S, self._look)

    def _tick(self, wakes_ms: int) -> None:
        if self._wakes_ms == wakes_ms:
            self._wakes_ms = None
            self._do(self.session.tick(self._now_ms(), self._random.random()))

    # ---- the session's actions

    def _do(self, actions: list[a.Action], heard: Heard | None = None) -> None:
        for action in actions:
            self._act(action, heard)
        wake_ms = self.session.wake_ms
        if wake_ms is not None and (self._wakes_ms is None or wake_ms < self._wakes_ms):
            self._wakes_ms = wake_ms
            delay_s = max(wake_ms / 1000 - self.sim.loop.time(), 0.0)
            self.sim.loop.post(self.sim.loop.world, delay_s, self._tick, wake_ms)

    def _act(self, action: a.Action, heard: Heard | None) -> None:
        match action:
            case a.Connect():
                self._connect()
            case a.Drop(why):
                self.counts[why] += 1
                stream, self.stream = self.stream, None
                if stream is not None:
                    stream.lose()
            case a.Send(message):
                self._send_message(message)
            case a.Answer(reply):
                assert heard is not None
                self._answered(self._requests.pop(reply["id"]), heard)
            case a.Snapshot(message):
                for channel, seq in message["channels"].items():
                    self._note_push(message["hunt"], channel, seq, -1, None)
            case a.Event(message):
                assert heard is not None
                if message["hunt"]:  # a player's own channel is not resumed: it asks for its profile
                    m = heard.message
                    self._note_push(m.hunt, m.ch, m.seq, m.prev, bytes(m.events))
            case a.Resumed(hunt, recovered, known):
                self._resumed(hunt, recovered, known)
            case a.Refused(hunt, _):
                if hunt in self.hunts:
                    self.sim.loop.post(self.sim.loop.world, REFUSED_S, self._follow, hunt)
            case a.Gap(hunt, channel, seen, prev):
                if hunt:
                    self.sim.broken("I4", f"{self.name} has {seen} of {channel}, a push follows {prev}", hunt)
            case a.Over(code, msg, _):
                self.sim.broken("I10", f"{self.name} was sent away for good: {code}, {msg}")
            case a.Greeted() | a.Lost() | a.State() | a.GoAway():
                pass
            case _:
                assert_never(action)

    def _send_message(self, message: dict[str, Any]) -> None:
        stream = self.stream
        assert stream is not None
        pending = self._requests.get(message["id"])
        if pending is not None:
            pending.tries += 1
            if pending.kind != "hunt":
                pending.floor = 0  # a player's pos is no hunt's
            self.sim.note("send", self.name, pending.number, stream.node.name, pending.tries)
        stream.send(masked(_encode(message)), pending)

    # ---- out

    def _room(self) -> bool:
        return len(self.pending) < self._most  # the key window is the session's

    def _send(self, pending: Pending) -> None:
        command = pending.command
        if command.__class__ is Define:  # goes up by PUT, which has no session
            if not pending.tries:
                self._puts += 1
                pending.key = (f"{self.epoch}.put", self._puts)
            super()._send(pending)
            return
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        op = OPS.get(command.__class__) or command.__struct_config__.tag
        if pending.kind == "hunt":
            fields["hunt"] = pending.id
            if self.caller.role == "host" and pending.id not in self.hunts:
                self.hunts.add(pending.id)
                self._follow(pending.id)
        now_ms = self._now_ms()
        if pending.key:
            id, actions = self.session.command(op, fields, now_ms)
            pending.key = (self.epoch, self.session.requests.n)
        else:
            id, actions = self.session.ask(op, fields, now_ms)
        self._requests[id] = pending
        self._do(actions)

    def _impatient(self, pending: Pending, tries: int) -> None:
        if pending.command.__class__ is Define:
            super()._impatient(pending, tries)

    def _goes_again(self, pending: Pending, code: str) -> bool:
        """What the client's session gives out is final."""
        return pending.command.__class__ is Define and super()._goes_again(pending, code)

    def _follow(self, hunt: str) -> None:
        self._do(self.session.follow(hunt, self._now_ms()))

    # ---- in

    def heard(self, heard: Heard) -> None:
        """Judge a message as it came; then let the session take it."""
        m = heard.message
        if m.t == "event" and m.hunt:
            self._judge_push(m.hunt, m.ch, m.seq, m.prev)
        elif m.id is not None and m.ch and m.id in self._requests:
            self._judge_push(self._requests[m.id].id, m.ch, m.pos, m.prev)
        self._do(self.session.received(heard.payload, self._now_ms(), self._random.random()), heard)

    def _judge_push(self, hunt: str, channel: str, seq: int, prev: int) -> None:
        """I4: what a server pushes on one connection is in order and whole, whatever a client would make of it."""
        following = self.session.hunts.get(hunt)
        if following is None or following.channels is None:
            self.sim.broken("I4", f"{self.name} got push {seq} of {channel} before its snapshot", hunt)
        elif prev != following.seen(channel):
            text = f"{self.name} has {following.seen(channel)} of {channel}, {seq} follows {prev}"
            self.sim.broken("I4", text, hunt)

    def _note_push(self, hunt: str, channel: str, seq: int, prev: int, events: bytes | None) -> None:
        self._lines.add((hunt, channel))
        self.sim.seen.append(ReceivedPush(self.name, f"hunt/{hunt}", channel, seq, prev, events))

    def _resumed(self, hunt: str, recovered: bool, known: bool) -> None:
        if not hunt:
            return
        self.counts["tails" if recovered else "snapshots"] += 1
        if recovered and not known:  # all there is, from the first on
            for at, channel in sorted(self._lines):
                if at == hunt:
                    self._note_push(hunt, channel, 0, -1, None)

    def _answered(self, pending: Pending, heard: Heard) -> None:
        m, left_s = heard.message, heard.left_s
        if m.ch:
            self._note_push(pending.id, m.ch, m.pos, m.prev, None)
        if m.err is None:
            if pending.command.__class__ is Join:
                self.hunts.add(pending.id)
            outcome, code = (OK if pending.key else VIEWED), ""
        else:
            outcome, code = REFUSED, m.err.code
        if outcome == OK and bytes(m.ok) == b'{"again":true}':
            outcome, code = REFUSED, "already_joined"  # the gateway's word for it
        if outcome == REFUSED and pending.key:
            left_s = min(left_s, pending.arrived_s)
        self.hear(pending.number, outcome, code, m.pos, None if m.err else m.ok, left_s)

    # ---- looks of the world

    def note_shown(self, node: str, said: list[Heard]) -> None:
        """Note what a node lets out, for I3."""
        for _, m, left_s in said:
            if m.t == "event":
                entity = f"hunt/{m.hunt}" if m.hunt else f"player/{m.ch.removeprefix('player:')}"
                self.sim.shown.append(Emission(node, entity, m.seq, left_s, "a push"))
            elif m.id is not None and m.pos > 0 and m.id in self._requests:
                entity = self._requests[m.id].entity()
                self.sim.shown.append(Emission(node, entity, m.pos, left_s, f"an answer to {m.id}"))

    def behind(self, hunt: str, state: Any) -> str:
        """Tell what it has not heard of a hunt that it listens to; empty: nothing."""
        team = state.members.get(self.caller.by)
        held = {"hunt": state.hunt_seq}
        if team is not None:
            held[team.channel] = team.seq
        if self.caller.role == "host":
            held["host"] = state.host_seq
        elif team is None:
            return ""
        following = self.session.hunts.get(hunt)
        seen = None if following is None else following.channels
        missed = [channel for channel, seq in held.items() if seen is None or seen.get(channel, 0) != seq]
        return f"{self.name} has {seen} of {hunt}, where {held} is" if missed else ""
