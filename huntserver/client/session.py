"""The client's half of the protocol: what to send when, over any number of connections. Pure: values in, values out.

Owns hello, the key window and the unanswered commands, sending again, resuming, the gaps of channels, the server's
clock, the waits before a new connection, and the answer time-out. No sockets, clocks, dice or tasks: `now_ms` is any
clock that never goes back, in whole ms; `roll` is a random number in [0, 1). Every call returns the actions that the
shell carries out, in order (`huntserver.client.actions`).

How the calls follow each other: `start`; then, for each connection that `Connect` asks for, `connected`, any number of
`received`, and `closed` (not after `Drop`). `command`, `ask`, `follow` and `leave` may come at any time. After every
call `wake_ms` says when `tick` is due. The clauses: `docs/protocol.md`; the formulas: `docs/clients.md`; a client in
any language is held to `huntserver/wire/vectors.jsonl`.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from huntserver.client.actions import (
    Action,
    Answer,
    Connect,
    Drop,
    Gap,
    GoAway,
    Greeted,
    Lost,
    Over,
    Send,
)
from huntserver.client.backoff import STABLE_MS, Reconnecting, resend_ms
from huntserver.client.clock import ServerClock
from huntserver.client.hunts import Hunts
from huntserver.client.incoming import About, Envelope, Pong
from huntserver.client.requests import Request, Requests
from huntserver.client.timing import DOUBLINGS_MAX, Timing
from huntserver.errors import CLOSES

HELLO: Final = 0
"""The id of `hello`; requests count from 1."""

TURNED_AWAY: Final = CLOSES["too_many_connections"].number
"""A hello that is refused for now is followed by what follows this close code."""

REPLACED: Final = CLOSES["replaced"].number

CLOSE_NAMES: Final = {close.number: close.name for close in CLOSES.values()}

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


class SessionPhase(enum.Enum):
    """Where a session stands: nowhere, on its way, greeted by the server, or sent away for good."""

    AWAY = "away"
    CONNECTING = "connecting"
    GREETING = "greeting"
    PLAYING = "playing"
    OVER = "over"


class Session:
    """The protocol's client half for one device of one player, or of a host.

    `epoch`: made once for a device and kept. `n`: the last N that the device used. `unanswered`: commands of an earlier
    run, as `kept` returned them. `token`: replaced when the server renews it. `takes`: what of the protocol's additions
    the shell understands (`texts`, `pieces`; the session puts pieces together itself).
    """

    def __init__(
        self,
        token: str,
        epoch: str,
        *,
        n: int = 0,
        unanswered: Iterable[Mapping[str, Any]] = (),
        timing: Timing | None = None,
        takes: Iterable[str] = (),
    ) -> None:
        self.token = token
        self._takes = list(takes)
        self.epoch = epoch
        self.phase = SessionPhase.AWAY
        self.hunts = Hunts()
        self.requests = Requests(n)
        self.requests.restore(dict(message) for message in unanswered)
        self._timing = timing or Timing()
        self._reconnecting = Reconnecting(self._timing.reconnect_first_ms, self._timing.reconnect_max_ms)
        self._since_ms = 0  # of the phase
        self._connect_ms: int | None = None  # when to connect
        self._heard_ms = 0
        self._time_outs = 0
        self._greeted = False  # once
        self._hello_astray = False  # a connection ended with its hello under way: it may replace the next one
        self._clock = ServerClock()

    # ---- what is known

    def kept(self) -> dict[str, Any]:
        """Return what a device keeps over restarts: `epoch`, `n` and `unanswered`, to be given to its next session.

        Keep it before the actions of `command` are carried out: a key that was sent is never used for another command.
        """
        return {"epoch": self.epoch, "n": self.requests.n, "unanswered": list(self.requests.commands())}

    def server_ms(self, now_ms: int) -> int | None:
        """Return the server's time (ms since 1970) at `now_ms`; None before it is known."""
        return self._clock.server_ms(now_ms)

    @property
    def wake_ms(self) -> int | None:
        """When `tick` is due; None: not before something else happens."""
        timing = self._timing
        match self.phase:
            case SessionPhase.AWAY:
                return self._connect_ms
            case SessionPhase.CONNECTING:
                return self._since_ms + timing.connect_ms
            case SessionPhase.GREETING:
                return self._since_ms + timing.hello_ms
            case SessionPhase.PLAYING:
                return min((self._alive_ms(), *self.requests.due_ms()))
            case SessionPhase.OVER:
                return None

    def _alive_ms(self) -> int:
        """When the connection is to be doubted, if nothing comes until then."""
        oldest_ms = self.requests.oldest_ms()
        if oldest_ms is None:
            return self._heard_ms + self._timing.idle_ms
        return oldest_ms + (self._timing.answer_ms << self._time_outs)

    # ---- connections

    def start(self, now_ms: int) -> list[Action]:
        """Begin: the first `Connect`."""
        self._connect_ms = now_ms
        return self._due(now_ms, 0.0)

    def connected(self, now_ms: int) -> list[Action]:
        """A WebSocket is open: say hello, and where we stand in each hunt."""
        if self.phase is not SessionPhase.CONNECTING:
            return []
        self.phase, self._since_ms = SessionPhase.GREETING, now_ms
        hello: dict[str, Any] = {"id": HELLO, "op": "hello", "token": self.token, "epoch": self.epoch}
        if points := self.hunts.points():
            hello["resume"] = points
        if self._takes:
            hello["takes"] = self._takes
        return [Send(hello)]

    def closed(
        self, now_ms: int, roll: float, code: int | None = None, *, reason: str = "", after_ms: int | None = None
    ) -> list[Action]:
        """The connection has ended, or could not be opened.

        `code` and `reason` are those of the close frame, if one came. `after_ms`: what a refused handshake said about
        coming back (`Retry-After`).
        """
        if self.phase in (SessionPhase.AWAY, SessionPhase.OVER):
            return []
        if self.phase is SessionPhase.PLAYING and now_ms - self._since_ms >= STABLE_MS:
            self._reconnecting.stable()
            self._hello_astray = False
        if code == REPLACED and self._hello_astray:
            code, self._hello_astray = None, False  # by our own hello of before, which arrived late
        elif self.phase is SessionPhase.GREETING:
            self._hello_astray = True
        wait_ms = self._reconnecting.wait_ms(code, after_ms, roll)
        self._disconnected()
        if wait_ms is None:
            name = CLOSE_NAMES.get(code or 0, "closed")
            return [self._over(name, reason or f"the server closed the connection ({code})")]
        self._connect_ms = now_ms + wait_ms
        return [Lost(wait_ms)]

    def hurry(self, now_ms: int) -> list[Action]:
        """Connect now instead of later, as when the device hears that its network is back."""
        if self.phase is not SessionPhase.AWAY or self._connect_ms is None:
            return []
        self._connect_ms = now_ms
        return self._due(now_ms, 0.0)

    def renew(self, token: str, now_ms: int) -> list[Action]:
        """After `Over`: begin anew with another token of the same player, with all that has no answer."""
        if self.phase is not SessionPhase.OVER:
            return []
        self.token, self.phase = token, SessionPhase.AWAY
        return self.start(now_ms)

    def tick(self, now_ms: int, roll: float) -> list[Action]:
        """Do what is due; nothing, if `wake_ms` is not there yet."""
        wake_ms = self.wake_ms
        return [] if wake_ms is None or now_ms < wake_ms else self._due(now_ms, roll)

    def _due(self, now_ms: int, roll: float) -> list[Action]:
        match self.phase:
            case SessionPhase.AWAY:
                self.phase, self._since_ms, self._connect_ms = SessionPhase.CONNECTING, now_ms, None
                return [Connect()]
            case SessionPhase.CONNECTING:
                return self._drop("connect_timeout", now_ms, roll)
            case SessionPhase.GREETING:
                return self._drop("hello_timeout", now_ms, roll)
            case SessionPhase.PLAYING if now_ms >= self._alive_ms():
                if self.requests.oldest_ms() is not None:
                    self._time_outs = min(self._time_outs + 1, DOUBLINGS_MAX)
                    return self._drop("answer_timeout", now_ms, roll)
                self.requests.question("ping", {}, own=True)
        return self._flush(now_ms)

    def _drop(self, why: str, now_ms: int, roll: float) -> list[Action]:
        return [Drop(why), *self.closed(now_ms, roll)]

    def _disconnected(self) -> None:
        self.phase = SessionPhase.AWAY
        self.requests.disconnected()
        self._clock.disconnected()

    def _over(self, code: str, msg: str) -> Over:
        self.phase = SessionPhase.OVER
        return Over(code, msg, self.requests.ids())

    # ---- requests

    def command(self, op: str, fields: Mapping[str, Any], now_ms: int) -> tuple[int, list[Action]]:
        """Take a command that changes something; return its id. It is sent until it is answered, executed once.

        `fields` are those of the operation, `hunt` among them. Raises `TooManyWaiting` (`huntserver.client.requests`).
        """
        request = self.requests.command(op, dict(fields))
        return request.id, self._flush(now_ms)

    def ask(self, op: str, fields: Mapping[str, Any], now_ms: int) -> tuple[int, list[Action]]:
        """Take a question, which changes nothing and has no key; return its id. It, too, is sent until answered."""
        request = self.requests.question(op, dict(fields))
        return request.id, self._flush(now_ms)

    def forget(self, id: int) -> None:
        """Give a question up: nobody waits for its answer any more. A command cannot be given up."""
        request = self.requests.get(id)
        if request is not None and not request.n:
            self.requests.answered(request)

    def follow(self, hunt: str, now_ms: int) -> list[Action]:
        """Listen to a hunt, from what was seen of it: for hosts, and after a restart. Who joins listens already."""
        self.hunts.follow(hunt)
        return self._resume(hunt, now_ms) if self.phase is SessionPhase.PLAYING else []

    def leave(self, hunt: str, now_ms: int) -> list[Action]:
        """Stop listening to a hunt; the player stays in it."""
        if self.hunts.leave(hunt) and self.phase is SessionPhase.PLAYING:
            self.requests.question("leave", {"hunt": hunt}, own=True)
        return self._flush(now_ms)

    def _resume(self, hunt: str, now_ms: int) -> list[Action]:
        following = self.hunts.follow(hunt)
        following.asked = True
        self.requests.question("resume", following.point(hunt), own=True)
        return self._flush(now_ms)

    def _flush(self, now_ms: int) -> list[Action]:
        if self.phase is not SessionPhase.PLAYING:
            return []
        return [Send(request.message) for request in self.requests.sendable(now_ms)]

    # ---- what comes in

    def received(self, payload: bytes | str, now_ms: int, roll: float) -> list[Action]:
        """Take a message of the present connection, as its JSON text."""
        if self.phase not in (SessionPhase.GREETING, SessionPhase.PLAYING):
            return []
        try:
            return self.take(_decode(payload), now_ms, roll)
        except (msgspec.DecodeError, UnicodeError):  # a ValidationError is a DecodeError
            return self._drop("bad_message", now_ms, roll)

    def take(self, message: dict[str, Any], now_ms: int, roll: float) -> list[Action]:
        """Take a message of the present connection, decoded. What is not known is ignored: the protocol grows.

        Raises `msgspec.ValidationError` for a field of a wrong type; `received` drops the connection then.
        """
        if self.phase not in (SessionPhase.GREETING, SessionPhase.PLAYING):
            return []
        m = msgspec.convert(message, Envelope)
        self._heard_ms = now_ms
        if m.id is not None:
            return self._reply(m, message, now_ms, roll)
        match m.t:
            case "event":
                return self._mended(self.hunts.event(m, message), now_ms, roll)
            case "snapshot":
                return self.hunts.snapshot(m, message)
            case "state":
                return self.hunts.state(m, message)
            case "piece":
                return self._piece(m, message, now_ms, roll)
            case "sys":
                return self._told(m, message)
        return []

    def _piece(self, m: Envelope, message: dict[str, Any], now_ms: int, roll: float) -> list[Action]:
        """Take a piece of a large push: the last one completes it, and what came meanwhile follows it."""
        try:
            text = self.hunts.piece(m, msgspec.convert(message.get("data"), str))
        except ValueError:  # a ValidationError is one
            return self._drop("bad_message", now_ms, roll)
        if text is None:
            return []
        held = self.hunts.held(m.hunt)
        done = self.received(text, now_ms, roll)
        for younger, said in held:
            done += self._mended(self.hunts.late(m.hunt, younger, said), now_ms, roll)
        return done

    def _told(self, m: Envelope, message: dict[str, Any]) -> list[Action]:
        """Take a word of the server about the connection itself."""
        match m.op:
            case "resumed":
                return self.hunts.resumed(m)
            case "refused":
                return self.hunts.refused(m.hunt, message.get("err"))
            case "goaway":
                self._reconnecting.told(m.after_ms)
                return [GoAway(m.after_ms)]
        return []

    def _mended(self, actions: list[Action], now_ms: int, roll: float) -> list[Action]:
        """Resume a hunt that has a gap. A gap in what a resume brought is not resumed again on this connection."""
        gap = next((a for a in actions if isinstance(a, Gap) and a.hunt), None)
        following = self.hunts.get(gap.hunt) if gap is not None else None
        if gap is None or following is None:
            return actions
        if following.asked:
            return [a for a in actions if a is not gap]  # it is told, and asked for, already
        if not following.whole:
            return [*actions, *self._drop("gap", now_ms, roll)]
        following.whole = False
        return [*actions, *self._resume(gap.hunt, now_ms)]

    # ---- answers

    def _reply(self, m: Envelope, reply: dict[str, Any], now_ms: int, roll: float) -> list[Action]:
        if self.phase is SessionPhase.GREETING:
            return self._welcome(m, reply, now_ms, roll) if m.id == HELLO else []
        request = self.requests.get(m.id or 0)
        if request is None or request.sent_ms is None:
            return []  # a further answer, to a further copy
        if now_ms - request.sent_ms <= self._timing.answer_ms:
            self._time_outs = 0
        if m.err is not None:
            wait_ms = resend_ms(m.err.code, m.err.after_ms, request.tries, roll, self._timing.resend_max_ms)
            if wait_ms is not None:
                self.requests.again(request, now_ms + wait_ms)
                return []
        self.requests.answered(request)
        if request.own:
            return self._own_reply(request, m, reply, now_ms)
        hunt = request.message.get("hunt", "")
        if request.message["op"] == "join" and m.err is None:
            self.hunts.follow(hunt)  # its snapshot comes next
        told = self._mended(self.hunts.told(hunt, m), now_ms, roll)
        return [Answer(reply), *told, *self._flush(now_ms)]

    def _own_reply(self, request: Request, m: Envelope, reply: dict[str, Any], now_ms: int) -> list[Action]:
        asked = request.message
        told: list[Action] = []
        if asked["op"] == "ping" and m.err is None and request.sent_ms is not None:
            self._clock.heard(msgspec.convert(reply["ok"], Pong).ts, request.sent_ms, now_ms)
        elif asked["op"] == "resume" and m.err is not None:
            told = self.hunts.refused(asked["hunt"], reply["err"])
        return [*told, *self._flush(now_ms)]

    def _welcome(self, m: Envelope, reply: dict[str, Any], now_ms: int, roll: float) -> list[Action]:
        err = m.err
        if err is not None and not err.retry:
            self._disconnected()
            return [Drop("hello_refused"), self._over(err.code, err.msg or err.code)]
        if err is not None:
            return [Drop("hello_refused"), *self.closed(now_ms, roll, TURNED_AWAY, after_ms=err.after_ms)]
        about = msgspec.convert(reply.get("ok"), About)
        self._clock.heard(about.now_ms, self._since_ms, now_ms)
        self.token = about.token or self.token
        again, self._greeted = self._greeted, True
        self.phase, self._since_ms = SessionPhase.PLAYING, now_ms
        to_follow, to_leave = self.hunts.since_hello()
        for hunt in to_leave:
            self.requests.question("leave", {"hunt": hunt}, own=True)
        resumes = [action for hunt in to_follow for action in self._resume(hunt, now_ms)]
        return [Greeted(reply["ok"], again), *resumes, *self._flush(now_ms)]
