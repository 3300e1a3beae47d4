"""A bundle replayed by somebody who has nothing else: what of it holds, and what exactly does not. Never writes."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from huntserver.game.state import Hunt
from huntserver.proof.bundle import BundleEnd, BundleLine, BundleReader
from huntserver.proof.chain import RecordChain
from huntserver.proof.public import PublicRecord, decoded
from huntserver.proof.replaying import PublicReplay
from huntserver.proof.ruling import WON, broken

SHOWN_MAX: Final = 5
"""Faults of one kind that are told; more are counted."""


class ProofFinding(msgspec.Struct, frozen=True):
    """One thing that was looked at: `holds`, what it is, and how it is, or what is wrong with it."""

    holds: bool
    what: str
    text: str


class Verified(msgspec.Struct, frozen=True):
    """What came of it. `head` is the chain's last link as it was computed."""

    hunt: str
    records: int
    head: str
    findings: list[ProofFinding]

    @property
    def holds(self) -> bool:
        """Whether everything does."""
        return all(f.holds for f in self.findings)


class _Faults:
    """Faults of one kind."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.count = 0

    def add(self, text: str) -> None:
        self.count += 1
        if len(self.told) < SHOWN_MAX:
            self.told.append(text)

    def finding(self, what: str, fine: str) -> ProofFinding:
        more = f"; and {self.count - len(self.told)} more" if self.count > len(self.told) else ""
        return ProofFinding(not self.count, what, "; ".join(self.told) + more if self.count else fine)


class _Pass(NamedTuple):
    """What one reading gathers."""

    lines: _Faults
    order: _Faults
    links: _Faults
    rules: _Faults
    receipts: dict[int, str]


class _Reading:
    """One reading of a bundle's records."""

    def __init__(self, reader: BundleReader, receipts: Mapping[int, str]) -> None:
        self._reader = reader
        self._wanted = receipts
        self.chain = RecordChain(reader.head.hunt)
        self.replay = PublicReplay(reader.head.hunt)
        self.found = _Pass(_Faults(), _Faults(), _Faults(), _Faults(), {})
        self.stopped = ""  # why the replay went no further
        self.won = self.last_ms = self._pos = self._missing = 0
        self._parted = False  # the line before stood where it does not belong

    def run(self) -> None:
        for line in self._reader.lines():
            if isinstance(line, str):
                self.found.lines.add(line)
            else:
                self._take(line)

    def _take(self, line: BundleLine) -> None:
        try:
            record = decoded(line.public)
        except (ValueError, RecursionError) as error:
            self.found.links.add(f"record {self.chain.pos + 1} is none that this version knows ({error})")
            self._go_on(line)
            self._pos += 1
            self._stop(self._pos)
            return
        follows = self._in_order(record)
        link = self._go_on(line)
        if follows and link != line.link and not self._parted:
            self.found.links.add(
                f"record {record.pos} is not the one that was chained: it, its seal or its link changed"
            )
        if record.pos in self._wanted:
            self.found.receipts[record.pos] = link
        self._parted = not follows
        if not follows:
            self._stop(record.pos)
        if not self.stopped:
            self._replay(record)

    def _go_on(self, line: BundleLine) -> str:
        """Go on by a record from the link that is written before it; return the link that is due."""
        link = self.chain.add(line.public, line.seal).hex()
        if link != line.link:
            self.chain.link = bytes.fromhex(line.link) if _is_hex(line.link) else self.chain.link
        return link

    def _in_order(self, record: PublicRecord) -> bool:
        before, self._pos = self._pos, max(self._pos, record.pos)
        if record.pos == before + 1:
            return True
        if record.pos > before + 1:
            self._missing = before + 1
            missing = (
                f"record {before + 1} is"
                if record.pos == before + 2
                else f"records {before + 1} to {record.pos - 1} are"
            )
            self.found.order.add(f"{missing} missing where {record.pos} follows {before}")
        elif record.pos == self._missing:
            self.found.order.add(f"record {record.pos} stands behind record {before}")
        else:
            self.found.order.add(f"record {record.pos} stands behind record {before}, or twice")
        return False

    def _stop(self, pos: int) -> None:
        self.stopped = self.stopped or f"not replayed from record {pos} on"

    def _replay(self, record: PublicRecord) -> None:
        if record.at < self.last_ms:
            self.found.order.add(f"record {record.pos} is older than the one before it")
        self.last_ms = record.at
        try:
            self.replay.apply(record, self._judge)
        except Exception as error:  # whatever the rules raise: a bundle may hold anything
            self.found.rules.add(f"record {record.pos} does not fit what is before it ({error!r})")
            self._stop(record.pos)

    def _judge(self, state: Hunt, event: Any, record: PublicRecord) -> None:
        if isinstance(event, WON):
            self.won += 1
            why = broken(state, event, record)
            if why:
                self.found.rules.add(f"record {record.pos}: {why}")


