"""Of a bundle every change is found and named: a byte, a record gone, another order, results that do not follow."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import AsyncIterator, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.log.codec import Done, encode
from huntserver.game.features.authoring import Defined
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claim
from huntserver.proof.bundle import BundleError, write
from huntserver.proof.records import HuntRecord
from huntserver.proof.verifying import Verified, verify
from lab.rigs.game import SMALL, Table

Lines = list[bytes]


def played() -> Table:
    table = Table(SMALL).running("ann", "bob")
    table.guess("wrong")
    table.guess("one")
    table.tick(5)
    table.guess("one", "bob")
    table.send(Claim("coin"), "p:bob")
    table.tick(4000)  # it ends
    return table


def logged(table: Table, change: Callable[[Any], Any] = lambda event: event) -> list[HuntRecord]:
    """Return a table's history as records of a log, with events changed by who runs it."""
    made = []
    for seq, at_ms, events in table.log:
        record = Done("n@0", seq, at_ms, "hunt/h1", seq, "p:ann", "", [change(e) for e in events], msgspec.Raw(b"{}"))
        made.append(HuntRecord(record, encode(record)))
    return made


async def bundle(path: Path, records: list[HuntRecord], **how: Any) -> str:
    async def given() -> AsyncIterator[HuntRecord]:
        for record in records:
            yield record

    return (await write(path, "h1", given(), "0", **how)).head


def wrong(found: Verified) -> dict[str, str]:
    return {f.what: f.text for f in found.findings if not f.holds}


@pytest.fixture
async def written(tmp_path: Path) -> Path:
    await bundle(tmp_path / "h1.bundle", logged(played()))
    return tmp_path / "h1.bundle"


@pytest.mark.parametrize("name", ["h1.bundle", "h1.bundle.gz"])
async def test_a_bundle_holds_and_says_who_won_without_saying_who_played(tmp_path: Path, name: str) -> None:
    path, table = tmp_path / name, played()
    head = await bundle(path, logged(table))
    found = verify(path, receipts={}, head=head)
    assert found.holds, found
    assert (found.records, found.head) == (len(table.log), head)
    body = path.read_bytes()
    lines = (gzip.decompress(body) if name.endswith(".gz") else body).splitlines()
    end = msgspec.json.decode(lines[-1])
    assert [(place, team, score) for place, team, score, *_ in end["standings"]] == [(1, "t2", 22), (2, "t1", 15)]
    assert end["names"] == {"t1": "Ann", "t2": "Bob"}
    assert b"p:ann" not in b"".join(lines)
    assert b"wrong" not in b"".join(lines[:-1]).replace(b'"wrong":', b"")


async def test_a_packed_bundle_with_any_byte_changed_is_no_bundle_or_does_not_hold(tmp_path: Path) -> None:
    path = tmp_path / "h1.bundle.gz"
    await bundle(path, logged(played()))
    whole = path.read_bytes()
    begin = whole.index(b"\0", 10) + 1  # behind the header, whose time and name may be any
    for at in range(begin, len(whole), 3):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :])
        with contextlib.suppress(BundleError):
            assert not verify(path, receipts={}).holds, at


async def test_a_commitment_that_was_shown_before_the_start_is_found_and_another_one_is_not(tmp_path: Path) -> None:
    table = played()
    await bundle(tmp_path / "b", logged(table))
    assert table.state.rest.committed is not None
    ((_, shown),) = table.state.rest.committed.made
    assert verify(tmp_path / "b", receipts={}, commitments=[shown]).holds

    def other_answer(event: Any) -> Any:
        if not isinstance(event, Defined):
            return event
        return msgspec.structs.replace(event, definition=event.definition.replace('"one"', '"two"'))

    await bundle(tmp_path / "other", logged(table, other_answer))
    found = wrong(verify(tmp_path / "other", receipts={}, commitments=[shown]))
    assert found == {f"commitment {shown}": "no definition of this hunt was ever this one"}


