"""HTTP on a socket: a request's head, its body if the site asks for one, its answer, and perhaps the next request.

Owns the bytes; parsing is h11's, what is answered is the site's. A body is taken only after the site has judged the
head, and its memory is lent by the door. Whatever comes gets an answer. After a file of the page the connection goes on
(a phone asks for ten of them), after any other answer it is closed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import h11

from actors.entity import Push, Rejected
from huntserver.gateway.pouring import Pouring
from huntserver.gateway.site import HttpRequest, Response, Site, Upload, as_json, refused, wrong

READ_AWAY_BYTES_MAX: Final = 1 << 20
"""After an answer that came before the body's end: so much is read on, or a reset would lose the answer."""
ABSOLUTE: Final = re.compile(r"^https?://[^/?#]*", re.IGNORECASE)
"""What a client puts before the path that takes this server for its proxy; it is to be taken (RFC 9112, 3.2.2)."""
POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
"""Nothing inline, nothing from elsewhere: what others wrote can run nowhere."""


class HttpExchange:
    """One connection: a request and its answer at a time. Implements the runtime's `Sink`, for answers that wait for
    the log. `within` sets the time that is left, with the reason that is counted when it is over."""

    def __init__(
        self, site: Site, transport: asyncio.Transport, address: str, within: Callable[[float, str], None]
    ) -> None:
        self._site = site
        self._transport = transport
        self._address = address
        self._within = within
        self._h11 = self._parser()
        self._head_only = False
        self._body = bytearray()
        self._upload: Upload | None = None
        self._give_back: Callable[[], None] | None = None
        self._read_away = 0
        self._served = False  # a request came on this connection before
        self._full = False  # the peer has not read what it was sent
        self._is_next = False  # the last request is done, another one may follow
        self._pouring: Pouring | None = None
        self.answered = False

    def _parser(self) -> h11.Connection:
        return h11.Connection(h11.SERVER, max_incomplete_event_size=self._site.limits.request_head_bytes_max)

    def data_received(self, data: bytes) -> None:
        """Take bytes; answer as soon as it is known what."""
        if self.answered and not self._is_next:
            self._read_away += len(data)
            if self._pouring is not None:
                self._h11.receive_data(data)  # the next request, which waits for its turn
            if self._read_away > READ_AWAY_BYTES_MAX:
                self._transport.abort()
            return
        if self._is_next:
            self._within(self._site.limits.http_s, "slow_request")
        self._h11.receive_data(data)
        self._events()

    def _events(self) -> None:
        if self._full or self._transport.is_closing():
            return
        if self._is_next:
            self._is_next = self.answered = False
        try:
            while not self.answered:
                event = self._h11.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                self._event(event)
        except h11.RemoteProtocolError as error:
            self._site.door.refuse("bad_http", self._address)
            self.reply(wrong(error.error_status_hint, f"not valid HTTP: {error}"))

    def _event(self, event: Any) -> None:
        if isinstance(event, h11.Request):
            self._request(event)
        elif isinstance(event, h11.Data):
            self._take(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage):
            if self._upload is not None:  # else the answer waits for a hunt
                upload, body = self._upload, bytes(self._body)
                self._upload = None
                upload.take(body, self)
        else:
            self.answered = True
            self._transport.close()

    def _request(self, request: h11.Request) -> None:
        self._head_only = request.method == b"HEAD"
        if self._served and not self._site.door.admit_request(self._address):
            self.reply(refused(Rejected("rate_limited", "too many requests from this address", retry=True)))
            return
        self._served = True
        path, _, query = ABSOLUTE.sub("", request.target.decode("latin-1")).partition("?")
        asked = HttpRequest(request.method.decode("latin-1"), path, list(request.headers), self._address, query)
        upload = self._site.judge(asked, self)
        if upload is None:
            return
        if (encoding := asked.header(b"content-encoding").strip().lower()) not in ("", "identity"):
            self.reply(wrong(415, f"the body is sent as {encoding[:20]!r}; send it as it is"))
            return
        given = asked.header(b"content-length")
        size = int(given) if given else upload.bytes_max  # h11 has seen that it is a number
        if size > upload.bytes_max:
            self._too_large(upload.bytes_max)
            return
        lend = upload.lend
        self._give_back = self._site.door.lend(self._address, size) if lend is None else lend(size)
        if self._give_back is None:
            self.reply(refused(Rejected("busy", "too many uploads at once; send it again later", True, 2000)))
            return
        self._upload = upload
        if upload.bytes_per_s:
            self._within(self._site.limits.http_s + size / upload.bytes_per_s, "slow_request")
        if self._h11.they_are_waiting_for_100_continue:
            self._transport.write(self._h11.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")

    def _take(self, data: bytes) -> None:
        if self._upload is None:
            return  # nobody asked for it, and the answer is on its way
        self._body += data
        if len(self._body) > self._upload.bytes_max:
            self._too_large(self._upload.bytes_max)

    def _too_large(self, most: int) -> None:
        self.reply(refused(Rejected("too_large", f"the body is too large, allowed are {most} bytes")))

    # ---- the runtime's sink

    @property
    def closing(self) -> bool:
        """Whether the client is gone: nobody waits for an answer."""
        return self._transport.is_closing()

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """What was sent is durable."""
        self.reply(Response(200, answer))

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """It was refused."""
        self.reply(refused(rejected))

    def viewed(self, request: int, view: Any, pos: int) -> None:
        """What was asked for."""
        self.reply(as_json(200, view))

    # ---- the answer

    def fail(self) -> None:
        """A bug stood in the way of the answer."""
        self.reply(refused(Rejected("internal", "a fault in the server; it was recorded", retry=True)))

    def reply(self, answer: Response) -> None:
        """Send the answer; then go on, or close."""
        if self.answered or self._transport.is_closing():
            return
        self.answered = True
        self._release()
        self._see_the_end()
        self._transport.write(self._encoded(answer))
        if answer.stream is None:
            self._go_on()
        elif self._head_only or self._h11.our_state is not h11.SEND_BODY:
            answer.stream.done()
            self._go_on()
        else:
            within = partial(self._within, self._site.limits.http_s, "slow_reader")
            self._pouring = Pouring(answer.stream, self._pour, self._poured, within)
            self._site.background.once("medium to a player", self._pouring.run())

    def _pour(self, piece: bytes) -> bool:
        """Send a piece of a stream; tell whether the socket takes more now."""
        self._transport.write(self._h11.send(h11.Data(data=piece)) or b"")
        return not self._full

    def _poured(self, whole: bool) -> None:
        """A stream is through; one that broke off ends the connection, or the rest would be waited for."""
        self._pouring = None
        if self._transport.is_closing():
            return
        if not whole:
            self._transport.abort()
            return
        self._transport.write(self._h11.send(h11.EndOfMessage()) or b"")
        self._go_on()

    def _go_on(self) -> None:
        """Wait for another request on this connection, or close it."""
        self._read_away = 0
        parser = self._h11
        if parser.our_state is h11.DONE and parser.their_state is h11.DONE:
            parser.start_next_cycle()
            self._is_next = True
            self._within(self._site.limits.http_s, "")
            asyncio.get_running_loop().call_soon(self._events)  # what was sent behind this request
            return
        at_end = parser.their_state in (h11.DONE, h11.MUST_CLOSE, h11.CLOSED)
        self._h11 = self._parser()  # lets go of what came and nobody will look at
        self._within(self._site.limits.goodbye_s if not at_end else self._site.limits.http_s, "")
        if at_end or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()  # the rest of the body is read away: a reset would lose the answer

    def _see_the_end(self) -> None:
        """Take the request's end, if it has no body or its body is here: then nothing needs to be read away."""
        try:
            while self._h11.their_state is h11.SEND_BODY:
                event = self._h11.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
        except h11.RemoteProtocolError:  # it is answered already, and not read on
            return

    def _encoded(self, answer: Response) -> bytes:
        headers = [
            ("content-type", answer.kind),
            ("content-length", str(len(answer.body) if answer.stream is None else answer.stream.size)),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", POLICY),
            ("referrer-policy", "no-referrer"),  # a link may hold an invite code
            *answer.headers,
        ]
        try:
            out = self._h11.send(h11.Response(status_code=answer.status, headers=headers)) or b""
            if answer.stream is not None and not self._head_only:
                return out
            if not self._head_only:
                out += self._h11.send(h11.Data(data=answer.body)) or b""
            return out + (self._h11.send(h11.EndOfMessage()) or b"")
        except h11.LocalProtocolError:  # the request was no HTTP: h11 has nothing to answer
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
            return f"HTTP/1.1 {answer.status} Error\r\n{lines}\r\n".encode() + answer.body

    # ---- the socket

    def pause_writing(self) -> None:
        """The peer does not read: no further request is answered until it does."""
        self._full = True

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._full = False
        if self._pouring is not None:
            self._pouring.resume()
        self._events()

    def _release(self) -> None:
        self._upload = None
        self._body.clear()
        if self._give_back is not None:
            self._give_back()
            self._give_back = None

    def lost(self) -> None:
        """The socket is gone."""
        self.answered, self._is_next = True, False
        self._release()
        if self._pouring is not None:
            self._pouring.stop()
