"""What is personal in an event: sealed before it is written, opened where it is needed. Pure.

The log holds `personal` sealed under the key of the person it is about: the player that a host's event names, else who
did it; what hosts write about themselves is theirs to keep (ADR 0022). Once a key is destroyed, what was sealed under
it is `GONE`: the fold goes on with neutral names, and comes to the same state as one that can still read everything, as
soon as the hunt's `Erased` is folded (`features.erasing`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from actors.entity import Push
from huntserver.game.event import Author
from huntserver.game.features.completing import PartSolved
from huntserver.game.features.guessing import Guessed, replay_guessed
from huntserver.game.features.handing_in import Picture
from huntserver.game.features.missing import TriedInVain
from huntserver.game.features.solving import Solved
from huntserver.game.features.treasures import Claimed
from huntserver.game.state import Hunt
from huntserver.game.vault import GONE, Vault, team_holder

STAYS_SEALED: Final = frozenset({Guessed, TriedInVain, Solved, PartSolved, Claimed})
"""Events of which the state needs who did it, and nothing that they wrote: nearly all records, so they are not opened
when they are folded."""
TEXT_SHOWN: Final = frozenset({Solved, PartSolved})
"""Of those, what hosts may be shown the text of: answers to a survey."""

_encode: Final = msgspec.json.Encoder().encode
_decoders: Final = {of: msgspec.json.Decoder(of).decode for of in (Author, Picture)}
_NOTHING: Final = b"{}"


def holder_of(event: Any) -> str:
    """Return whose key seals what is personal in an event; "" for what is not sealed."""
    player = getattr(event, "player", "") or event.personal.by
    return player if player.startswith("p:") else ""


def sealed(vault: Vault, state: Hunt, events: Sequence[Any]) -> Sequence[Any]:
    """Return a record's events as they are written."""
    event = events[0]
    if event.__class__ is Guessed:  # nearly all records
        who = event.personal
        by = who.by
        kept = vault.seal(by, who.text.encode()) or GONE
        return (
            Guessed(
                event.team, event.clue, event.verdict, event.mark,
                Author(by, "", "", "", None, None, kept), event.wait_ms, event.part,
            ),
        )  # fmt: skip
    return [_sealed(vault, state, event) for event in events]


def _sealed(vault: Vault, state: Hunt, event: Any) -> Any:
    personal = getattr(event, "personal", None)
    if personal is None:
        return event
    made = personal
    if personal.team_name:
        times = state.rest.nameless.get(event.team, 0)
        kept = vault.seal(team_holder(state.id, event.team, times), personal.team_name.encode()) or GONE
        made = msgspec.structs.replace(made, team_name="", team_sealed=f"{kept}~{times}" if times else kept)
    holder = holder_of(event)
    if holder:
        plain = _encode(msgspec.structs.replace(personal, by="", team_name=""))
        if plain != _NOTHING:
            kept = vault.seal(holder, plain) or GONE
            made = type(personal)(by=personal.by, team_sealed=made.team_sealed, sealed=kept)
    return event if made is personal else msgspec.structs.replace(event, personal=made)


def opened(vault: Vault, hunt: str, event: Any) -> Any:
    """Return an event with what is personal in it, as far as its keys are there; with `GONE` in the place of the rest.

    Raises ValueError for what no key of the vault sealed.
    """
    personal = getattr(event, "personal", None)
    if personal is None or not (personal.sealed or personal.team_sealed):
        return event
    made = personal
    if personal.sealed and personal.sealed != GONE:
        plain = vault.open(holder_of(event), personal.sealed)
        if plain is None:
            made = msgspec.structs.replace(made, sealed=GONE)
        elif event.__class__ is Guessed:
            made = Author(personal.by, plain.decode())
        else:
            of = type(personal)
            made = msgspec.structs.replace(
                _decoders[of](plain), by=personal.by, team_name=personal.team_name, team_sealed=personal.team_sealed
            )
    if made.team_sealed and made.team_sealed != GONE:
        text, _, times = made.team_sealed.partition("~")
        name = vault.open(team_holder(hunt, event.team, int(times or 0)), text)
        told = {"team_name": name.decode(), "team_sealed": ""} if name is not None else {"team_sealed": GONE}
        made = msgspec.structs.replace(made, **told)
    return msgspec.structs.replace(event, personal=made)


class SealedFold:
    """The fold of a log in which what is personal is sealed: it opens what the state or a push needs, and no more."""

    def __init__(
        self,
        vault: Vault,
        apply: Callable[[Hunt, Any, int, int], None],
        pushes: Callable[[Hunt, Sequence[Any], int, int], Sequence[Push]],
    ) -> None:
        self._vault = vault
        self._apply = apply
        self._pushes = pushes

    def apply(self, state: Hunt, event: Any, seq: int, at_ms: int) -> None:
        """Change the state by one event of the record with the hunt's seq `seq`, written at `at_ms`."""
        if event.__class__ not in STAYS_SEALED:
            event = opened(self._vault, state.id, event)
        self._apply(state, event, seq, at_ms)

    def pushes(self, state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Return the record's pushes; those of wrong guesses as they are in the log (see `readable`)."""
        event = events[0]
        if event.__class__ is Guessed:
            if event.verdict == "partial":
                events = (opened(self._vault, state.id, event),)
        else:
            hunt = state.id
            events = [
                opened(self._vault, hunt, e) if e.__class__ not in STAYS_SEALED or e.__class__ in TEXT_SHOWN else e
                for e in events
            ]
        return self._pushes(state, events, seq, at_ms)

    def replay_guessed(self, state: Hunt, events: Sequence[Any], seq: int, at_ms: int) -> Sequence[Push]:
        """Apply the record of a guess that solved nothing and return its push: of a wrong one nothing is opened."""
        if events[0].verdict != "partial":
            return replay_guessed(state, events, seq, at_ms)
        self.apply(state, events[0], seq, at_ms)
        return self.pushes(state, events, seq, at_ms)

    def readable(self, hunt: str, pushes: Sequence[Push]) -> Sequence[Push]:
        """Return pushes of the log's last records as they are shown."""
        return [
            Push(p.channel, p.prev, [_shown(opened(self._vault, hunt, e)) for e in p.events], p.told, p.state, p.parted)
            if any(e.__class__ is Guessed for e in p.events)
            else p
            for p in pushes
        ]


def recent(state: Hunt) -> list[tuple[int, Any]]:
    """Return the youngest guesses that were not right, with their times, as far as they can be read."""
    return [(at_ms, as_read(state, event)) for at_ms, event in state.recent]


def as_read(state: Hunt, event: Any) -> Any:
    """Return an event of a guess as far as it can be read."""
    return event if state.vault is None else _shown(opened(state.vault, state.id, event))


def _shown(event: Any) -> Any:
    return msgspec.structs.replace(event, personal=Author(event.personal.by)) if event.personal.sealed else event