async def test_names_are_no_part_of_the_chain_and_may_be_left_out(tmp_path: Path, written: Path) -> None:
    head = await bundle(tmp_path / "other", logged(played()), names=False)
    assert head == verify(written, receipts={}).head
    assert b"Ann" not in (tmp_path / "other").read_bytes()


def changed_byte(lines: Lines) -> Lines:
    return [line.replace(b'"points":15', b'"points":16') for line in lines]


def removed(lines: Lines) -> Lines:
    return lines[:5] + lines[6:]


def swapped(lines: Lines) -> Lines:
    return [*lines[:5], lines[6], lines[5], *lines[7:]]


def other_seal(lines: Lines) -> Lines:
    digit = b"1" if lines[5][83:84] == b"0" else b"0"
    return [*lines[:5], lines[5][:83] + digit + lines[5][84:], *lines[6:]]


def cut(lines: Lines) -> Lines:
    return lines[:-2]


def other_standings(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].replace(b'[1,"t2",22', b'[1,"t2",99')]


def other_digest(lines: Lines) -> Lines:
    end = msgspec.json.decode(lines[-1])
    return [*lines[:-1], msgspec.json.encode({**end, "digest": "0" * 64})]


def garbled(lines: Lines) -> Lines:
    return [*lines[:5], lines[5][:40], *lines[6:]]


@pytest.mark.parametrize(
    ("change", "what", "said"),
    [
        (changed_byte, "chain", "record 8 is not the one that was chained"),
        (removed, "order", "record 5 is missing where 6 follows 4"),
        (swapped, "order", "record 5 stands behind record 6"),
        (other_seal, "chain", "record 5 is not the one that was chained"),
        (cut, "file", "it has no end"),
        (other_standings, "standings", "the bundle has t2 at place 1 with 99 points, 1 solved, the records give t2 at"),
        (other_digest, "state", "the bundle names the digest 000"),
        (garbled, "file", "line 6 is no record's line"),
    ],
)
async def test_what_was_changed_is_said(written: Path, change: Callable[[Lines], Lines], what: str, said: str) -> None:
    lines = written.read_bytes().splitlines()
    written.write_bytes(b"\n".join(change(lines)) + b"\n")
    found = wrong(verify(written, receipts={}))
    assert said in found[what], found
    assert len({"chain", "order"} & set(found)) <= 1, found


async def test_who_writes_the_whole_chain_anew_is_found_by_a_receipt_and_by_the_published_head(
    tmp_path: Path, written: Path
) -> None:
    links = {n: msgspec.json.decode(line)["link"] for n, line in enumerate(written.read_bytes().splitlines()[1:-1], 1)}
    head = verify(written, receipts={8: links[8]}).head
    assert verify(written, receipts={8: links[8]}, head=head).holds

    def more(event: Any) -> Any:
        return msgspec.structs.replace(event, points=500) if isinstance(event, Solved) else event

    await bundle(tmp_path / "forged", logged(played(), more))
    found = wrong(verify(tmp_path / "forged", receipts={8: links[8], 99: links[8]}, head=head))
    assert "the receipt says" in found["receipt 8"]
    assert "there is no record 99" in found["receipt 99"]
    assert "the chain ends in" in found["published head"]
    assert "record 8: t1 solves 'c1' as number 1 for 500 points, the rules give 1 and 15" in found["rules"]


async def test_a_link_is_made_as_the_manual_says(written: Path) -> None:
    """By another program, from the text of docs/host/proof.md alone."""
    link = sha256(b"huntserver chain 1 h1").digest()
    for line in written.read_bytes().splitlines()[1:-1]:
        given = msgspec.json.decode(line)
        public = line[line.index(b'"record":') + 9 : -1]
        link = sha256(link + sha256(public).digest() + bytes.fromhex(given["seal"])).digest()
        assert link.hex() == given["link"]


@pytest.mark.parametrize("body", [b"", b"{}", b"\x1f\x8b not", b'{"bundle":2,"hunt":"h","made_by":"1"}\n', b"\xff\n"])
def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x").write_bytes(body)
    with pytest.raises(BundleError):
        verify(tmp_path / "x", receipts={})
