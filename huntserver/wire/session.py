"""One session: from its hello to its end. Decides what may go on to a hunt; pure, time is an argument.

Owns the caller, the epoch, the rate, the unanswered commands and the floor of `pos`. Knows no sockets.
"""

from __future__ import annotations

from typing import Final

from actors.actor import Caller
from actors.dedup import split_key
from actors.entity import Rejected
from huntserver.limits import Limits

BAD_KEY: Final = Rejected("bad_key", "a key is EPOCH:N, or N with an epoch named in hello; N is 1 to 2^53")
WINDOW: Final = Rejected("window", "16 commands wait for their answers; send this one later", retry=True)
HELLO_FIRST: Final = Rejected("hello_first", "the first command on a connection is hello")
STALE: Final = Rejected("unavailable", "an older state was seen; send again", retry=True, after_ms=200)


class Session:
    """See the module."""

    __slots__ = ("_at_s", "_tokens", "caller", "epoch", "floor", "limits", "unanswered")

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.caller: Caller | None = None
        self.epoch: str | None = None
        self.unanswered: dict[int, int] = {}  # request -> N of its key (0: none), in order of sending
        self.floor: dict[str, int] | None = None  # hunt -> highest pos seen in refusals and views
        self._tokens = float(limits.commands_burst)
        self._at_s = 0.0

    def welcome(self, caller: Caller, epoch: str | None, now_s: float) -> Rejected | None:
        """Take a verified hello."""
        if self.caller is not None:
            return Rejected("hello_twice", "hello was said already on this connection")
        if epoch is not None and (not 1 <= len(epoch) <= 32 or not epoch.isprintable()):
            return Rejected("bad_field", "epoch has 1 to 32 characters that can be shown")
        self.caller = caller
        self.epoch = epoch
        self._at_s = now_s
        return None

    def rate(self, now_s: float) -> Rejected | None:
        """Count a command against the rate."""
        tokens = self._tokens
        if tokens < 1.0:
            limits = self.limits
            tokens += (now_s - self._at_s) * limits.commands_per_s
            self._at_s = now_s
            if tokens > limits.commands_burst:
                tokens = float(limits.commands_burst)
            if tokens < 1.0:
                self._tokens = tokens
                after_ms = int((1.0 - tokens) / limits.commands_per_s * 1000) + 1
                return Rejected("rate_limited", "too many commands; wait", True, after_ms)
        self._tokens = tokens - 1.0
        return None

    def key(self, given: int | str | None) -> tuple[str, int] | Rejected | None:
        """Return the parsed key of a command, or None if it has none, or why it is refused."""
        if given is None:
            return None
        if isinstance(given, int):
            if self.epoch is None or not 0 < given <= 1 << 53:
                return BAD_KEY
            key = (self.epoch, given)
        else:
            split = split_key(given)
            if split is None:
                return BAD_KEY
            key = split
        # Sent in order, the first unanswered one has the lowest N. (One without a key has 0 and bounds nothing.)
        for lowest in self.unanswered.values():
            if lowest and key[1] - lowest >= self.limits.unanswered_max:
                return WINDOW
            break
        return key

    def stale(self, hunt: str, pos: int) -> bool:
        """Note the pos of a refusal or view; True if a higher one was seen: it is a stale owner's."""
        if pos < 0:
            return False
        if self.floor is None:
            self.floor = {}
        before = self.floor.get(hunt, 0)
        if pos > before:
            self.floor[hunt] = pos
        return pos < before

    def raise_floor(self, hunt: str, pos: int) -> None:
        """Start from a pos that an earlier session of the client saw."""
        if self.floor is None:
            self.floor = {}
        self.floor[hunt] = max(pos, self.floor.get(hunt, 0))
