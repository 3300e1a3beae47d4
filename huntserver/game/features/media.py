"""Media of a hunt as the log knows them: name, digest, size and the key of the address. The bytes lie in a store. Pure.

A medium is stored first and added then, so what a hunt holds can be served. While a published hunt's texts name a
medium it is neither replaced nor taken away: whoever has the text would be left with an address of nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actors.entity import Context, Decision, Rejected
from huntserver.game.command import HostCommand, Query
from huntserver.game.event import HostEvent
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes
from huntserver.game.media import ENDINGS, NAME, Medium, address, ending, named, references, shown
from huntserver.game.permission import act, not_host
from huntserver.game.state import Hunt, Phase

MEDIA_MAX: Final = 500
BYTES_MAX: Final = 1024 * 1024 * 1024
"""Of all media of a hunt together."""


class AddMedium(HostCommand, tag="add_medium", frozen=True):
    """Add a medium whose bytes are stored, or put other bytes under its name."""

    name: str
    digest: str
    bytes: int
    type: str
    key: str
    width: int = 0
    height: int = 0


class RemoveMedium(HostCommand, tag="remove_medium", frozen=True):
    """Take a medium out of the hunt; not one that a published hunt's texts name."""

    name: str


class MediumAdded(HostEvent, tag="medium_added", frozen=True, gc=False):
    """The hunt holds a medium."""

    name: str
    medium: Medium


class MediumRemoved(HostEvent, tag="medium_removed", frozen=True, gc=False):
    """The hunt does not hold a medium any more."""

    name: str


class MediaQuery(Query, tag="media", frozen=True):
    """The media of a hunt, with their addresses. Hosts only."""


class MediumView(msgspec.Struct, frozen=True):
    """A medium; `address` is relative to the site. `used`: a text of the definition names it."""

    name: str
    bytes: int
    type: str
    address: str
    used: bool


class MediaView(msgspec.Struct, frozen=True):
    """The media of a hunt by name, and the names of those that its texts name and it lacks."""

    media: list[MediumView]
    missing: list[str]


class MediumQuery(Query, tag="medium", frozen=True):
    """Which bytes lie under a key: asked by whoever knows it."""

    key: str


class StoredMedium(msgspec.Struct, frozen=True):
    """What to serve; an empty `digest`: nothing lies there."""

    digest: str = ""
    bytes: int = 0
    type: str = ""


def said(state: Hunt, text: str) -> str | Rejected:
    """Return what a host tells players as it is shown: with the addresses of the media that it names."""
    held = state.rest.media
    lacking = next((name for name in named(text) if name not in held), None)
    if lacking is not None:
        return Rejected("no_such_medium", f"the hunt has no medium {lacking!r}; upload it first")
    return shown(text, {name: address(state.id, name, medium) for name, medium in held.items()})


def add(state: Hunt, command: AddMedium, ctx: Context) -> Decision | Rejected:
    """Add a medium."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if not NAME.fullmatch(command.name) or ending(command.name) not in ENDINGS.get(command.type, ()):
        return Rejected("bad_field", f"{command.name[:80]!r} is no name for {command.type[:40]!r}")
    held = state.rest.media
    old = held.get(command.name)
    if old is not None and old.digest == command.digest:  # the same again: it stays where it is
        return _added(command, old, ctx)
    if old is not None and _in_use(state, command.name):
        what = "a text of the published hunt shows it; upload this one under another name and amend the text"
        return Rejected("wrong_phase", f"{command.name}: {what}", retry=True)
    if old is None and len(held) >= MEDIA_MAX:
        return Rejected("too_large", f"the hunt has {len(held)} media, allowed are {MEDIA_MAX}; remove one")
    sum_ = sum(m.bytes for name, m in held.items() if name != command.name) + command.bytes
    if sum_ > BYTES_MAX:
        return Rejected("too_large", f"the hunt's media would have {sum_} bytes, allowed are {BYTES_MAX}")
    medium = Medium(command.digest, command.bytes, command.type, command.key, command.width, command.height)
    return _added(command, medium, ctx)


def _added(command: AddMedium, medium: Medium, ctx: Context) -> Decision:
    answer = {"name": command.name, "bytes": medium.bytes, "type": medium.type}
    return Decision((MediumAdded(command.name, medium, personal=act(ctx, command)),), answer)


def remove(state: Hunt, command: RemoveMedium, ctx: Context) -> Decision | Rejected:
    """Take a medium out of the hunt."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if command.name not in state.rest.media:
        return Rejected("no_such_medium", f"the hunt has no medium {command.name[:80]!r}")
    if _in_use(state, command.name):
        return Rejected("wrong_phase", f"{command.name}: a text of the published hunt shows it; amend that first", True)
    return Decision((MediumRemoved(command.name, personal=act(ctx, command)),), {})


def _in_use(state: Hunt, name: str) -> bool:
    if state.phase is Phase.DRAFT:
        return False
    return name in references(state.definition)


def media(state: Hunt, query: MediaQuery, ctx: Context) -> MediaView | Rejected:
    """Answer a `MediaQuery`."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    used, held = references(state.definition), state.rest.media
    return MediaView(
        [MediumView(n, m.bytes, m.type, address(state.id, n, m), n in used) for n, m in sorted(held.items())],
        [name for name in used if name not in held],
    )


def medium(state: Hunt, query: MediumQuery, ctx: Context) -> StoredMedium:
    """Answer a `MediumQuery`."""
    found = next((m for m in state.rest.media.values() if m.key == query.key), None)
    return StoredMedium() if found is None else StoredMedium(found.digest, found.bytes, found.type)


def _apply_added(state: Hunt, event: MediumAdded, at_ms: int) -> None:
    state.hold_media(state.rest.media | {event.name: event.medium})


def _apply_removed(state: Hunt, event: MediumRemoved, at_ms: int) -> None:
    state.hold_media({name: medium for name, medium in state.rest.media.items() if name != event.name})


FEATURE: Final = Feature(
    takes=(Takes(AddMedium, add, SentBy.HTTP), Takes(RemoveMedium, remove, SentBy.HOST)),
    makes=(Makes(MediumAdded, _apply_added), Makes(MediumRemoved, _apply_removed)),
    answers=(AnswersTo(MediaQuery, media, MediaView), AnswersTo(MediumQuery, medium, StoredMedium, wire=False)),
)
