"""The recent pushes of one hunt: what a resume is answered from, and the frames that go to many.

Owns them up to a bound in bytes, oldest out first. Each push knows the one before it on its channel, so that a tail is
either proved complete or refused. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from actors.entity import Push
from huntserver.wire.codecs import Event, frame, message, repacked

PLAIN_BYTES: Final = 600
"""Estimated memory of a push that was not encoded: the entry, its structs (a guess), its share of the ring."""
ENTRY_BYTES: Final = 200
"""Estimated memory of an entry beside its frames."""
PORTIONED_PUSHES_MAX: Final = 5_000
"""Pushes that a slow reader may be behind and still catch up without a snapshot."""
GAP_MAX: Final = 1000
"""Records between two that were shown; past it the ring begins anew (the seqs are walked one by one)."""


class _Events(msgspec.Struct):
    events: msgspec.Raw


_events: Final = msgspec.json.Decoder(_Events).decode


class Kept:
    """One push that was encoded: its frame (one in the other encoding is made from it)."""

    __slots__ = ("_json", "_packed", "_push", "at_ms", "channel", "prev", "seq", "weight")

    def __init__(self, seq: int, at_ms: int, push: Push) -> None:
        self.seq = seq
        self.at_ms = at_ms
        self.channel = push.channel
        self.prev = push.prev
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

    def push(self, hunt: str) -> Push:
        """Return the push as it came, its events encoded."""
        return Push(self.channel, self.prev, _events(self.payload(hunt)).events)

    def weigh(self) -> int:
        """Return the estimated memory now."""
        if self._json is None:
            return PLAIN_BYTES
        return ENTRY_BYTES + len(self._json) + (len(self._packed) if self._packed is not None else 0)


class Plain(msgspec.Struct, frozen=True, gc=False):
    """A record's pushes as they came. No tuple: the collector would walk all of them."""

    at_ms: int
    pushes: Sequence[Push]


class Ring:
    """The recent pushes of one hunt, for listeners that come back.

    A record's seq finds its entry: as it came, or as what was encoded of it.
    """

    __slots__ = ("_entries", "_newest", "_next", "_oldest", "bytes", "hunt", "whole_from")

    def __init__(self, hunt: str) -> None:
        self.hunt = hunt
        self.bytes = 0
        self._entries: dict[int, Plain | list[Kept]] = {}
        self._newest: dict[str, int] = {}  # channel -> seq of its last push; may name one that was dropped
        self._oldest = self._next = 0  # all entries lie between
        self.whole_from = 0  # every record shown from this seq on is here; 0: none was shown yet

    def __len__(self) -> int:
        return len(self._entries)

    def newest(self, channel: str) -> int:
        """Return the seq of the last push of a channel, as far as it was kept here (0: of none)."""
        return self._newest.get(channel, 0)

    def has_all_since(self, seq: int) -> bool:
        """Tell whether every record that was shown after `seq` is here."""
        return 0 < self.whole_from <= seq + 1

    def add(self, seq: int, at_ms: int, pushes: Sequence[Push]) -> None:
        """Keep a record's pushes (of events); its seq is above all before it."""
        if seq - self._next > GAP_MAX:
            self.shrink(0)
            self._oldest = seq
        if not self.whole_from:
            self.whole_from = seq
        self._next = seq + 1
        self._entries[seq] = Plain(at_ms, pushes)
        newest = self._newest
        for push in pushes:
            newest[push.channel] = seq
            self.bytes += PLAIN_BYTES

    def kept(self, seq: int) -> list[Kept]:
        """Return a record's pushes to be encoded, in their order; `settle` each that was."""
        entry = self._entries[seq]
        if isinstance(entry, Plain):
            entry = self._entries[seq] = [Kept(seq, entry.at_ms, push) for push in entry.pushes]
        return entry

    def settle(self, kept: Kept) -> None:
        """Count what an entry has come to weigh, while it is kept."""
        if kept.seq not in self._entries:
            return
        weight = kept.weigh()
        self.bytes += weight - kept.weight
        kept.weight = weight

    def shrink(self, bytes_max: int) -> None:
        """Drop the oldest until the rest fits."""
        entries, before = self._entries, self._oldest
        while entries and self.bytes > bytes_max:
            entry = entries.pop(self._oldest, None)
            self._oldest += 1
            if isinstance(entry, Plain):
                self.bytes -= PLAIN_BYTES * len(entry.pushes)
            elif entry is not None:
                self.bytes -= sum(kept.weight for kept in entry)
        if self._oldest != before:
            self.whole_from = max(self.whole_from, self._oldest)
        if not entries:
            self._newest.clear()

    def tail(
        self, seen: Mapping[str, int], last: Mapping[str, int], packed: bool, *, pushes_max: int, bytes_max: int
    ) -> list[bytes] | None:
        """Return the frames of the channels in `last` after what was `seen` of each, in order: all of them, or None.

        `last` are the channels' last seqs as the entity has them; what was shown since is in the tail too.
        """
        found = self._after(seen, last, pushes_max)
        if found is None:
            return None
        frames, size = [], 0
        for kept in found:
            frames.append(kept.frame(self.hunt, packed))
            self.settle(kept)
            size += len(frames[-1])
            if size > bytes_max:
                return None
        return frames

    def since(self, seq: int) -> list[tuple[int, int, list[Push]]] | None:
        """Return every record that was shown after `seq` (its seq, its time in ms, its pushes); None if that is not
        known to be all."""
        if not self.has_all_since(seq):
            return None
        found = []
        for at in [at for at in self._entries if at > seq]:
            kept = self.kept(at)
            found.append((at, kept[0].at_ms, [one.push(self.hunt) for one in kept]))
            for one in kept:
                self.settle(one)
        return found

    def portion(
        self, seen: Mapping[str, int], last: Mapping[str, int], packed: bool, *, bytes_max: int
    ) -> tuple[list[bytes], dict[str, int] | None] | None:
        """Return the first frames of a tail, up to `bytes_max` but at least one, and how far they go by channel (None:
        to the end); None if it is not known to be whole."""
        found = self._after(seen, last, PORTIONED_PUSHES_MAX)
        if found is None:
            return None
        stands = {channel: seen.get(channel, 0) for channel in last}
        frames: list[bytes] = []
        size = 0
        for kept in found:
            data = kept.frame(self.hunt, packed)
            self.settle(kept)
            if frames and size + len(data) > bytes_max:
                return frames, stands
            frames.append(data)
            size += len(data)
            stands[kept.channel] = kept.seq
        return frames, None

    def _after(self, seen: Mapping[str, int], last: Mapping[str, int], pushes_max: int) -> list[Kept] | None:
        """Return the pushes of the channels in `last` after what was `seen` of each, in order: all of them, or None."""
        found: list[Kept] = []
        for channel, at_least in last.items():
            since = seen.get(channel, 0)
            at = self._newest.get(channel, 0)
            if at < at_least and at_least > since:
                return None  # not all of it was shown here
            while at > since:
                entry = self.kept(at) if at in self._entries else ()
                one = next((kept for kept in entry if kept.channel == channel), None)
                if one is None or len(found) >= pushes_max:
                    return None  # dropped, or never shown here; or too many
                found.append(one)
                at = one.prev
        found.sort(key=lambda kept: kept.seq)
        return found