def _is_hex(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 32
    except ValueError:
        return False


def verify(path: Path, *, receipts: Mapping[int, str], head: str = "", commitments: Collection[str] = ()) -> Verified:
    """Replay a bundle. `receipts`: links by number of record (hex), as teams were told them; `head`: the chain's last
    link as it was published; `commitments`: as they were shown. Raises `BundleError`, OSError."""
    with BundleReader(path) as reader:
        reading = _Reading(reader, receipts)
        reading.run()
        findings = [*_chain_findings(reading, reader.end), *_told_findings(reading, receipts, head)]
        findings += _commitment_findings(reading, commitments)
        findings += _result_findings(reading, reader.end)
        return Verified(reader.head.hunt, reading.chain.pos, reading.chain.link.hex(), findings)


def _chain_findings(reading: _Reading, end: BundleEnd | None) -> list[ProofFinding]:
    found, chain = reading.found, reading.chain
    if end is None:
        found.lines.add("it has no end: it is cut short")
    elif end.head != chain.link.hex() or (end.end != chain.pos and not found.order.count):
        found.links.add(f"the end names {end.end} records and the link {end.head}; these are {chain.pos}")
    return [
        found.lines.finding("file", "whole"),
        found.order.finding("order", f"records 1 to {chain.pos}, none left out"),
        found.links.finding("chain", f"every record is the one that was chained, head {chain.link.hex()}"),
    ]


def _told_findings(reading: _Reading, receipts: Mapping[int, str], head: str) -> list[ProofFinding]:
    found = []
    for pos, wanted in sorted(receipts.items()):
        link = reading.found.receipts.get(pos)
        if link is None:
            found.append(ProofFinding(False, f"receipt {pos}", f"there is no record {pos}"))
        else:
            fine = link == wanted.lower()
            said = "record and link are in the chain" if fine else f"the link is {link}, the receipt says {wanted}"
            found.append(ProofFinding(fine, f"receipt {pos}", said))
    if head:
        fine = head.lower() == reading.chain.link.hex()
        said = "the chain ends in it" if fine else f"the chain ends in {reading.chain.link.hex()}"
        found.append(ProofFinding(fine, "published head", said))
    return found


def _commitment_findings(reading: _Reading, shown: Collection[str]) -> list[ProofFinding]:
    """Say when definitions were committed to, computed from the secret and the texts; compare with what was shown."""
    committed = reading.replay.state.rest.committed
    made = committed.made if committed is not None else []
    found = []
    if made:
        when = ", ".join(f"{value} at {_utc(at_ms)}" for at_ms, value in made)
        found.append(ProofFinding(True, "commitments", when))
    for value in shown:
        fine = value.lower() in {known for _, known in made}
        said = "the definition of then" if fine else "no definition of this hunt was ever this one"
        found.append(ProofFinding(fine, f"commitment {value}", said))
    return found


def _utc(at_ms: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))


def _result_findings(reading: _Reading, end: BundleEnd | None) -> list[ProofFinding]:
    found, replay = reading.found.rules, reading.replay
    made = [found.finding("rules", f"{reading.won} solves and claims have the ranks and points that the rules give")]
    if reading.stopped or end is None:
        return [*made, ProofFinding(False, "standings", reading.stopped or "the bundle names none")]
    due, said = replay.standings(), end.standings
    wrong = _Faults()
    for given, right in zip(said, due, strict=False):
        if given != right:
            wrong.add(f"the bundle has {given}, the records give {right}")
    if len(said) != len(due):
        wrong.add(f"the bundle has {len(said)} teams, the records give {len(due)}")
    made.append(wrong.finding("standings", f"{len(due)} teams stand as the records give it"))
    digest = replay.digest()
    fine = digest == end.digest
    text = f"digest {digest}" if fine else f"the bundle names the digest {end.digest}, the records give {digest}"
    return [*made, ProofFinding(fine, "state", text)]
