"""What a node asks of its peers, and where each answer goes: once, to the sink that asked.

Owns every request that was sent over a link or waits to be sent again. A keyed command or a question that a peer did
not serve (`moved`, a lost link, no owner known) goes to the owner that is known by then, until its deadline.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, NamedTuple, Protocol

from actors.cluster.links.link import Link
from actors.entity import Rejected
from actors.shard.actor import Caller
from actors.shard.mailbox import COMMAND, Key

DEADLINE_S: Final = 15.0
"""From the first try; a client sends a keyed command again by itself after that."""
RETRY_S: Final = (0.02, 0.05, 0.1, 0.2, 0.3)
WAITING_MAX: Final = 20_000
"""Requests that are asked or wait, of all links: more are refused with `busy`."""
CREDITS: Final = 4_000
"""Requests that one peer may leave unanswered: more to it are refused with `busy`, the other peers have theirs."""
UNREACHABLE: Final = Rejected(
    "unavailable",
    "the node that serves this cannot be reached now; send again with the same key",
    retry=True,
    after_ms=500,
)
UNKNOWN: Final = Rejected(
    "unknown",
    "the node that serves this was lost before it answered: it may have been done; look before you send it again",
)


class RemoteRequest:
    """One message to an entity of another node. `what` is `COMMAND` or `QUERY`."""

    __slots__ = (
        "by_s",
        "caller",
        "hurried",
        "id",
        "key",
        "kind",
        "link",
        "payload",
        "request",
        "sent_ns",
        "sink",
        "stamp",
        "tries",
        "what",
    )

    def __init__(
        self, what: int, kind: str, id: str, payload: Any, sink: Any, request: int, caller: Caller, key: Key | None
    ) -> None:
        self.what = what
        self.kind = kind
        self.id = id
        self.payload = payload
        self.sink = sink
        self.request = request
        self.caller = caller
        self.key = key
        self.link: Link | None = None
        self.stamp = ""  # of the tenure that it was addressed to last
        self.hurried = False  # it went again without a wait, as its shard was known elsewhere by then
        self.tries = 0
        self.sent_ns = 0  # boot time at which it went out last
        self.by_s = asyncio.get_running_loop().time() + DEADLINE_S


class Way(Protocol):
    """Who knows where a request goes now."""

    def route(self, request: RemoteRequest) -> None:
        """Send a request to whoever serves its entity now; `RemoteRequests.later` if nobody is known."""
        ...

    def target(self, request: RemoteRequest) -> object:
        """Return what stands for where a request would go now; another value: somewhere else."""
        ...


class RequestStatistics(NamedTuple):
    """Figures of a node's requests to its peers. `unanswered_most`: at the peer that leaves most of them."""

    waiting: int
    unanswered_most: int
    no_credit: int
    given_up: int


class RemoteRequests:
    """The requests of one node to all its peers.

    Each peer has a credit of so many requests; an answer gives one back. A peer that answers nothing so costs no more
    than its credit, and takes none of the others'. What it leaves unanswered past the deadline is given up.
    """

    def __init__(self, way: Way, guard: Any) -> None:
        self._way = way
        self._asked: dict[Link, dict[int, RemoteRequest]] = {}
        self._n = 0
        self._waiting = 0
        self._again = guard("routing", self._try_again)
        self._late: dict[RemoteRequest, tuple[asyncio.TimerHandle, object]] = {}
        self._no_credit = self._given_up = 0

    def full(self) -> bool:
        """Tell whether no more may be asked now."""
        return self._waiting >= WAITING_MAX

    def takes(self, link: Link) -> bool:
        """Tell whether a peer is to be asked more now: it has credit, and reads what is sent."""
        takes = len(self._asked.get(link, ())) < CREDITS and not link.is_full()
        self._no_credit += not takes
        return takes

    def sweep(self) -> None:
        """Give up what a peer that lives has not answered in time: who sent it asks again with the same key."""
        now_s = asyncio.get_running_loop().time()
        for asked in self._asked.values():
            for n in [n for n, request in asked.items() if request.by_s < now_s]:
                request = asked.pop(n)
                self._waiting -= 1
                self._given_up += 1
                known = request.what != COMMAND or request.key is not None or request.payload is None
                request.sink.refused(request.request, UNREACHABLE if known else UNKNOWN, -1)

    def statistics(self) -> RequestStatistics:
        """Return the figures."""
        most = max((len(asked) for asked in self._asked.values()), default=0)
        return RequestStatistics(self._waiting, most, self._no_credit, self._given_up)

    def sending(self, request: RemoteRequest, link: Link) -> int:
        """Note that a request goes out over a link; return its number there."""
        self._n += 1
        self._waiting += 1
        request.link = link
        self._asked.setdefault(link, {})[self._n] = request
        return self._n

    def answered(self, link: Link, n: int) -> RemoteRequest | None:
        """Return the request that a peer has answered; None if it was given up."""
        request = self._asked.get(link, {}).pop(n, None)
        if request is not None:
            self._waiting -= 1
        return request

    def lost(self, link: Link) -> None:
        """A link is gone: what may be sent twice is, the rest is answered with `unknown`."""
        gone = self._asked.pop(link, {})
        self._waiting -= len(gone)
        for request in gone.values():
            if request.what == COMMAND and request.key is None:
                request.sink.refused(request.request, UNKNOWN, -1)
            else:
                self.later(request)

    def later(self, request: RemoteRequest) -> None:
        """Try a request again after a short while, or answer it when its time is up. If its shard is known elsewhere by
        now than it was sent to, it goes at once; not twice in a row, for two nodes may each name the other."""
        loop = asyncio.get_running_loop()
        target, wait_s = self._way.target(request), RETRY_S[min(request.tries, len(RETRY_S) - 1)]
        request.hurried = not request.hurried and request.link is not None and target is not None
        request.hurried = request.hurried and target != (request.link, request.stamp)
        if request.hurried:
            wait_s = 0.0
        else:
            request.tries += 1
        request.link = None
        if loop.time() + wait_s > request.by_s or self.full():
            request.sink.refused(request.request, UNREACHABLE, -1)
            return
        self._waiting += 1
        self._late[request] = loop.call_later(wait_s, self._again, request), target

    def look(self) -> None:
        """Try at once what waits and would go elsewhere now than when it was put off."""
        for request, (timer, target) in list(self._late.items()):
            if self._way.target(request) != target:
                timer.cancel()
                self._again(request)

    def _try_again(self, request: RemoteRequest) -> None:
        del self._late[request]
        self._waiting -= 1
        self._way.route(request)

    @property
    def waiting(self) -> int:
        """RemoteRequests that are asked and not answered, or wait to be asked again."""
        return self._waiting
