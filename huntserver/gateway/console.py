"""What the host's console asks over HTTP: to sign in by a link, to check a text while it is written, a hunt's source.

Owns these routes. Nothing here changes a hunt; what takes long is done beside the loop, in the bounded worker.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qs

import msgspec

from actors.entity import Push, Rejected
from actors.shard.actor import Caller
from huntserver.auth import Tokens
from huntserver.game.definition.formats import NAMES
from huntserver.game.definition.lines import lines_of
from huntserver.game.definition.rewritten import rewritten
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.written import as_toml
from huntserver.game.features.big_board import Source, SourceQuery
from huntserver.game.rehearsal import rehearsed, tried
from huntserver.gateway.door import Door
from huntserver.gateway.ports import Offload, System
from huntserver.gateway.signing_in import SigningIn
from huntserver.gateway.site import (
    DEFINITION,
    NOT_KEPT,
    HttpRequest,
    Reply,
    Response,
    Upload,
    as_json,
    no_method,
    prepared,
    refused,
    wrong,
)
from huntserver.limits import Limits
from huntserver.playthrough import play_through

SIGN_IN: Final = "/signin"
CHECK: Final = "/check"
CODE_BODY_BYTES_MAX: Final = 4096
BUSY: Final = Rejected("busy", "other definitions are being checked; send it again", True, 2000)
TEAMS_MAX: Final = 50
PLAYED_MAX: Final = 2000
"""Teams by clues in a simulation: about a second of the worker."""
_NOTHING: Final[Mapping[str, str]] = {}
Judged: TypeAlias = Response | Upload | None


def checked(body: bytes, style: str, now_ms: int, asked: Mapping[str, str] = _NOTHING) -> dict[str, Any]:
    """Return the faults of a text with their lines, or how it looks to a team.

    `asked` may have `simulate` (that many teams play it, by `seed`: `play` tells of it), or `play` (the page of a team
    that has solved the clues of `solved`, and then tries `guess` at `clue`: `answer`).
    """
    found = prepared(body, style)
    if not isinstance(found, Definition):
        text = body.decode("utf-8", "replace")
        lines = lines_of(found, text, style)
        told = [{**problem._asdict(), "line": line} for problem, line in zip(found, lines, strict=True)]
        return {"problems": told, "page": None}
    if "simulate" in asked:
        teams = max(1, min(_number(asked["simulate"]), TEAMS_MAX, PLAYED_MAX // max(1, len(found.clues))))
        return {"problems": [], "page": None, "play": play_through(found, teams, _number(asked.get("seed", "1")))}
    if "play" in asked:
        solved = [id for id in asked.get("solved", "").split(",") if id]
        seen = tried(found, now_ms, solved=solved, clue=asked.get("clue", ""), text=asked.get("guess", ""))
        return {"problems": [], "page": seen.page, "answer": seen.answer}
    return {"problems": [], "page": rehearsed(found, now_ms)}


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 1


class Console:
    """The routes; without `sign_in` nobody signs in by a link."""

    def __init__(
        self, system: System, tokens: Tokens, door: Door, limits: Limits, *, worker: Offload, sign_in: SigningIn | None
    ) -> None:
        self._system = system
        self._tokens = tokens
        self._door = door
        self._limits = limits
        self._worker = worker
        self._sign_in = sign_in

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for one of these routes."""
        return asked.path in (SIGN_IN, CHECK) or (
            asked.method == "GET" and DEFINITION.fullmatch(asked.path) is not None
        )

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request, at once or when a hunt has told; or return what its body is asked for."""
        rules: dict[str, Callable[[HttpRequest], Judged]] = {SIGN_IN: self._signing_in, CHECK: self._checking}
        rule = rules.get(asked.path)
        judged = rule(asked) if rule is not None else self._reading(asked, reply)
        if isinstance(judged, Response):
            reply.reply(judged)
        return judged if isinstance(judged, Upload) else None

    # ---- signing in

    def _signing_in(self, asked: HttpRequest) -> Judged:
        if asked.method != "POST":
            return no_method("POST", "POST a JSON object with the link's code")
        if self._sign_in is None:
            return refused(Rejected("not_allowed", "nobody signs in by a link here"))
        limited = self._door.admit_sign_in(asked.address)
        if limited is not None:
            return refused(limited)
        return Upload(CODE_BODY_BYTES_MAX, partial(self._exchange, self._sign_in, asked.address))

    def _exchange(self, sign_in: SigningIn, address: str, body: bytes, reply: Reply) -> None:
        try:
            code = msgspec.json.decode(body, type=dict[str, str]).get("code", "")
        except (ValueError, RecursionError):
            reply.reply(wrong(400, 'the body is a JSON object like {"code": "..."}'))
            return

        def told(found: dict[str, Any] | Rejected) -> None:
            if isinstance(found, Rejected):
                self._door.refuse("sign_in", address)
                reply.reply(refused(found))
            else:
                reply.reply(as_json(200, found))

        if not sign_in.exchange(code, told, reply.fail):
            reply.reply(refused(BUSY))

    # ---- checking

    def _checking(self, asked: HttpRequest) -> Judged:
        if asked.method != "POST":
            return no_method("POST", "POST a hunt file here, TOML, YAML or JSON")
        caller = self._host(asked)
        if isinstance(caller, Rejected):
            return refused(caller)
        limited = self._door.admit_upload(asked.address)
        if limited is not None:
            return refused(limited)
        kind = asked.header(b"content-type")
        style = next((style for style in NAMES if style in kind), "toml")

        query = {name: values[-1] for name, values in parse_qs(asked.query, keep_blank_values=True).items()}

        def take(body: bytes, reply: Reply) -> None:
            check = partial(checked, body, style, int(time.time() * 1000), query)
            if not self._worker.run(check, lambda found: reply.reply(as_json(200, found)), reply.fail):
                self._door.refuse("checks", asked.address)
                reply.reply(refused(BUSY))

        return Upload(self._limits.definition_bytes_max, take)

    # ---- reading

    def _reading(self, asked: HttpRequest, reply: Reply) -> Judged:
        caller = self._host(asked)
        if isinstance(caller, Rejected):
            return refused(caller)
        found = re.fullmatch(DEFINITION, asked.path)
        assert found is not None
        style = parse_qs(asked.query).get("style", ["toml"])[-1]
        if style not in ("toml", "json"):
            return refused(Rejected("bad_field", f"style is {style[:40]!r}, allowed are toml, json"))
        self._system.query("hunt", found.group(1), SourceQuery(), _SourceReply(reply, style, self._worker), 0, caller)
        return None

    def _host(self, asked: HttpRequest) -> Caller | Rejected:
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if isinstance(caller, Rejected) or caller.role in ("host", "admin"):
            return caller
        return Rejected("not_allowed", "only hosts may do this")


class _SourceReply:
    """Takes a hunt's definition and answers with it as it was asked for."""

    def __init__(self, reply: Reply, style: str, worker: Offload) -> None:
        self._reply = reply
        self._style = style
        self._worker = worker

    def accepted(self, request: int, answer: bytes, pos: int, told: Push | None) -> None:
        """Never: a question was asked."""

    def refused(self, request: int, rejected: Rejected, pos: int) -> None:
        """It was refused."""
        self._reply.reply(refused(rejected))

    def viewed(self, request: int, view: Source, pos: int) -> None:
        """Send the text."""
        if not view.definition:
            self._reply.reply(refused(Rejected("no_definition", "the hunt has no definition yet", retry=True)))
            return
        if self._style == "json" or not view.written:
            self._answer(view, view.definition if self._style == "json" else as_toml(view.definition))
            return
        write = partial(rewritten, view.written, view.definition)
        if not self._worker.run(write, lambda text: self._answer(view, text), self._reply.fail):
            self._reply.reply(refused(BUSY))

    def _answer(self, view: Source, text: str) -> None:
        kind = "application/json" if self._style == "json" else "application/toml; charset=utf-8"
        kept = [*NOT_KEPT, ("etag", f'"{view.digest}"')]
        self._reply.reply(Response(200, text.encode(), kind, kept))
