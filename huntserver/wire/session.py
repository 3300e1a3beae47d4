"""One session: from its hello to its end. Decides what may go on to a hunt; pure, time is an argument.

Owns the caller, the epoch, the rate, the unanswered requests and the floor of `pos`. Knows no sockets.
"""

from __future__ import annotations

from typing import Any, Final

from actors.entity import Rejected
from actors.shard.actor import Caller
from actors.shard.dedup import split_key
from huntserver.limits import Limits
from huntserver.wire.messages import HOST_FRAMES

BAD_KEY: Final = Rejected("bad_key", "a key is EPOCH:N, or N with an epoch named in hello; N is 1 to 2^53")
WINDOW: Final = Rejected("window", "16 commands wait for their answers; send this one later", retry=True)
HELLO_FIRST: Final = Rejected("hello_first", "the first command on a connection is hello")
HELLO_TWICE: Final = Rejected("hello_twice", "hello was said already on this connection")
WATCHES_ONLY: Final = Rejected("not_allowed", "this link is for watching alone")
HOSTS_ONLY: Final = Rejected("not_allowed", "only hosts may do this")
BAD_EPOCH: Final = Rejected("bad_field", "epoch has 1 to 32 characters that can be shown")
STALE: Final = Rejected("unavailable", "an older state was seen; send again", retry=True, after_ms=200)
EPOCH_MAX: Final = 32


