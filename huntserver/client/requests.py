"""The requests of a client that have no final answer: which may be sent, which were sent, which wait to go again. Pure.

Owns the key counter. Protocol, rule 2: N counts up and is never used twice, and is not sent before N-16 is answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

WINDOW: Final = 16
QUEUED_MAX: Final = 1_000
"""Commands without an answer, sent or not: a client that is away for long must not fill its memory."""


class TooManyWaiting(Exception):
    """A command was not taken: `QUEUED_MAX` have no answer. Wait for answers."""


class Request:
    """One request. `n`: its key, 0 for a question. `sent_ms`: when it last went on this connection, None: it did not.

    `due_ms`: when it goes again after a refusal. `own`: the session's own, which ends with its connection.
    """

    __slots__ = ("due_ms", "id", "message", "n", "own", "sent_ms", "tries")

    def __init__(self, message: dict[str, Any], n: int, own: bool) -> None:
        self.id: int = message["id"]
        self.message = message
        self.n = n
        self.own = own
        self.tries = 0
        self.sent_ms: int | None = None
        self.due_ms: int | None = None


class Requests:
    """All requests without a final answer, in order. `n` is the last N that was used."""

    def __init__(self, n: int, first_id: int = 1) -> None:
        self.n = n
        self._next_id = first_id
        self._all: dict[int, Request] = {}
        self._keyed: dict[int, Request] = {}  # N -> command, in order
        self._sent: dict[int, Request] = {}  # in order of sending
        self._due: dict[int, Request] = {}  # refused for now: to be sent again
        self._commands: deque[Request] = deque()  # not sent on this connection yet
        self._questions: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._all)

    def get(self, id: int) -> Request | None:
        """Return the request of an id, None if it is answered."""
        return self._all.get(id)

    def ids(self) -> list[int]:
        """Return the ids of all that have no answer, in order."""
        return list(self._all)

    def commands(self) -> Iterator[dict[str, Any]]:
        """Yield the unanswered commands in order, without their ids, which are this run's."""
        for request in self._keyed.values():
            yield {name: value for name, value in request.message.items() if name != "id"}

    # ---- new ones

    def command(self, op: str, fields: dict[str, Any]) -> Request:
        """Take a command under the next key. Raises `TooManyWaiting`."""
        if len(self._keyed) >= QUEUED_MAX:
            raise TooManyWaiting(f"{QUEUED_MAX} commands have no answer yet")
        self.n += 1
        return self._command(op, fields | {"key": self.n})

    def restore(self, commands: Iterable[dict[str, Any]]) -> None:
        """Take commands of an earlier run, with the keys they had."""
        for message in sorted(commands, key=lambda message: message["key"]):
            self.n = max(self.n, message["key"])
            self._command(message["op"], message)

    def _command(self, op: str, fields: dict[str, Any]) -> Request:
        request = self._add(op, fields, fields["key"], False)
        self._keyed[request.n] = request
        self._commands.append(request)
        return request

    def question(self, op: str, fields: dict[str, Any], *, own: bool = False) -> Request:
        """Take a question. `own`: it is the session's, and ends with its connection."""
        request = self._add(op, fields, 0, own)
        self._questions.append(request)
        return request

    def _add(self, op: str, fields: dict[str, Any], n: int, own: bool) -> Request:
        head = {"id": self._next_id, "op": op}
        request = Request(head | fields | head, n, own)  # in this order, whatever the fields are
        self._next_id += 1
        self._all[request.id] = request
        return request

    # ---- on a connection

    def sendable(self, now_ms: int) -> Iterator[Request]:
        """Yield what may be sent now, and note it as sent: what is due again, new commands of the window, questions."""
        for request in [r for r in self._due.values() if r.due_ms is not None and r.due_ms <= now_ms]:
            del self._due[request.id]
            yield self._send(request, now_ms)
        commands = self._commands
        while commands and commands[0].n - next(iter(self._keyed)) < WINDOW:
            yield self._send(commands.popleft(), now_ms)
        while self._questions:
            request = self._questions.popleft()
            if request.id in self._all:
                yield self._send(request, now_ms)

    def _send(self, request: Request, now_ms: int) -> Request:
        request.sent_ms, request.due_ms = now_ms, None
        self._sent[request.id] = request
        return request

    def again(self, request: Request, due_ms: int) -> None:
        """Send a request once more, later."""
        request.tries += 1
        request.sent_ms, request.due_ms = None, due_ms
        self._sent.pop(request.id, None)
        self._due[request.id] = request

    def answered(self, request: Request) -> None:
        """Forget a request that has its final answer."""
        del self._all[request.id]
        self._keyed.pop(request.n, None)
        self._sent.pop(request.id, None)
        self._due.pop(request.id, None)

    def disconnected(self) -> None:
        """Nothing was sent: all of it goes again on the next connection, but for the session's own."""
        for request in [r for r in self._all.values() if r.own]:
            del self._all[request.id]
        self._sent.clear()
        self._due.clear()
        for request in self._all.values():
            request.sent_ms = request.due_ms = None
        self._commands = deque(self._keyed.values())
        self._questions = deque(r for r in self._all.values() if not r.n)

    # ---- times

    def oldest_ms(self) -> int | None:
        """Return when the request that has waited longest for an answer was sent."""
        for request in self._sent.values():
            return request.sent_ms
        return None

    def due_ms(self) -> list[int]:
        """Return when refused requests go again."""
        return [request.due_ms for request in self._due.values() if request.due_ms is not None]
