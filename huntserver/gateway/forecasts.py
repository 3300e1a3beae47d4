"""What would come of it: the standings if a host did something, for the console that asks before it does it.

Owns `POST /hunts/ID/what-if`. Nothing here changes a hunt: what is asked is done to a copy, beside the loop, by the
rules of the hunt itself.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, Final

import msgspec

from actors.entity import Push, Rejected
from huntserver.auth import Tokens
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.amending import Accept, AwardSolve, Existing
from huntserver.game.features.authoring import Define
from huntserver.game.features.copying import Copied, CopyQuery
from huntserver.game.features.standing import Adjust, Disqualify
from huntserver.game.fork import PLAIN, WhatIf, what_if
from huntserver.gateway.door import Door
from huntserver.gateway.ports import Offload, System
from huntserver.gateway.site import HttpRequest, Reply, Response, Upload, as_json, refused, wrong
from huntserver.limits import Limits
from huntserver.wire.messages import HUNT_ID

PATH: Final = re.compile(rf"/hunts/({HUNT_ID.pattern})/what-if")
STEPS_MAX: Final = 20
MOVES_MAX: Final = 100
"""Teams that are told of, by their new place."""
BUSY: Final = Rejected("busy", "other hunts are being looked at; send it again", True, 2000)


class NewText(msgspec.Struct, tag_field="op", tag="define", frozen=True):
    """Another text of the hunt; `existing` as of an amendment."""

    text: str
    style: str = "toml"
    existing: Existing = "keep"


class ForecastSteps(msgspec.Struct, frozen=True):
    """What a host would do, in this order: operations as on the wire, or another text."""

    steps: list[NewText | Accept | AwardSolve | Adjust | Disqualify]


def foreseen(asked: ForecastSteps, hunt: str, copy: Copied) -> dict[str, Any] | Rejected:
    """Return how the teams of a copied hunt would stand: those that move, how many they are, and of how many."""
    steps = [_step(step) for step in asked.steps]
    for step in steps:
        if isinstance(step, Rejected):
            return step
    seen = what_if(PLAIN.decode(hunt, copy.parts), steps, copy.now_ms)
    return seen if isinstance(seen, Rejected) else _told(seen)


def _step(step: Any) -> Any:
    if not isinstance(step, NewText):
        return step
    checked = check_definition(step.text.encode(), step.style)
    if not isinstance(checked, Definition):
        return Rejected("bad_definition", str(checked[0]), why=tuple(map(str, checked[:5])))
    return Define(source(checked), step.existing)


def _told(seen: WhatIf) -> dict[str, Any]:
    moving = [move for move in seen.teams if move.moves]
    return {"teams": moving[:MOVES_MAX], "changed": len(moving), "of": len(seen.teams), "reopen": seen.reopen}


class Forecasts:
    """The route."""

    def __init__(self, system: System, tokens: Tokens, door: Door, limits: Limits, *, worker: Offload) -> None:
        self._system = system
        self._tokens = tokens
        self._door = door
        self._limits = limits
        self._worker = worker

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for this route."""
        return PATH.fullmatch(asked.path) is not None

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request, or return what its body is asked for."""
        found = PATH.fullmatch(asked.path)
        assert found is not None
        judged = self._judged(asked, found.group(1))
        if isinstance(judged, Response):
            reply.reply(judged)
            return None
        return judged

    def _judged(self, asked: HttpRequest, hunt: str) -> Response | Upload:
        if asked.method != "POST":
            return wrong(405, "POST a JSON object with the steps")
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected):
            return refused(caller)
        limited = self._door.admit_upload(asked.address)
        if limited is not None:
            return refused(limited)

        def take(body: bytes, reply: Reply) -> None:
            try:
                steps = msgspec.json.decode(body, type=ForecastSteps)
            except (ValueError, RecursionError) as error:
                reply.reply(refused(Rejected("bad_field", f"steps: {error}")))
                return
            if len(steps.steps) > STEPS_MAX:
                reply.reply(refused(Rejected("bad_field", f"{len(steps.steps)} steps, allowed are {STEPS_MAX}")))
                return
            answer = _CopyReply(reply, steps, hunt, self._worker)
            self._system.query("hunt", hunt, CopyQuery(), answer, 0, caller)

        return Upload(2 * self._limits.definition_bytes_max, take)


class _CopyReply:
    """Takes a hunt's copy, and answers with what would come of the steps."""

    def __init__(self, reply: Reply, asked: ForecastSteps, hunt: str, worker: Offload) -> None:
        self._reply = reply
        self._asked = asked
        self._hunt = hunt
        self._worker = worker

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """It was refused."""
        self._reply.reply(refused(rejected))

    def viewed(self, request: int, view: Copied, pos: int) -> None:
        """Look what would come of it, elsewhere."""
        look = partial(foreseen, self._asked, self._hunt, view)
        if not self._worker.run(look, self._tell, self._reply.fail):
            self._reply.reply(refused(BUSY))

    def _tell(self, found: dict[str, Any] | Rejected) -> None:
        self._reply.reply(refused(found) if isinstance(found, Rejected) else as_json(200, found))
