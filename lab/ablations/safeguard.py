"""Switching one safeguard off for the time of a run: the product's own code is patched, and put back afterwards.

Owns what was replaced. A safeguard is a row of a table: what it protects, how it is taken away, and which promise must
then be found broken. The product's hot path knows nothing of this. A name that the product has no longer is an error
at once, so that a rename cannot turn an ablation into nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

Off = Callable[["Patches"], None]


class NoSuchName(LookupError):
    """What an ablation replaces is not there (any more)."""


class Patches:
    """Names of classes and modules that are replaced now. `restore` puts all back."""

    def __init__(self) -> None:
        self._old: list[tuple[Any, str, Any]] = []

    def replace(self, owner: Any, name: str, new: Any) -> Any:
        """Put `new` in the place of an attribute that `owner` itself has; return the old one. Raises `NoSuchName`."""
        held = vars(owner)
        if name not in held:
            raise NoSuchName(f"{getattr(owner, '__qualname__', owner.__name__)} has no {name!r} of its own")
        old = held[name]
        self._old.append((owner, name, old))
        setattr(owner, name, new)
        return old

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace an attribute by what `make` returns for the old one."""
        self.replace(owner, name, make(vars(owner).get(name)))

    def replaced(self) -> list[tuple[Any, str, Any]]:
        """Return what is replaced now: owner, name, and what was there."""
        return list(self._old)

    def restore(self) -> None:
        """Put everything back, the last first."""
        while self._old:
            owner, name, old = self._old.pop()
            setattr(owner, name, old)


class Safeguard(NamedTuple):
    """One safeguard, how it is switched off, and who must miss it.

    `area` is one of the nine in which bugs of a server like this are found (`AREAS`). `breaks`: the promises of which
    one must be found broken when it is off, `sign`: words of how it is then reported, where the promise alone says too
    little. `off` takes it away. `on`: faults that every seed has then, where they seldom meet by themselves; `without`:
    faults that none has, where they would hide what is looked for.
    """

    name: str
    area: str
    protects: str
    breaks: tuple[str, ...]
    off: Off
    sign: str = ""
    on: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


AREAS = (
    "tenure and fence",
    "group commit",
    "de-duplication",
    "recovery and snapshots",
    "reactions",
    "timers",
    "session and pos floor",
    "gateway outbox and resume",
    "game rules and redaction",
)
FENCE, COMMIT, DEDUP, RECOVERY, REACTIONS, TIMERS, SESSION, GATEWAY, GAME = AREAS

FEW_OTHERS: Final = ("crash", "drain", "skew", "jump", "full", "stuck", "slow_read", "snap_fail", "snap_bad")
"""What stops play for a while, or all of it: fewer other things happen meanwhile."""


def no(*_: Any, **__: Any) -> bool:
    """In the place of a test: it never finds anything."""
    return False


def yes(*_: Any, **__: Any) -> bool:
    """In the place of a test: it is always content."""
    return True


def nothing(*_: Any, **__: Any) -> None:
    """In the place of an action."""
