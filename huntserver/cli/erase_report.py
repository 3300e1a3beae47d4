"""What `huntserver erase` says: what it would erase, and what is left of a person in each place."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from huntserver.config import Config, log_url
from huntserver.game.vault import ERASED
from huntserver.privacy.ring import KeyRing
from huntserver.privacy.traces import Traces
from huntserver.projections.store import StoreError
from huntserver.projections.stores import chosen

WORD_MIN: Final = 4
"""Shorter words stand in any file by chance."""
CHUNK_BYTES: Final = 8 << 20
OVERLAP_BYTES: Final = 4096


class Findings(NamedTuple):
    """What is left in one place, in words; "": nothing. `is_hint`: it may be another one's, so it is only shown."""

    where: str
    left: str
    is_hint: bool = False


def plan_lines(person: str, found: Traces, ring: KeyRing | None) -> Iterator[str]:
    """Yield what an erasure would do, a line each."""
    if not found.hunts:
        yield f"the log holds nothing of {person}"
        return
    yield f"{person} is in {len(found.hunts)} hunts:"
    for trace in found.in_order():
        done = "" if trace.open else ", erased already"
        yield (
            f"  {trace.hunt}: {trace.records} records; what is personal in them: {trace.sealed} readable until the key "
            f"goes, {trace.gone} not, {trace.plain} from before anything was sealed; {len(trace.photos)} photos{done}"
        )
        if trace.teams:
            yield f"  {trace.hunt}: with the player go the names of {', '.join(trace.teams)}"
    if ring is None:
        yield "no key ring is here: names go out of the server, what stands in the log cannot be made unreadable"
    yield "points, solves and places stay, and so does the id, as a pseudonym; who is signed in is signed out"


def remains(person: str, found: Traces, ring: KeyRing | None) -> Iterator[Findings]:
    """Yield what is left in the log, the states of hunts, and the keys."""
    plain = sum(trace.plain for trace in found.hunts.values())
    readable = sum(trace.sealed for trace in found.hunts.values())
    left = []
    if readable:
        left.append(f"{readable} records can be opened: the key is there")
    if plain:
        left.append(f"{plain} records from before anything was sealed; an append-only log cannot change them")
    yield Findings("log", "; ".join(left))
    still = [trace.hunt for trace in found.in_order() if trace.open]
    yield Findings("states", f"not erased in {', '.join(still)}" if still else "")
    if ring is None:
        yield Findings("keys", "no key ring is here: nothing was sealed")
        return
    holders = [person, *(holder for trace in found.hunts.values() for holder in trace.holders)]
    there = sum(not ring.is_destroyed(holder) for holder in holders)
    yield Findings("keys", f"{there} of {len(holders)} can still be made with this node's ring" if there else "")


def look_at_models(made: Config, person: str) -> str:
    """Return what the read models call a person, in words; "": nothing, or that they were erased; "none": there are no
    read models. Blocks."""
    if not made.projections.store:
        return "none"
    store = chosen(made.projections.store)
    try:
        store.look()
        rows = store.query("SELECT named FROM players WHERE player = ?", person.partition(":")[2])
    except StoreError as error:
        return "none" if "no read models yet" in str(error) else f"cannot be asked: {error}"
    finally:
        store.close()
    names = [str(row["named"]).partition(" ")[2] for row in rows]
    return "a name is there" if any(name not in ("", ERASED) for name in names) else ""


def tidy_models(made: Config) -> None:
    """Let the read models go of the bytes of names that were there. Blocks."""
    store = chosen(made.projections.store)
    with contextlib.suppress(StoreError):  # what is left is found by the check, and said
        store.open()
        store.tidy()
    store.close()


def look_for_words(made: Config, words: Iterable[str]) -> Iterator[Findings]:
    """Yield the files of this machine in which one of the words stands. Reads them whole. Blocks."""
    wanted = [word.encode() for word in words if len(word) >= WORD_MIN]
    if not wanted:
        return
    for path in _files(made):
        count = _count(path, wanted)
        if count:
            yield Findings("files", f"{path}: such a word stands in it {count} times; see whether it is theirs", True)


def _files(made: Config) -> Iterator[Path]:
    stores = [made.projections.store.partition(":")[2]] if made.projections.store.startswith("sqlite:") else []
    scheme, rest = log_url(made.log.url)
    stores += [rest] if scheme == "sqlite" else []
    seen = [Path(f"{path}{end}") for path in stores for end in ("", "-wal")]
    seen += sorted(Path(made.data.dir).glob("dormant-*")) + sorted((Path(made.data.dir) / "webhooks").glob("*"))
    yield from (path for path in seen if path.is_file())


def _count(path: Path, wanted: list[bytes]) -> int:
    count, kept = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            body = kept + chunk
            count += sum(body.count(word) for word in wanted)
            kept = body[-min(OVERLAP_BYTES, min(map(len, wanted)) - 1) :]
    return count
