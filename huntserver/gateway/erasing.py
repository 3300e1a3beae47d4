"""`POST /erase`: a step of erasing a person that all gateways take. For who runs the server (`huntserver erase`).

`{"step": "bar", "person": "p:ID"}`: no token of that player counts from here on, and what is connected is closed.
`{"step": "destroy", "person": "p:ID", "holders": [...]}`: the keys of these holders are destroyed, durably, and what
was shown is dropped from memory. Each step may be taken again. The nodes of a cluster tell each other, and one that
comes anew all that was done meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any, Final, Literal, Protocol, cast

import msgspec

from actors.background import Background
from actors.entity import Rejected
from huntserver.auth import Tokens
from huntserver.gateway.connection import Connection
from huntserver.gateway.connections import Connections
from huntserver.gateway.ports import Peers
from huntserver.gateway.rooms import Rooms
from huntserver.gateway.site import HttpRequest, Reply, Upload, as_json, no_method, refused, wrong

PATH: Final = "/erase"
BODY_BYTES_MAX: Final = 1 << 20
NO_KEYS: Final = Rejected("not_allowed", "this server seals nothing: it was given no key ring ([privacy] key_file)")


class PersonKeys(Protocol):
    """The keys of persons."""

    @property
    def id(self) -> str:
        """Which ring of keys it is."""
        ...

    def bar(self, person: str) -> None:
        """Let nobody come in under this id any more, durably. Blocks."""
        ...

    def destroy(self, holders: Sequence[str]) -> None:
        """Destroy the keys of these holders, durably. Blocks."""
        ...

    def is_erased(self, person: str) -> bool:
        """Tell whether nobody comes in under this id."""
        ...

    def known(self) -> tuple[list[str], list[str]]:
        """Return who is barred, and which keys are destroyed, to tell other nodes."""
        ...

    def lacks(self, barred: Sequence[str], gone: Sequence[str]) -> bool:
        """Tell whether another node knows of an erasure that this one does not."""
        ...

    def take(self, barred: Sequence[str], gone: Sequence[str]) -> None:
        """Do what another node did, durably. Blocks."""
        ...


class ErasuresTold(msgspec.Struct, frozen=True):
    """All that a node knows of erasures: ids that are barred, leaves of its ring that are destroyed."""

    barred: list[str]
    gone: list[str]


class ErasureStep(msgspec.Struct, frozen=True):
    """One step, as it is asked for."""

    step: Literal["bar", "destroy"]
    person: str
    holders: list[str] = []


class Erasing:
    """The route; without `keys` it is refused."""

    def __init__(
        self, tokens: Tokens, connections: Connections, rooms: Rooms, background: Background, keys: PersonKeys | None
    ) -> None:
        self._tokens = tokens
        self._connections = connections
        self._rooms = rooms
        self._background = background
        self._keys = keys
        self._peers: Peers | None = None

    def has(self, asked: HttpRequest) -> bool:
        """Tell whether a request is for this route."""
        return asked.path == PATH

    def judge(self, asked: HttpRequest, reply: Reply) -> Upload | None:
        """Answer a request, or return what its body is asked for."""
        caller = self._tokens.bearer(asked.header(b"authorization"))
        if asked.method != "POST":
            reply.reply(no_method("POST", "POST a JSON object with step and person"))
        elif isinstance(caller, Rejected):
            reply.reply(refused(caller))
        elif caller.role != "admin":
            reply.reply(refused(Rejected("not_allowed", "only who runs the server erases people")))
        elif self._keys is None:
            reply.reply(refused(NO_KEYS))
        else:
            return Upload(BODY_BYTES_MAX, self._asked)
        return None

    def _asked(self, body: bytes, reply: Reply) -> None:
        try:
            step = msgspec.json.decode(body, type=ErasureStep)
        except (ValueError, RecursionError) as error:
            reply.reply(wrong(400, f'the body is a JSON object like {{"step": "bar", "person": "p:ID"}}: {error}'))
            return
        self._background.once("erasing a person", self._take(step, reply))

    async def _take(self, step: ErasureStep, reply: Reply) -> None:
        keys = self._keys
        assert keys is not None
        try:
            if step.step == "bar":
                await asyncio.to_thread(keys.bar, step.person)
            else:
                await asyncio.to_thread(keys.destroy, [step.person, *step.holders])
                self._rooms.forget_shown()
            closed = self._sign_out(keys)
        except Exception:
            reply.fail()
            raise
        self._tell()
        reply.reply(as_json(200, {"ring": keys.id, "closed": closed}))

    def _sign_out(self, keys: PersonKeys) -> int:
        theirs = [one for one in self._connections.all() if _is_of_erased(one, keys)]
        for connection in theirs:
            cast(Connection, connection).close("bad_token")
        return len(theirs)

    # ---- from and to other nodes

    def attach(self, peers: Peers) -> None:
        """Say how other nodes are told."""
        self._peers = peers

    def _tell(self, only: Hashable = None) -> None:
        if self._peers is not None and self._keys is not None:
            self._peers.tell(msgspec.msgpack.encode(ErasuresTold(*self._keys.known())), only)

    def peer_up(self, peer: Hashable) -> None:
        """A node is reached: it may have missed something."""
        self._tell(peer)

    def peer_down(self, peer: Hashable) -> None:
        """It will be told when it comes again."""

    def peer_said(self, peer: Hashable, body: bytes) -> None:
        """Do what another node has done. Raises ValueError for what cannot be read."""
        told = msgspec.msgpack.decode(body, type=ErasuresTold)
        if self._keys is not None and self._keys.lacks(told.barred, told.gone):
            self._background.once("erasing with another node", self._follow(self._keys, told))

    async def _follow(self, keys: PersonKeys, told: ErasuresTold) -> None:
        await asyncio.to_thread(keys.take, told.barred, told.gone)
        self._rooms.forget_shown()
        self._sign_out(keys)


def _is_of_erased(connection: Any, keys: PersonKeys) -> bool:
    caller = connection.session.caller
    return caller is not None and keys.is_erased(caller.by)