class Session:
    """The server's half of one session: who speaks, and what may be asked now.

    A request is open from `admit` until `answered`.
    """

    __slots__ = (
        "_again",
        "_at_s",
        "_floors",
        "_lowest",
        "_tokens",
        "_watches",
        "caller",
        "epoch",
        "hunt",
        "limits",
        "pos",
        "rate_refusals",
        "unanswered",
    )

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.caller: Caller | None = None
        self.epoch: str | None = None
        self.unanswered: dict[int, Any] = {}  # request -> its frame, in order of sending
        self.rate_refusals = 0  # in a row
        # The floor of `pos`: of the hunt that was heard of last, and of the others.
        self.hunt = ""
        self.pos = 0
        self._floors: dict[str, int] | None = None
        self._again: dict[int, tuple[str, int]] | None = None  # requests asked again -> the stale answer
        self._lowest = 0  # no key of the session's epoch that waits has a lower N
        self._tokens = float(limits.commands_burst)
        self._at_s = 0.0
        self._watches = False

    def welcome(self, caller: Caller, epoch: str | None, now_s: float) -> Rejected | None:
        """Take a verified hello; return why it is refused."""
        if self.caller is not None:
            return HELLO_TWICE
        if epoch is not None and (not 1 <= len(epoch) <= EPOCH_MAX or not epoch.isprintable()):
            return BAD_EPOCH
        self.caller = caller
        self._watches = caller.role == "watcher"
        self.epoch = epoch
        self._at_s = now_s
        return None

    def rate(self, now_s: float) -> Rejected | None:
        """Count a message against the rate; return why it is refused."""
        tokens = self._tokens
        if now_s != self._at_s:
            limits = self.limits
            tokens += (now_s - self._at_s) * limits.commands_per_s
            self._at_s = now_s
            if tokens > limits.commands_burst:
                tokens = float(limits.commands_burst)
        if tokens < 1.0:
            self._tokens = tokens
            self.rate_refusals += 1
            after_ms = int((1.0 - tokens) / self.limits.commands_per_s * 1000) + 1
            return Rejected("rate_limited", "too many commands; wait", True, after_ms)
        self._tokens = tokens - 1.0
        self.rate_refusals = 0
        return None

    def open(self, frame: Any) -> Rejected | None:
        """Note a request as unanswered; return why it is refused."""
        unanswered = self.unanswered
        request = frame.id
        if request in unanswered:
            return Rejected("bad_field", f"id: {request} waits for its answer already")
        unanswered[request] = frame
        return None

    def admit(self, frame: Any) -> tuple[str, int] | Rejected | None:
        """Open a command: return its key, None if it has none, or why it is refused."""
        given = frame.key
        if self._watches:
            return WATCHES_ONLY
        if given.__class__ is int:
            epoch = self.epoch
            if epoch is None or not 0 < given <= 1 << 53:
                return BAD_KEY
            key = (epoch, given)
        elif given is None:
            return HOSTS_ONLY if self._hosts_only(frame) else self.open(frame)
        else:
            split = split_key(given)
            if split is None:
                return BAD_KEY
            key = split
        if key[1] - self._lowest >= self.limits.unanswered_max and self._beyond_window(key):
            return WINDOW
        if frame.__class__ in HOST_FRAMES and self._hosts_only(frame):
            return HOSTS_ONLY
        unanswered = self.unanswered
        if frame.id in unanswered:
            return self.open(frame)
        unanswered[frame.id] = frame
        if key[1] < self._lowest:
            self._lowest = key[1]
        return key

    def _hosts_only(self, frame: Any) -> bool:
        return frame.__class__ in HOST_FRAMES and (self.caller is None or self.caller.role in ("player", "watcher"))

    def _beyond_window(self, key: tuple[str, int]) -> bool:
        """Judge exactly, and raise the lower bound: that is needed once in 16 commands of a client in step."""
        lowest, bound = key[1], key[1]
        for frame in self.unanswered.values():
            epoch, n = self._key_of(frame)
            if n:
                bound = min(bound, n)
                if epoch == key[0]:
                    lowest = min(lowest, n)
        self._lowest = bound
        return key[1] - lowest >= self.limits.unanswered_max

    def _key_of(self, frame: Any) -> tuple[str, int]:
        given = getattr(frame, "key", None)
        if given is None:
            return "", 0
        if isinstance(given, int):
            return self.epoch or "", given
        return split_key(given) or ("", 0)

    # ---- the floor of pos: what was seen of a hunt is not unseen (refusals and views; see `docs/protocol.md`)

    def saw(self, hunt: str, pos: int) -> None:
        """Raise the floor."""
        if hunt == self.hunt:
            if pos > self.pos:
                self.pos = pos
        else:
            self._turn_to(hunt)
            self.pos = max(self.pos, pos)

    def stale(self, hunt: str, pos: int) -> bool:
        """Tell whether an answer rests on less than was seen: it is a stale owner's. Raises the floor."""
        if hunt != self.hunt:
            self._turn_to(hunt)
        if pos < self.pos:
            return pos >= 0
        self.pos = pos
        return False

    def lower(self, hunt: str, pos: int) -> None:
        """Set the floor: what was said to be seen does not exist."""
        self._turn_to(hunt)
        self.pos = pos

    def key_of(self, frame: Any) -> tuple[str, int] | None:
        """Return the key of a command that was admitted."""
        epoch, n = self._key_of(frame)
        return (epoch, n) if n else None

    def _turn_to(self, hunt: str) -> None:
        floors = self._floors
        if floors is None:
            if not self.hunt:
                self.hunt, self.pos = hunt, 0
                return
            floors = self._floors = {}
        floors[self.hunt] = self.pos  # also when it is the same hunt: it is taken out again below
        self.hunt = hunt
        self.pos = floors.pop(hunt, 0)
        if len(floors) > self.limits.floors_max:
            del floors[next(iter(floors))]

    def ask_again(self, request: int, code: str, pos: int) -> bool:
        """Tell whether a stale answer should be asked for once more: the first time only."""
        again = self._again
        if again is None:
            again = self._again = {}
        if request in again:
            return False
        again[request] = (code, pos)
        return True

    def repeated(self, request: int, code: str, pos: int) -> bool:
        """Tell whether asking again gave the very same refusal: the key was given it before, and it stays. The owner
        proves itself anew for it, so it is no stale one's (`actors.shard.decider`)."""
        return self._again is not None and self._again.get(request) == (code, pos)

    def answered(self, request: int) -> Any:
        """Close a request; return its frame, None if it is not open."""
        if self._again is not None and self._again.pop(request, None) is not None and not self._again:
            self._again = None
        return self.unanswered.pop(request, None)
