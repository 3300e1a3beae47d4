"""Safeguards of the client and of rooms, which show where sessions go over several nodes; how each is switched off.

Judged by whole nodes with real gateways (`lab/sim/session_workload.py`).
"""

from __future__ import annotations

from typing import Any, Final

from huntserver.auth import Tokens, tokens
from huntserver.client import session
from huntserver.client.requests import Request, Requests
from huntserver.gateway.room import Channel
from huntserver.gateway.rooms import Rooms
from lab.ablations.safeguard import GATEWAY, SESSION, Patches, Safeguard, no, yes

# ---- the shipped client


def _without_its_key(patches: Patches) -> None:
    """What goes again goes under the next key."""

    def forgetful(old: Any) -> Any:
        def send(self: Requests, request: Request, now_ms: int) -> Request:
            made: Request = old(self, request, now_ms)
            if made.n and made.id in _sent_once(self):
                self.n += 1
                made.message = made.message | {"key": self.n}
            _sent_once(self).add(made.id)
            return made

        return send

    patches.wrap(Requests, "_send", forgetful)


def _sent_once(requests: Requests) -> set[int]:
    found: set[int] = requests.__dict__.setdefault("sent_once", set())
    return found


def _without_sending_unknown_again(patches: Patches) -> None:
    """An outcome that is not known is taken for a refusal."""

    def rash(old: Any) -> Any:
        return lambda code, *rest: None if code == "unknown" else old(code, *rest)

    patches.wrap(session, "resend_ms", rash)


# ---- rooms


def _without_order_of_news(patches: Patches) -> None:
    """What is urgent overtakes the news of its channel that wait."""

    def hasty(old: Any) -> Any:
        def show(self: Rooms, room: Any, run: Any, listeners: Channel, told: Any) -> None:
            news, listeners.news = listeners.news, []
            old(self, room, run, listeners, told)
            listeners.news = news

        return show

    patches.wrap(Rooms, "_show", hasty)


# ---- tokens


def _without_doubt_of_the_clock(patches: Patches) -> None:
    """A node judges tokens by its wall clock from the start on, before the log has told the time."""

    def sure(old: Any) -> Any:
        def go_by(self: Tokens, keeper: Any, **clocks: Any) -> None:
            old(self, keeper, **clocks)
            self.in_doubt = no

        return go_by

    patches.wrap(Tokens, "go_by", sure)


def _without_doubt_at_renewals(patches: Patches) -> None:
    """A guest's token is renewed by whatever time it is here."""

    def careless(old: Any) -> Any:
        def renewed(self: Tokens, token: str) -> str | None:
            in_doubt, self.in_doubt = self.in_doubt, no
            try:
                found: str | None = old(self, token)
                return found
            finally:
                self.in_doubt = in_doubt

        return renewed

    patches.wrap(Tokens, "renewed", careless)


def _without_ends_of_tokens(patches: Patches) -> None:
    patches.replace(tokens, "is_within", yes)


def _without_erasures(patches: Patches) -> None:
    def careless(old: Any) -> Any:
        def made(self: Tokens, key: bytes, issuers: Any = None, erased: Any = None) -> None:
            old(self, key, issuers)

        return made

    patches.wrap(Tokens, "__init__", careless)


SAFEGUARDS: Final = {
    s.name: s
    for s in (
        Safeguard(
            "a client's keys",
            SESSION,
            "what a client sends again has the key that it had",
            ("I1", "I2"),
            _without_its_key,
        ),
        Safeguard(
            "unknown is sent again",
            SESSION,
            "a client takes an outcome that is not known for no answer",
            ("I1", "I2"),
            _without_sending_unknown_again,
        ),
        Safeguard(
            "order of news",
            GATEWAY,
            "news that wait for each other are given before what is urgent on their channel",
            ("I4",),
            _without_order_of_news,
            "of hunt, ",
        ),
        Safeguard(
            "doubt of the clock at tokens",
            SESSION,
            "before the log has told the time no token is refused for good by a clock that may be wrong",
            ("I10",),
            _without_doubt_of_the_clock,
            "sent away for good",
            on=("skew", "clock_far"),
        ),
        Safeguard(
            "doubt of the clock at renewals",
            SESSION,
            "no token is given that is dated by a clock that may be wrong",
            ("I10",),
            _without_doubt_at_renewals,
            "sent away for good",
            on=("skew", "clock_far"),
        ),
        Safeguard(
            "ends of tokens",
            SESSION,
            "a token that has expired lets nobody in",
            ("I9",),
            _without_ends_of_tokens,
            "ended",
        ),
        Safeguard(
            "tokens of the erased",
            SESSION,
            "a token of somebody who was erased lets nobody in",
            ("I9",),
            _without_erasures,
            "erased",
        ),
    )
}
