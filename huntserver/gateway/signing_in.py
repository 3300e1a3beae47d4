"""Signing in by a link that is good once, over a whole cluster.

A code is used up at the node where it is given, and at so many others that no two can use it: a majority of the nodes
grants it to one use, each to the first that asks. Of two uses at once one is let in, or none. Owns the claims that are
under way; the marks of used codes are `huntserver.auth.SignIn`'s.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final

import msgspec

from actors.entity import Rejected
from huntserver.auth import LinkClaims, SignIn, is_code_id
from huntserver.auth.sign_in import USED
from huntserver.auth.validity import IN_DOUBT
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.ports import Offload, Peers

ANSWER_S: Final = 5.0
"""The other nodes have so long to grant a code; they write a file for it."""
IDS_MAX: Final = 10_000
"""Codes in one word to another node: some 340 KB."""
AGAIN_S: Final = 1.0
UNREACHED: Final = Rejected(
    "unavailable",
    "too few nodes of the cluster can be reached to be sure that this link was not used yet; try it again in some "
    "seconds",
    retry=True,
    after_ms=5000,
)
UNANSWERED: Final = Rejected(
    "unavailable", "too few nodes of the cluster have answered in time; make another link: huntserver token --link"
)


class CodesTold(msgspec.Struct, omit_defaults=True):
    """What a node tells another. `used`: ids of codes; `claim`: id of a code, and the use that asks for it; `granted`
    and `denied`: a use that asked."""

    used: list[str] = []
    claim: tuple[str, str] | None = None
    granted: str = ""
    denied: str = ""


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(CodesTold).decode


class _Claim:
    """A use that waits for other nodes: who has not answered, and how many are to grant it yet."""

    __slots__ = ("lacks", "said", "silent", "told")

    def __init__(self, said: LinkClaims, silent: set[Hashable], lacks: int, told: Callable[[Any], None]) -> None:
        self.said = said
        self.silent = silent
        self.lacks = lacks
        self.told = told


class SigningIn:
    """Exchanges codes for tokens. A server by itself asks nobody."""

    def __init__(self, sign_in: SignIn, worker: Offload, clock: LoopClock) -> None:
        self._sign_in = sign_in
        self._worker = worker
        self._clock = clock
        self._peers: Peers | None = None
        self._reached: set[Hashable] = set()
        self._knowing: set[Hashable] = set()  # those that have told something: of a version that grants codes
        self._claims: dict[str, _Claim] = {}

    def exchange(
        self, code: str, told: Callable[[dict[str, Any] | Rejected], None], failed: Callable[[], None]
    ) -> bool:
        """Use a code; `told` hears `token` and `name` of whom it speaks for, or why not. False: too much waits."""
        if self._sign_in.is_in_doubt() or self._majority() > 1 + len(self._knowing):  # the code stays good
            told(IN_DOUBT if self._sign_in.is_in_doubt() else UNREACHED)
            return True
        use = secrets.token_hex(16)
        return self._worker.run(partial(self._sign_in.use, code, use), partial(self._used_here, use, told), failed)

    def _majority(self) -> int:
        nodes = 1 + len(self._knowing) + (self._peers.out_of_reach() if self._peers is not None else 0)
        return nodes // 2 + 1

    def _used_here(self, use: str, told: Callable[[Any], None], found: LinkClaims | Rejected) -> None:
        if isinstance(found, Rejected):
            told(found)
            return
        claim = self._claims[use] = _Claim(found, set(self._knowing), self._majority() - 1, told)
        for peer in claim.silent:
            self._tell(CodesTold(claim=(found.id, use)), peer)
        self._clock.later(ANSWER_S, self._give_up, use)
        self._look(use)

    def _look(self, use: str) -> None:
        """End a claim that is granted, or that cannot be any more."""
        claim = self._claims[use]
        if claim.lacks <= 0:
            del self._claims[use]
            self._tell(CodesTold(used=[claim.said.id]))
            claim.told(self._sign_in.session(claim.said))
        elif claim.lacks > len(claim.silent):
            self._give_up(use)

    def _give_up(self, use: str) -> None:
        claim = self._claims.pop(use, None)
        if claim is not None:
            claim.told(UNANSWERED)

    # ---- from and to other nodes

    def attach(self, peers: Peers) -> None:
        """Say how other nodes are told."""
        self._peers = peers

    def peer_up(self, node: Hashable) -> None:
        """A node is reached: it is told which codes were used."""
        self._reached.add(node)
        self._tell_used(node)

    def _tell_used(self, node: Hashable) -> None:
        def told(ids: list[str]) -> None:
            for at in range(0, max(1, len(ids)), IDS_MAX):  # also that there are none: it hears that this node grants
                self._tell(CodesTold(used=ids[at : at + IDS_MAX]), node)

        again = partial(self._clock.later, AGAIN_S, self._tell_used, node)
        if node in self._reached and not self._worker.run(self._sign_in.used, told, again):
            again()

    def peer_said(self, node: Hashable, body: bytes) -> None:
        """A node asks, or answers. Raises ValueError (msgspec's errors are) for what cannot be read."""
        said = _decode(body)
        if not all(map(is_code_id, [*said.used, *(said.claim or ())])):
            raise ValueError("no id of a code")
        self._knowing.add(node)
        if said.used:
            self._worker.run(partial(self._mark, said.used), _nothing, _nothing)
        if said.claim is not None:
            id, use = said.claim
            self._worker.run(partial(self._sign_in.mark, id, use), partial(self._answer, node, use), _nothing)
        claim = self._claims.get(said.granted)
        if claim is not None and node in claim.silent:
            claim.silent.discard(node)
            claim.lacks -= 1
            self._look(said.granted)
        if (claim := self._claims.pop(said.denied, None)) is not None:
            claim.told(USED)

    def peer_down(self, node: Hashable) -> None:
        """A node is not reached any more."""
        self._reached.discard(node)
        self._knowing.discard(node)
        for use, claim in list(self._claims.items()):
            if node in claim.silent:
                claim.silent.discard(node)
                self._look(use)

    def _mark(self, ids: list[str]) -> None:
        for id in ids:
            self._sign_in.mark(id, "")

    def _answer(self, node: Hashable, use: str, granted: bool) -> None:
        self._tell(CodesTold(granted=use) if granted else CodesTold(denied=use), node)

    def _tell(self, said: CodesTold, only: Hashable = None) -> None:
        if self._peers is not None:
            self._peers.tell(_encode(said), only)


def _nothing(found: object = None) -> None:
    """Whoever asked gives up by itself; `work_failed` was reported."""
