"""What wrong codes cost beside the rules: invites, codes of clues, check-ins, by player and address of a hunt.

A team waits after wrong codes by the hunt's own rules. Here are those whom no team holds back: who has none yet, and
guests who come anew for every try. A right code costs nothing. Invite codes that many addresses try have a bound of the
hunt's own: past it, whoever has had a wrong one waits, and others do not. Kept in memory: a restart of all forgives.
The nodes of a cluster tell each other, and one that comes anew all that is owed, so that trying at many of them gains
nothing; one out of reach counts by itself.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Final

import msgspec

from actors.entity import Rejected
from huntserver.gateway.bucket import TokenBucket
from huntserver.gateway.clock import LoopClock
from huntserver.gateway.ports import Peers
from huntserver.gateway.proxies import network_of
from huntserver.limits import Limits

KEPT: Final = 20_000
"""Players and addresses with wrong codes that are remembered; of more, those that owe nothing go, then the oldest."""
ROWS_MAX: Final = 5_000
"""Players and addresses in one word to another node: some 300 KB."""


class TrialsTold(msgspec.Struct, omit_defaults=True):
    """What a node tells another. `charged`: hunt, player and network of a wrong code now; `owed`: hunt, player or (the
    other is "") network, or neither, and how many tries are not gained back."""

    charged: tuple[str, str, str] | None = None
    owed: list[tuple[str, str, str, float]] = []


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(TrialsTold).decode


class Trials:
    """Counts wrong codes; tells who has to wait before the next one."""

    def __init__(self, limits: Limits, clock: LoopClock) -> None:
        self._limits = limits
        self._clock = clock
        self._peers: Peers | None = None
        self._owed: dict[tuple[str, str, str], TokenBucket] = {}  # hunt, and player or network, or neither
        self.counted = 0
        self.held = 0
        """Wrong codes, and tries that were refused because of others before them, by these rules or by a hunt's."""

    def waits(self, hunt: str, by: str, address: str, *, invite: bool = False) -> Rejected | None:
        """Return the refusal of who has tried too many, or None. `invite`: the code is no clue's."""
        now_s, network = self._clock.now_s, network_of(address)
        whose = ((by, ""), ("", network)) if by else (("", network),)
        buckets = [bucket for of in whose if (bucket := self._owed.get((hunt, *of))) is not None]
        if invite and buckets and (of_all := self._owed.get((hunt, "", ""))) is not None:
            buckets.append(of_all)
        wait_s = max((bucket.lacks_s(now_s) for bucket in buckets), default=0.0)
        if not wait_s:
            return None
        return Rejected("cool_down", "too many wrong codes; wait before the next one", True, int(wait_s * 1000) + 1)

    def wrong(self, hunt: str, by: str, address: str) -> None:
        """Charge a wrong code to an address, and to the player `by` ("": a team's cool-down holds the player back)."""
        network = network_of(address)
        self._wrong(hunt, by, network)
        if self._peers is not None:
            self._peers.tell(_encode(TrialsTold((hunt, by, network))))

    # ---- from and to other nodes

    def attach(self, peers: Peers) -> None:
        """Say how other nodes are told."""
        self._peers = peers

    def peer_up(self, node: Hashable) -> None:
        """A node is reached: it is told what is owed."""
        now_s = self._clock.now_s
        rows = [(*of, owed) for of, bucket in self._owed.items() if (owed := bucket.owed(now_s))]
        for at in range(0, len(rows) if self._peers is not None else 0, ROWS_MAX):
            self._peers.tell(_encode(TrialsTold(owed=rows[at : at + ROWS_MAX])), node)  # type: ignore[union-attr]

    def peer_said(self, node: Hashable, body: bytes) -> None:
        """Charge what another node tells of. Raises ValueError (msgspec's errors are) for what cannot be read."""
        told = _decode(body)
        if told.charged is not None:
            self._wrong(*told.charged)
        for hunt, by, network, owed in told.owed:
            self._bucket(hunt, by, network).owe(self._clock.now_s, owed)

    def peer_down(self, node: Hashable) -> None:
        """What it told counts on."""

    # ---- counting

    def _wrong(self, hunt: str, by: str, network: str) -> None:
        self.counted += 1
        if by:
            self._bucket(hunt, "", "").take(self._clock.now_s)
            self._bucket(hunt, by, "").take(self._clock.now_s)
        self._bucket(hunt, "", network).take(self._clock.now_s)

    def _bucket(self, hunt: str, by: str, network: str) -> TokenBucket:
        """Return that of a player, of an address, or (both "") of all in a hunt."""
        now_s, limits = self._clock.now_s, self._limits
        bucket = self._owed.get((hunt, by, network))
        if bucket is None:
            if len(self._owed) >= KEPT:
                self._forget(now_s)
            per_minute, burst = limits.wrong_codes_per_minute_per_address, limits.wrong_codes_burst_per_address
            if by:
                per_minute, burst = limits.wrong_codes_per_minute_per_player, limits.wrong_codes_burst_per_player
            elif not network:
                per_minute, burst = limits.wrong_invites_per_minute_per_hunt, limits.wrong_invites_burst_per_hunt
            bucket = self._owed[hunt, by, network] = TokenBucket(per_minute / 60, burst, now_s)
        return bucket

    def _forget(self, now_s: float) -> None:
        for whom in [whom for whom, bucket in self._owed.items() if bucket.is_full(now_s)]:
            del self._owed[whom]
        while len(self._owed) >= KEPT:
            del self._owed[next(iter(self._owed))]
