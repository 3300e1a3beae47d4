"""The recent pushes of one hunt: what a resume is answered from, and the frames that go to many.

Owns them up to a bound in bytes, oldest out first. Each push knows the one before it on its channel, so that a tail is
either proved complete or refused. Pure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from actors.entity import Push
from huntserver.wire.codecs import Event, frame, message, repacked

PLAIN_BYTES: Final = 600
"""Estimated memory of a push that was not encoded: the entry, its structs (a guess), its share of the ring."""
ENTRY_BYTES: Final = 200
"""Estimated memory of an entry beside its frames."""


class Kept:
    """One push: its structs, or from the first need on its frame (a frame in the other encoding is made from it)."""

    __slots__ = ("_json", "_packed", "_push", "at_ms", "before", "channel", "prev", "seq", "weight")

    def __init__(self, seq: int, at_ms: int, push: Push, before: Kept | None) -> None:
        self.seq = seq
        self.at_ms = at_ms
        self.channel = push.channel
        self.prev = push.prev
        self.before = before  # on the same channel
        self.weight = PLAIN_BYTES
        self._push: Push | None = push
        self._json: bytes | None = None
        self._packed: bytes | None = None

    def payload(self, hunt: str) -> bytes:
        """Return the push as JSON."""
        if self._json is None:
            assert self._push is not None
            event = Event("event", hunt, self.channel, self.seq, self.prev, self.at_ms, self._push.events)
            self._json = message(event, False)
            self._push = None
        return self._json

    def frame(self, hunt: str, packed: bool) -> bytes:
        """Return the push as a whole frame, encoded at most once."""
        if not packed:
            return frame(self.payload(hunt), False)
        if self._packed is None:
            self._packed = frame(repacked(self.payload(hunt)), True)
        return self._packed

    def weigh(self) -> int:
        """Return the estimated memory now."""
        if self._json is None:
            return PLAIN_BYTES
        return ENTRY_BYTES + len(self._json) + (len(self._packed) if self._packed is not None else 0)

    def forget(self) -> None:
        """Let go of all: a younger entry may still point here."""
        self.seq = -1
        self.before = self._push = self._json = self._packed = None


class Ring:
    """See the module."""

    __slots__ = ("_kept", "_newest", "bytes", "hunt")

    def __init__(self, hunt: str) -> None:
        self.hunt = hunt
        self.bytes = 0
        self._kept: deque[Kept] = deque()
        self._newest: dict[str, Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, seq: int, at_ms: int, push: Push) -> Kept:
        """Keep a push; weigh it with `settle` once it was shown."""
        newest = self._newest
        channel = push.channel
        kept = newest[channel] = Kept(seq, at_ms, push, newest.get(channel))
        self._kept.append(kept)
        self.bytes += PLAIN_BYTES
        return kept

    def settle(self, kept: Kept) -> None:
        """Count what an entry has come to weigh."""
        weight = kept.weigh()
        self.bytes += weight - kept.weight
        kept.weight = weight

    def shrink(self, bytes_max: int) -> None:
        """Drop the oldest until the rest fits."""
        kept, newest = self._kept, self._newest
        while kept and self.bytes > bytes_max:
            oldest = kept.popleft()
            self.bytes -= oldest.weight
            if newest.get(oldest.channel) is oldest:
                del newest[oldest.channel]
            oldest.forget()

    def tail(
        self, seen: Mapping[str, int], last: Mapping[str, int], packed: bool, *, pushes_max: int, bytes_max: int
    ) -> list[bytes] | None:
        """Return the frames of the channels in `last` after what was `seen` of each, in order: all of them, or None.

        `last` are the channels' last seqs as the entity has them; what was shown since is in the tail too.
        """
        found: list[Kept] = []
        for channel, at_least in last.items():
            since = seen.get(channel, 0)
            kept: Any = self._newest.get(channel)
            if (kept.seq if kept is not None else 0) < at_least and at_least > since:
                return None  # not all of it was shown here
            while kept is not None and kept.seq > since:
                found.append(kept)
                if len(found) > pushes_max:
                    return None
                if kept.prev <= since:
                    break
                kept = kept.before
                if kept is None or kept.seq != found[-1].prev:
                    return None  # dropped, or never shown here
        found.sort(key=lambda kept: kept.seq)
        frames, size = [], 0
        for kept in found:
            frames.append(kept.frame(self.hunt, packed))
            self.settle(kept)
            size += len(frames[-1])
            if size > bytes_max:
                return None
        return frames
