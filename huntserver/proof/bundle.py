"""A bundle: a hunt's public records, chained, with the standings and the state that they lead to, in one file.

JSON lines, packed by gzip where the name ends in `.gz`: a head, a line a record, an end. Written and read line by line,
so that a hunt of a million guesses needs no more memory than its state.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from huntserver.game.event import Author
from huntserver.game.features.erasing import Erased
from huntserver.game.state import Hunt
from huntserver.game.vault import GONE, nameless
from huntserver.proof.chain import RecordChain, sealed
from huntserver.proof.public import NAMING, Redactor, decoded
from huntserver.proof.records import HuntRecord
from huntserver.proof.replaying import PlaceRow, PublicReplay

FORMAT: Final = 1
LINE_BYTES_MAX: Final = 4 << 20
"""A record is 800 KB at most in any log; a line has its JSON once, and two digests."""
_MAGIC: Final = b"\x1f\x8b"
_TEMPLATE: Final = b'{"link":"%s","seal":"%s","record":%s}\n'
_LINK, _SEAL, _RECORD = 9, 83, 158  # where the parts of such a line begin
_LINE: Final = (b'{"link":"', b'","seal":"', b'","record":')


class BundleError(Exception):
    """The file is no bundle, or one of another format; the text says which and what to do."""


class BundleHead(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line. `bundle` is the format's version, `made_by` the server's."""

    bundle: int
    hunt: str
    made_by: str


class BundleEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line: what the records lead to, as who wrote the bundle has it. `names` are of teams, by id, and are no
    part of the chain: they go when a person asks for it."""

    end: int
    head: str
    digest: str
    standings: list[PlaceRow]
    names: dict[str, str]


class BundleLine(NamedTuple):
    """A record's line: its link as written there (hex), its seal, and the bytes of its public record."""

    link: str
    seal: bytes
    public: bytes


class Written(NamedTuple):
    """What was written: records, the chain's last link, and the hunt's state without persons."""

    records: int
    head: str
    state: Hunt


class _Names:
    """What teams are called, folded from the records as they are in the log."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def take(self, event: Any) -> None:
        if isinstance(event, Erased):
            self.of.update({team: nameless(team) for team in event.teams})
        if event.__struct_config__.tag not in NAMING:
            return
        who: Author = event.personal
        if GONE in (who.team_sealed, who.sealed) and not (who.team_name or who.name):
            self.of.setdefault(event.team, nameless(event.team))
        elif who.team_name or event.team not in self.of:
            self.of[event.team] = who.team_name or who.name


async def write(
    path: Path,
    hunt: str,
    records: AsyncIterator[HuntRecord],
    made_by: str,
    *,
    names: bool = True,
    refuse: Callable[[Hunt], None] = lambda state: None,
) -> Written:
    """Write a bundle. Raises what `refuse` raises of the state at the end; a file that is not whole is removed.

    Raises ValueError if there are no records.
    """
    part = path.with_name(path.name + ".part")
    chain, replay, called = RecordChain(hunt), PublicReplay(hunt), _Names()
    try:
        with _opened(part, path) as out:
            out.write(msgspec.json.encode(BundleHead(FORMAT, hunt, made_by)) + b"\n")
            redactor: Redactor | None = None
            async for record, body in records:
                redactor = redactor or Redactor.of(record)
                public, seal = redactor.record(record), sealed(body)
                link = chain.add(public, seal)
                out.write(_TEMPLATE % (link.hex().encode(), seal.hex().encode(), public))
                replay.apply(decoded(public))
                for event in record.events:
                    called.take(event)
            if redactor is None:
                raise ValueError(f"no hunt {hunt!r}")
            refuse(replay.state)
            told = {id: name for id, name in called.of.items() if names and not replay.state.teams[id].is_dissolved}
            end = BundleEnd(chain.pos, chain.link.hex(), replay.digest(), replay.standings(), told)
            out.write(msgspec.json.encode(end) + b"\n")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return Written(chain.pos, chain.link.hex(), replay.state)


def _opened(part: Path, path: Path) -> Any:
    if path.suffix == ".gz":
        return gzip.open(part, "wb", compresslevel=3)
    return part.open("wb")


class BundleReader:
    """Reads a bundle: its head at once, then its records' lines, then `end` is known. A context manager.

    Raises `BundleError` for what is no bundle, OSError for what cannot be read.
    """

    def __init__(self, path: Path) -> None:
        raw = path.open("rb")
        packed = raw.peek(2)[:2] == _MAGIC
        self._file: io.BufferedIOBase = gzip.GzipFile(fileobj=raw) if packed else raw
        self._raw = raw
        self.end: BundleEnd | None = None
        try:
            self.head = _head(self._line())
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> BundleReader:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._raw.close()

    def _line(self) -> bytes:
        try:
            line = self._file.readline(LINE_BYTES_MAX + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise BundleError(f"cannot be unpacked: cut short, or damaged ({error})") from error
        if len(line) > LINE_BYTES_MAX:
            raise BundleError(f"a line of over {LINE_BYTES_MAX} bytes: not a bundle, or damaged")
        return line

    def lines(self) -> Iterator[BundleLine | str]:
        """Yield the lines of records; for one that is none, what is wrong with it. Sets `end` at the last line."""
        number = 1
        while line := self._line():
            number += 1
            if line.startswith(b'{"end":'):
                try:
                    self.end = msgspec.json.decode(line, type=BundleEnd)
                except msgspec.DecodeError as error:
                    yield f"line {number} is no end of a bundle: {error}"
                    return
                if self._line():
                    yield f"line {number + 1}: something follows the end"
                return
            parsed = parsed_line(line)
            yield parsed if parsed is not None else f"line {number} is no record's line"


def _head(line: bytes) -> BundleHead:
    try:
        head = msgspec.json.decode(line, type=BundleHead)
    except msgspec.DecodeError as error:
        raise BundleError(f"not a bundle: its first line is no head ({error})") from error
    if head.bundle != FORMAT:
        raise BundleError(f"a bundle of format {head.bundle}; this version reads {FORMAT}")
    return head


def parsed_line(line: bytes) -> BundleLine | None:
    """Return the parts of a record's line, or None for what is none. The inverse of how it is written."""
    marks = (line[:_LINK], line[_LINK + 64 : _SEAL], line[_SEAL + 64 : _RECORD])
    if marks != _LINE or not line.endswith(b"}\n"):
        return None
    try:
        link, seal = line[_LINK : _LINK + 64].decode(), bytes.fromhex(line[_SEAL : _SEAL + 64].decode())
        return BundleLine(link, seal, line[_RECORD:-2])
    except ValueError:
        return None
