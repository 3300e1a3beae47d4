"""Which inputs stand in the corpus: a greedy cover of all arcs of the product's lines, and of what decoders said."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Hashable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import websockets

from lab import ROOT
from lab.fuzz import targets

PRODUCT = (
    *(str(ROOT / package) for package in ("huntserver", "actors")),
    str(Path(websockets.__file__).parent),  # what judges the frames that the lane leaves alone
)


def features(target: str, data: bytes) -> frozenset[Hashable]:
    """Return what an input reaches: arcs between lines of the product, and what its decoders said."""
    found: set[Hashable] = set()
    last: dict[int, int] = {}

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        code = frame.f_code
        found.add((code.co_filename, last.get(id(frame), 0), frame.f_lineno))
        last[id(frame)] = frame.f_lineno
        return line

    def call(frame: FrameType, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PRODUCT):
            return None
        last.pop(id(frame), None)
        return line

    before = targets.noted
    targets.noted = lambda text: found.add(text)
    sys.settrace(call)
    try:
        targets.TARGETS[target](data)
    finally:
        sys.settrace(None)
        targets.noted = before
    return frozenset(found)


def cover(target: str, held: Iterable[Path], more: Iterable[Path], count: int) -> list[bytes]:
    """Return up to `count` inputs out of `more` that reach most of what `held` does not; the small ones first."""
    known: set[Hashable] = set()
    for path in held:
        known |= features(target, path.read_bytes())
    open_ = {path: features(target, path.read_bytes()) for path in sorted(more, key=lambda p: (p.stat().st_size, p))}
    chosen: list[bytes] = []
    while len(chosen) < count and open_:
        best = max(open_, key=lambda path: len(open_[path] - known))  # the first, so the smallest, of equals
        if not open_[best] - known:
            break
        known |= open_.pop(best)
        chosen.append(best.read_bytes())
    return chosen


def name(data: bytes) -> str:
    """Return an input's file name in the corpus."""
    return hashlib.sha1(data).hexdigest()[:12]
