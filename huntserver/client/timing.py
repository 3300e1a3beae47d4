"""The time-outs and waits of a client, in ms, as shipped. Pure."""

from __future__ import annotations

from typing import Final, NamedTuple

from huntserver.client.backoff import RECONNECT_FIRST_MS, RECONNECT_MAX_MS, RESEND_MAX_MS

DOUBLINGS_MAX: Final = 4


class Timing(NamedTuple):
    """Time-outs and waits in ms, as shipped.

    A connection is given up when opening it takes `connect_ms`, the answer to hello `hello_ms`, any answer `answer_ms`
    (doubled with each such end, `DOUBLINGS_MAX` times at most, until an answer comes within `answer_ms` again). When
    nothing is asked and nothing was heard for `idle_ms`, `ping` is.
    """

    connect_ms: int = 10_000
    hello_ms: int = 10_000
    answer_ms: int = 15_000
    idle_ms: int = 20_000
    reconnect_first_ms: int = RECONNECT_FIRST_MS
    reconnect_max_ms: int = RECONNECT_MAX_MS
    resend_max_ms: int = RESEND_MAX_MS
