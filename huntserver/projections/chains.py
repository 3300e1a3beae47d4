"""The chain of every hunt, kept up to the log: links of solves and claims, which are a team's receipts.

Owns the chains' memory between two commits; what is committed is taken up from the store after any fault. The only
read model in which a record's change rests on the record before it: those of one hunt come in the log's order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from actors.log.codec import Done
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claimed
from huntserver.projections.tables import KEEP, SET, Changes, Column, ModelTable
from huntserver.proof.chain import RecordChain, sealed
from huntserver.proof.public import Redactor

CHAINS: Final = ModelTable(
    "chains",
    (("hunt", "TEXT"),),
    (
        Column("pos", "BIGINT", SET),
        Column("link", "TEXT", SET),
        Column("secret", "TEXT", KEEP),
        Column("at_ms", "BIGINT", SET),
    ),
)
"""How far each hunt's chain is: its last record, the link there, and the key of the pseudonyms."""
LINKS: Final = ModelTable(
    "links", (("hunt", "TEXT"), ("pos", "BIGINT")), (Column("link", "TEXT", SET), Column("at_ms", "BIGINT", SET))
)
"""The links of records in which something was solved or claimed."""
LOAD: Final = "SELECT hunt, pos, link, secret FROM chains"


class HuntChains:
    """The chains as of what was folded. `rows`: what `LOAD` gives."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._of = {
            row["hunt"]: (
                RecordChain(row["hunt"], row["pos"], bytes.fromhex(row["link"])),
                Redactor(bytes.fromhex(row["secret"])),
            )
            for row in rows
        }

    def take(self, changes: Changes, record: Done, body: bytes) -> None:
        """Go on by a record that counts, as it lies in the log. A hunt whose beginning is not there has no chain."""
        kind, _, hunt = record.entity.partition("/")
        if kind != "hunt":
            return
        if record.pos == 1:
            self._of[hunt] = (RecordChain(hunt), Redactor.of(record))
        known = self._of.get(hunt)
        if known is None or known[0].pos != record.pos - 1:
            return
        chain, redactor = known
        link = chain.add(redactor.record(record), sealed(body)).hex()
        changes.put("chains", (hunt,), pos=record.pos, link=link, secret=redactor.key.hex(), at_ms=record.at)
        for event in record.events:
            if isinstance(event, Solved | Claimed):
                changes.put("links", (hunt, record.pos), link=link, at_ms=record.at)
            if isinstance(event, Solved):
                changes.put("solves", (hunt, event.team, event.clue), pos=record.pos, link=link)
