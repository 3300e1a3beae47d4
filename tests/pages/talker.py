"""Hosts and other players for tests of the pages: plain WebSocket clients, one question after the other."""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
from typing import Any

from websockets.sync.client import connect

from huntserver.auth import Tokens
from lab.machines.servers import LocalServer

WAIT_S = 60.0


class Talker:
    """One session. Raises `Refusal` where a reply is one."""

    def __init__(self, live: LocalServer, token: str) -> None:
        self.live = live
        self.token = token
        self.pushes: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._open = contextlib.ExitStack()
        self._socket = self._open.enter_context(connect(live.url, max_size=None, open_timeout=WAIT_S))
        self.hello = self.ask("hello", token=token, epoch=secrets.token_hex(5))

    def ask(self, op: str, **fields: Any) -> dict[str, Any]:
        """Send and return the reply's `ok`."""
        request = next(self._ids)
        self._socket.send(json.dumps({"id": request, "op": op, **fields}))
        while True:
            message = json.loads(self._socket.recv(WAIT_S))
            if message.get("id") != request:
                self.pushes.append(message)
            elif "err" in message:
                raise Refusal(message["err"])
            else:
                answer: dict[str, Any] = message["ok"]
                return answer

    def close(self) -> None:
        """Disconnect."""
        self._open.close()


class Refusal(Exception):
    """The server said no."""

    def __init__(self, err: dict[str, Any]) -> None:
        super().__init__(f"{err['code']}: {err.get('msg')}")
        self.code = err["code"]


class Cast:
    """Everybody on one server who is not before a browser; closes them at the end."""

    def __init__(self, live: LocalServer) -> None:
        self.live = live
        self._tokens = Tokens((live.folder / "data" / "token.key").read_bytes().strip())
        self._talkers: list[Talker] = []

    def token(self, role: str, name: str = "", ttl_s: float = 9999) -> str:
        """Return a token of somebody new."""
        return self._tokens.mint(role, role[0] + secrets.token_hex(5), name, ttl_s)

    def talker(self, role: str, name: str = "") -> Talker:
        """Connect somebody new."""
        made = Talker(self.live, self.token(role, name))
        self._talkers.append(made)
        return made

    def hunt(self, definition: dict[str, Any], *, start: bool = True) -> tuple[str, Talker]:
        """Make a hunt; return its id and its host."""
        host = self.talker("host")
        hunt = "hunt-" + secrets.token_hex(4)
        host.ask("create", hunt=hunt)
        head = {"authorization": f"Bearer {host.token}", "content-type": "application/json"}
        status, body = self.live.http("PUT", f"/hunts/{hunt}/definition", json.dumps(definition).encode(), **head)
        assert status == 200, body
        host.ask("publish", hunt=hunt)
        if start:
            host.ask("start", hunt=hunt)
        return hunt, host

    def player(self, hunt: str, name: str = "Bo", **how: Any) -> Talker:
        """Let somebody join; `player.team` is the answer."""
        made = self.talker("player", name)
        made.team = made.ask("join", hunt=hunt, **how)  # type: ignore[attr-defined]
        return made

    def close(self) -> None:
        """Disconnect everybody."""
        for talker in self._talkers:
            talker.close()
