"""Safeguards of the client and of rooms, which show where sessions go over several nodes; how each is switched off.

Judged by whole nodes with real gateways (`lab/sim/session_workload.py`).
"""

from __future__ import annotations

from typing import Any, Final

from huntserver.client import session
from huntserver.client.requests import Request, Requests
from huntserver.gateway.room import Channel
from huntserver.gateway.rooms import Rooms
from lab.ablations.safeguard import GATEWAY, SESSION, Patches, Safeguard

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
    )
}
