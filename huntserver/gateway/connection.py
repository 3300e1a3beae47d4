"""One socket: bytes in, commands to the hunts, answers and pushes out.

Owns the transport, the lane and the session. No task, future or await per message. Handshake, control frames,
fragments and errors are judged by `websockets`' Sans-I/O protocol, which is made only when needed. Implements the
runtime's `Sink`: what it is told is durable.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol

from actors.entity import Push, Rejected
from huntserver.errors import CLOSES
from huntserver.gateway.subscriptions import Subscriptions
from huntserver.wire import codecs
from huntserver.wire.lane import BINARY, TEXT, Lane, control_frame_end
from huntserver.wire.messages import (
    IS_QUERY,
    Hello,
    JoinFrame,
    Leave,
    Ping,
    Profile,
    decode_json,
    decode_msgpack,
    explain,
)
from huntserver.wire.session import HELLO_FIRST, STALE, Session

if TYPE_CHECKING:
    from huntserver.gateway.server import Gateway

PING = b"\x89\x00"
DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


class Connection(asyncio.Protocol):
    """An open WebSocket. Made after the handshake, as the transport's protocol from there on."""

    __slots__ = (
        "_gateway",
        "_lane",
        "_paused_reading",
        "_pieces",
        "_protocol",
        "_transport",
        "address",
        "bad_frames",
        "behind",
        "behind_since",
        "closing",
        "device",
        "heard_s",
        "opened_s",
        "packed",
        "pinged_s",
        "session",
        "subscriptions",
    )

    def __init__(
        self, gateway: Gateway, transport: asyncio.Transport, address: str, packed: bool, now_s: float
    ) -> None:
        self._gateway = gateway
        self._transport = transport
        self._lane: Lane | None = Lane(gateway.limits.frame_bytes_max)
        self._protocol: ServerProtocol | None = None
        self._pieces: list[bytes] = []  # fragments of a message on its way
        self._paused_reading = False
        self.address = address
        self.packed = packed
        self.session = Session(gateway.limits)
        self.subscriptions: Subscriptions | None = None
        self.device = ""
        self.behind = False  # the socket is slow: pushes are dropped until a snapshot
        self.behind_since = 0.0
        self.closing = False
        self.bad_frames = 0
        self.opened_s = self.heard_s = self.pinged_s = now_s

    # ---- bytes in

    def data_received(self, data: bytes) -> None:
        """Take what the socket gave."""
        self.heard_s = self._gateway.now_s
        lane = self._lane
        if lane is None:
            self._slow(data)
            return
        rest = data
        while rest:
            payloads, kinds, rest = lane.feed(rest)
            for payload, kind in zip(payloads, kinds, strict=True):
                if self.closing:
                    return
                self._payload(payload, kind)
            if rest:
                rest = self._control(rest)

    def _control(self, rest: bytes) -> bytes:
        """Judge the frame at the front of `rest`; return what follows it."""
        end = control_frame_end(rest)
        lane = self._lane
        assert lane is not None
        if end == 0:
            lane.tail = rest  # comes again with more bytes
            return b""
        if end < 0 or self._protocol is not None:
            self._lane = None  # fragments, errors: the protocol judges all that follows
            self._slow(rest)
            return b""
        self._slow(rest[:end])
        return rest[end:] if not self.closing else b""

    def _slow(self, data: bytes) -> None:
        protocol = self._protocol
        if protocol is None:
            protocol = ServerProtocol(state=State.OPEN, max_size=self._gateway.limits.frame_bytes_max)
            if self._lane is None:
                self._protocol = protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame) and event.opcode in DATA and not self.closing:
                self._pieces.append(bytes(event.data))
                if event.fin:
                    pieces, self._pieces = self._pieces, []
                    self._payload(b"".join(pieces), BINARY if self.packed else TEXT)
        self._answer_protocol(protocol)

    def _answer_protocol(self, protocol: ServerProtocol) -> None:
        for data in protocol.data_to_send():
            if data:
                self._transport.write(data)
        if protocol.close_expected() or protocol.state is not State.OPEN:
            self.closing = True
            self._transport.close()

    def _payload(self, payload: bytes, kind: int) -> None:
        """Decode one message and pass it on."""
        packed = self.packed
        try:
            frame: Any = decode_msgpack(payload) if packed else decode_json(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._bad_payload(payload, kind, error)
            return
        session = self.session
        if session.caller is None:
            self._gateway.greet(self, frame) if isinstance(frame, Hello) else self._refuse(frame.id, HELLO_FIRST, -1)
            return
        limited = session.rate(self._gateway.now_s)
        if limited is not None:
            self._refuse(frame.id, limited, -1)
            return
        cls = frame.__class__
        if cls in IS_QUERY:
            self._gateway.system.query("hunt", frame.hunt, frame, self, frame.id, session.caller)
        elif cls in PLAIN_HANDLERS:
            PLAIN_HANDLERS[cls](self, frame)
        else:
            key = session.key(frame.key)
            if isinstance(key, Rejected):
                self._refuse(frame.id, key, -1)
                return
            unanswered = session.unanswered
            unanswered[frame.id] = key[1] if key is not None else 0
            if cls is JoinFrame:
                self._subscriptions().joining[frame.id] = frame.hunt
            if len(unanswered) >= session.limits.unanswered_max and not self._paused_reading:
                self._paused_reading = True
                self._transport.pause_reading()
            self._gateway.system.submit("hunt", frame.hunt, frame, self, frame.id, session.caller, key)

    def _bad_payload(self, payload: bytes, kind: int, error: Exception) -> None:
        if kind == TEXT:
            try:
                payload.decode()
            except UnicodeDecodeError:
                self._fail(CloseCode.INVALID_DATA, "a text frame is not UTF-8")
                return
        request, rejected = explain(error, payload, self.packed)
        self._refuse(request, rejected, -1)
        self.bad_frames += 1
        if self.bad_frames >= self._gateway.limits.bad_frames_max:
            self.close("protocol")

    # ---- plain operations

    def _ping(self, frame: Ping) -> None:
        self._send(codecs.view(frame.id, {"ts": int(self._gateway.wall_ms())}, 0, self.packed))

    def _leave(self, frame: Leave) -> None:
        if self.subscriptions is not None:
            self.subscriptions.leave(frame.hunt)
        self._send(codecs.view(frame.id, {}, 0, self.packed))

    def _profile(self, frame: Profile) -> None:
        self._gateway.ask_profile(self, frame.id)

    def _hello_again(self, frame: Hello) -> None:
        self._refuse(frame.id, Rejected("hello_twice", "hello was said already on this connection"), -1)

    def _subscriptions(self) -> Subscriptions:
        if self.subscriptions is None:
            self.subscriptions = Subscriptions(self._gateway, self)
        return self.subscriptions

    # ---- the runtime's sink

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """A command is durable: answer it."""
        if self.packed:
            data = codecs.frame(codecs.ok_msgpack(request, answer, pos, told), True)
        elif told is None:
            data = codecs.frame(codecs.ok_json(request, answer, pos), False)
        else:
            data = codecs.frame(codecs.ok_told_json(request, answer, pos, told), False)
        if not self.closing:
            self._transport.write(data)
        self._answered(request)
        if self.subscriptions is not None and self.subscriptions.joining:
            hunt = self.subscriptions.joining.pop(request, None)
            if hunt is not None:
                self.subscriptions.join(hunt)

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """A command or query was refused."""
        self._answered(request)
        if self.subscriptions is not None and self.subscriptions.joining:
            hunt = self.subscriptions.joining.pop(request, None)
            if hunt is not None and rejected.code == "already_joined":
                self._send(codecs.view(request, {"again": True}, pos, self.packed))
                self.subscriptions.join(hunt)
                return
        self._refuse(request, rejected, pos)

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """A query's view."""
        hunt = getattr(view, "hunt", "")
        if hunt and self.session.stale(hunt, pos):
            self._refuse(request, STALE, pos)
        else:
            self._send(codecs.view(request, view, pos, self.packed))

    def _answered(self, request: int) -> None:
        unanswered = self.session.unanswered
        unanswered.pop(request, None)
        if self._paused_reading and len(unanswered) <= self._gateway.limits.unanswered_max // 2:
            self._paused_reading = False
            if not self.closing:
                self._transport.resume_reading()

    # ---- bytes out

    def _send(self, payload: bytes) -> None:
        if not self.closing:
            self._transport.write(codecs.frame(payload, self.packed))

    def _refuse(self, request: int, rejected: Rejected, pos: int) -> None:
        self._send(codecs.err(request, rejected, pos, self.packed))

    def send(self, struct: Any) -> None:
        """Send a push or system message of this connection alone."""
        self._send(codecs.message(struct, self.packed))

    def reply(self, request: int, data: Any, pos: int) -> None:
        """Send an `ok` that no entity gave."""
        self._send(codecs.view(request, data, pos, self.packed))

    def refuse(self, request: int, rejected: Rejected) -> None:
        """Send an `err` that no entity gave."""
        self._refuse(request, rejected, -1)

    def push(self, data: bytes) -> None:
        """Send a frame that is encoded already (rooms)."""
        if not self.closing:
            self._transport.write(data)

    def fell_behind(self, hunt: str) -> None:
        """A push was dropped because the socket is slow."""
        if self.subscriptions is not None:
            self.subscriptions.missed.add(hunt)

    def pause_writing(self) -> None:
        """The outbox is over its soft limit."""
        self.behind = True
        self.behind_since = self._gateway.now_s

    def resume_writing(self) -> None:
        """The outbox has drained: what was dropped comes as a snapshot."""
        self.behind = False
        if self.subscriptions is not None:
            self.subscriptions.catch_up()

    def overdue(self, now_s: float) -> str:
        """Return the name of the close that is due, or "": hello, slow consumer, silence."""
        limits = self._gateway.limits
        if self.session.caller is None and now_s - self.opened_s > limits.hello_s:
            return "hello_timeout"
        if self.behind and (
            now_s - self.behind_since > limits.outbox_behind_s
            or self._transport.get_write_buffer_size() > limits.outbox_hard_bytes
        ):
            return "slow_consumer"
        return "silent" if now_s - self.heard_s > limits.silence_s else ""

    def ping(self, now_s: float) -> None:
        """Send a protocol ping if the peer has been silent for long."""
        ping_s = self._gateway.limits.ping_s
        if now_s - self.heard_s > ping_s and now_s - self.pinged_s > ping_s and not self.closing:
            self.pinged_s = now_s
            self._transport.write(PING)

    # ---- the end

    def close(self, name: str) -> None:
        """Close with one of our codes (`errors.CLOSES`)."""
        code = CLOSES[name]
        self._fail(code.number, code.text)

    def _fail(self, code: int, reason: str) -> None:
        if self.closing:
            return
        self.closing = True
        body = int(code).to_bytes(2, "big") + reason.encode()[:120]
        self._transport.write(bytes((0x88, len(body))) + body)
        if self._transport.get_write_buffer_size() > self._gateway.limits.outbox_soft_bytes:
            self._transport.abort()  # a socket that does not read would keep the close for ever
        else:
            self._transport.close()

    def abort(self) -> None:
        """Drop the socket without a word: nobody is there."""
        self.closing = True
        self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone: leave every room."""
        self.closing = True
        if self.subscriptions is not None:
            self.subscriptions.end()
            self.subscriptions = None
        self._gateway.forget(self)


PLAIN_HANDLERS: dict[type, Any] = {
    Ping: Connection._ping,
    Leave: Connection._leave,
    Profile: Connection._profile,
    Hello: Connection._hello_again,
}
