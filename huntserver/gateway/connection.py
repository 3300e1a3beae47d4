"""One WebSocket: bytes in, commands to the hunts, answers out.

Owns what it listens to. No task, future, timer or await per message. Implements the runtime's `Sink` (what it is told
is durable) and the rooms' `Listener`. Bytes and bounds on the way in are the `Reader`'s; writing, slowness and the
close the `Writer`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from actors.entity import Push, Rejected
from huntserver.gateway.attendance import PRESENCE
from huntserver.gateway.pages import pages
from huntserver.gateway.pieces import Pieces
from huntserver.gateway.profile import ask_profile
from huntserver.gateway.reader import Reader
from huntserver.gateway.room import BIG_BOARD
from huntserver.gateway.services import Services
from huntserver.gateway.sessions import NotGreeted
from huntserver.gateway.subscriptions import Subscriptions
from huntserver.wire import codecs
from huntserver.wire.messages import (
    HUNT_ID,
    INVITES,
    IS_COMMAND,
    IS_QUERY,
    ROUTE,
    TRIES,
    UNDECODABLE,
    CreateFrame,
    Hello,
    JoinFrame,
    Leave,
    Ping,
    Profile,
    Resume,
    decode_json,
    decode_msgpack,
    explain,
)
from huntserver.wire.session import HELLO_FIRST, HELLO_TWICE, STALE

VERSION: Final = 1
"""Of the protocol."""
WRONG: Final = b'"verdict":"incorrect"'
"""In the answer to a code or check-in that solved nothing."""
UNDERSTOOD: Final = frozenset({"texts", "pieces", PRESENCE, BIG_BOARD})
"""What a client may say in hello that it takes."""
NOTHING_MORE: Final[frozenset[str]] = frozenset()
BAD_ID: Final = Rejected("bad_field", "hunt: an id has 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit")


class Connection(Reader):
    """An open WebSocket. Made after the handshake, as the transport's protocol from there on; the loop calls
    `data_received`, the runtime `accepted`, `refused` and `viewed`, the rooms `push` and `fell_behind`."""

    __slots__ = ("bad_frames", "device", "opened_s", "peer", "pieces", "subscriptions", "takes")

    def __init__(
        self, services: Services, transport: asyncio.Transport, address: str, *, packed: bool, peer: str = ""
    ) -> None:
        super().__init__(services, transport, address, packed=packed)
        self.peer = peer or address  # whose socket it is: a proxy's, or the same
        self.subscriptions: Subscriptions | None = None
        self.device = ""
        self.takes: frozenset[str] = NOTHING_MORE
        self.pieces: Pieces | None = None
        self.bad_frames = 0
        self.opened_s = self.heard_s

    # ---- messages in

    def _message(self, payload: bytes) -> None:
        """Decode one message and pass it on."""
        if self.closing:
            return
        try:
            frame: Any
            if self.packed:
                frame = decode_msgpack(payload)
                codecs.check_text(payload)
            else:
                if not payload.isascii():
                    payload.decode()  # a binary frame's: also what nobody looks at is UTF-8
                frame = decode_json(payload)
        except UNDECODABLE as error:
            request, rejected = explain(error, payload, self.packed)
            self._bad(request, rejected)
            return
        session = self.session
        if session.caller is None:
            if frame.__class__ is Hello:
                self._hello(frame)
            else:
                self._bad(frame.id, HELLO_FIRST)
            return
        limited = session.rate(self._clock.now_s)
        if limited is not None:
            self.refuse(frame.id, limited)
            if session.rate_refusals > session.limits.rate_refusals_max:
                self.close("rate", what="commands")
            return
        route = ROUTE[frame.__class__]
        if route == IS_COMMAND:
            key = session.admit(frame)
            if isinstance(key, Rejected):
                self.refuse(frame.id, key)
                return
            if frame.__class__ in TRIES:
                invite = frame.__class__ in INVITES
                held = self._services.trials.waits(frame.hunt, self.by, self.address, invite=invite)
                if held is not None:
                    self.refused(frame.id, held, -1)
                    return
            if frame.__class__ is CreateFrame and HUNT_ID.fullmatch(frame.hunt) is None:
                self.refused(frame.id, BAD_ID, -1)
                return
            self._services.system.submit("hunt", frame.hunt, frame, self, frame.id, session.caller, key)
        else:
            refused = session.open(frame)
            if refused is not None:
                self.refuse(frame.id, refused)
            elif route == IS_QUERY:
                self._services.system.query("hunt", frame.hunt, frame, self, frame.id, session.caller)
            else:
                PLAIN[frame.__class__](self, frame)
        if len(session.unanswered) >= session.limits.unanswered_max:
            self.waits = True
            self.flow()

    def _bad(self, request: int, rejected: Rejected) -> None:
        self.refuse(request, rejected)
        self.bad_frames += 1
        if self.bad_frames >= self.limits.bad_frames_max:
            self.close("protocol")

    # ---- hello

    def _hello(self, hello: Hello) -> None:
        """Say hello back, hear what is the player's own, and resume what the hello names."""
        services, session = self._services, self.session
        greeting = services.sessions.greet(self, session, hello)
        if isinstance(greeting, NotGreeted):
            self.refuse(hello.id, greeting.rejected)
            if greeting.close:
                self.close(greeting.close)
            return
        caller = session.caller
        assert caller is not None
        self.label, self.device = greeting.label, greeting.device
        services.door.greeted(self, self.address)
        self._open_buckets()
        self.takes = UNDERSTOOD.intersection(hello.takes) or NOTHING_MORE
        about = {
            "session": self.label,
            "player": caller.by,
            "role": caller.role,
            "name": caller.name,
            "version": VERSION,
            "now_ms": self._clock.wall_ms(),
            "shell": pages().version,
        }
        if greeting.token:
            about["token"] = greeting.token
        self.answer(hello.id, about, 0)
        if services.trace is not None:
            services.trace("session_opened", session=self.label, by=caller.by, role=caller.role, epoch=hello.epoch)
        if caller.by.startswith("p:"):
            services.rooms.enter_player(caller.by[2:], self, self._clock.wall_ms())
        for point in hello.resume[: self.limits.hunts_per_session]:
            self.listen().resume(point.hunt, point.seq, point.pos, point.channels)

    # ---- plain operations

    def _ping(self, frame: Ping) -> None:
        self.answer(frame.id, {"ts": self._clock.wall_ms()}, 0)

    def _leave(self, frame: Leave) -> None:
        if self.subscriptions is not None:
            self.subscriptions.leave(frame.hunt)
        self.drop_large(frame.hunt)
        self.answer(frame.id, {}, 0)

    def _resume(self, frame: Resume) -> None:
        self.answer(frame.id, {}, 0)
        self.listen().resume(frame.hunt, frame.seq, frame.pos, frame.channels)

    def _profile(self, frame: Profile) -> None:
        ask_profile(self._services.system, self, frame.id, self.session.caller)

    def _hello_again(self, frame: Hello) -> None:
        self.refused(frame.id, HELLO_TWICE, -1)

    def listen(self) -> Subscriptions:
        """Return what this connection listens to."""
        if self.subscriptions is None:
            self.subscriptions = Subscriptions(self._services, self)
        return self.subscriptions

    # ---- the runtime's sink

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """A command is durable: answer it. `told` stands in the answer only where the push itself would be heard."""
        session = self.session
        frame = session.answered(request)
        if self.waits:
            self._perhaps_go_on()
        if frame is None or self.closing:
            return
        hunt = frame.hunt
        if hunt == session.hunt and pos > session.pos:
            session.pos = pos  # `saw`, without the call: this is the hot path
        else:
            session.saw(hunt, pos)
        if told is not None and (self.subscriptions is None or hunt not in self.subscriptions.channels):
            told = None
        if self.packed:
            self.write(codecs.frame(codecs.ok_msgpack(request, answer, pos, told), True))
        elif told is None:
            self.write(codecs.frame(codecs.ok_json(request, answer, pos), False))
        else:
            self.write(codecs.told_frame(request, answer, pos, told))
        if frame.__class__ in TRIES:
            if frame.__class__ is JoinFrame:
                self.listen().join(hunt)
            elif WRONG in answer:
                self._services.trials.wrong(hunt, "", self.address)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """A command or query was refused."""
        if pos >= 0 and not self.closing:
            session = self.session
            frame = session.unanswered.get(request)
            if frame is not None and session.stale(frame.hunt, pos):
                if session.ask_again(request, rejected.code, pos):
                    self._dispatch(frame)
                    return
                if session.key_of(frame) is None or not session.repeated(request, rejected.code, pos):
                    rejected, pos = STALE, -1
        frame = self._answered(request)
        if rejected.code in ("no_such_team", "no_such_offer") and frame.__class__ in TRIES:
            self._services.trials.wrong(frame.hunt, self.by, self.address)
        elif rejected.code == "cool_down" and frame.__class__ in TRIES:
            self._services.trials.held += 1
        if frame.__class__ is JoinFrame and rejected.code == "already_joined" and not self.closing:
            self.write_payload(codecs.view(request, {"again": True}, pos, self.packed))
            self.listen().join(frame.hunt)
        else:
            self.write_payload(codecs.err(request, rejected, pos, self.packed))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """A query's view."""
        session = self.session
        frame = session.unanswered.get(request)
        if frame is None or self.closing:
            return
        if session.stale(frame.hunt, pos):
            if session.ask_again(request, "", pos):
                self._dispatch(frame)
            else:
                self.refused(request, STALE, -1)
            return
        self.answer(request, view, pos)

    def answer(self, request: int, data: Any, pos: int) -> None:
        """Answer a request with `ok` and close it."""
        self._answered(request)
        self.write_payload(codecs.view(request, data, pos, self.packed))

    def _dispatch(self, frame: Any) -> None:
        """Ask again: a stale owner gave the answer."""
        caller, system = self.session.caller, self._services.system
        assert caller is not None
        if ROUTE[frame.__class__] == IS_COMMAND:
            system.submit("hunt", frame.hunt, frame, self, frame.id, caller, self.session.key_of(frame))
        else:
            system.query("hunt", frame.hunt, frame, self, frame.id, caller)

    def _answered(self, request: int) -> Any:
        frame = self.session.answered(request)
        if self.waits:
            self._perhaps_go_on()
        return frame

    def _perhaps_go_on(self) -> None:
        session = self.session
        if len(session.unanswered) <= session.limits.unanswered_max // 2 and not self.closing:
            self._clock.soon(self._go_on)  # not from within: an answer may come while its command is given in

    def send_large(self, hunt: str, struct: Any) -> None:
        """Send a push of a hunt that may be large: in pieces, to a client that takes them."""
        if "pieces" not in self.takes:
            self.send(struct)
            return
        if self.pieces is None:
            self.pieces = Pieces(self, self._clock)
        self.pieces.send(hunt, codecs.message(struct, self.packed))

    def drop_large(self, hunt: str) -> None:
        """Send no more of what was to be sent in pieces of a hunt."""
        if self.pieces is not None:
            self.pieces.drop(hunt)

    # ---- the rooms' listener

    def fell_behind(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """A push was not taken; the room has let go of this listener."""
        self.listen().fell_behind(hunt, seq, channels)

    @property
    def by(self) -> str:
        """The client that listens; "" before hello."""
        caller = self.session.caller
        return "" if caller is None else caller.by

    def parted(self, hunt: str) -> None:
        """The client may not hear all of a hunt's channels any longer; the room has let go of this listener."""
        self.listen().parted(hunt)

    def restart(self, hunt: str) -> None:
        """What the room had shown is gone; it has let go of this listener."""
        self.listen().restart(hunt)

    def take_up(self, hunt: str, seq: int, channels: Mapping[str, int]) -> None:
        """The room does not know what was shown after `seq`; it has let go of this listener."""
        self.listen().take_up(hunt, seq, channels)

    def resume_writing(self) -> None:
        """The outbox has drained: what was dropped comes as a snapshot."""
        super().resume_writing()
        if self.subscriptions is not None and self.subscriptions.missed is not None and not self.closing:
            self.subscriptions.catch_up()

    # ---- watched by the gateway's ticker

    def overdue(self, now_s: float) -> str:
        """Return what is due, or "": a close by its name; `gone`: drop the socket."""
        self._fill(now_s)
        if not self.closing and self.session.caller is None and now_s - self.opened_s > self.limits.hello_s:
            return "hello_timeout"
        return super().overdue(now_s)

    # ---- the end

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: leave every room."""
        super().connection_lost(exc)
        if self.subscriptions is not None:
            self.subscriptions.end()
            self.subscriptions = None
        self._services.door.gone(self, self.peer)
        if self._services.connections.remove(self):
            self._leave_all()

    def _leave_all(self) -> None:
        services, caller = self._services, self.session.caller
        services.door.leave(self, self.address)
        if caller is not None:
            if services.trace is not None:
                services.trace("session_ended", session=self.label, by=caller.by)
            services.sessions.end(self, caller, self.device)
            services.rooms.leave_player(caller.by[2:], self)


PLAIN: dict[type, Callable[[Connection, Any], None]] = {
    Ping: Connection._ping,
    Leave: Connection._leave,
    Resume: Connection._resume,
    Profile: Connection._profile,
    Hello: Connection._hello_again,
}
