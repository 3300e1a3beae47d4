"""How a hunt comes to be: made, given its definition, published. Pure."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from actors.entity import Context, Decision, Rejected
from huntserver.game.command import Command, HostCommand
from huntserver.game.definition.file import DEFINITION_BYTES_MAX
from huntserver.game.definition.rewritten import BOTH_BYTES_MAX, WRITTEN_BYTES_MAX
from huntserver.game.definition.shape import source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.event import GameEvent
from huntserver.game.feature import Feature, Makes, SentBy, Takes
from huntserver.game.features.amending import Existing, amended, conflict
from huntserver.game.media import references
from huntserver.game.permission import HOSTS, act, not_host
from huntserver.game.state import Hunt, Phase

PROBLEMS_SHOWN: Final = 20


class Create(Command, tag="create", frozen=True):
    """Make a hunt, owned by the sender. Its id is the envelope's `hunt`, or a hash of (sender, key)."""


class Define(HostCommand, tag="define", frozen=True):
    """Give the hunt its definition, JSON text in normal form (at most 640 KiB).

    A draft's earlier one is replaced, a published hunt's amended; `existing` says what happens to what teams have done.
    `base`: digest of the definition that this one was made from; refused as `conflict` if the hunt has another by now.
    `written`: the TOML that it was read of, as its author wrote it, "" for none.
    """

    definition: str
    existing: Existing = "keep"
    base: str = ""
    written: str = ""


class Created(GameEvent, tag="created", frozen=True, gc=False):
    """The hunt exists, owned by `owner`."""

    owner: str


class Defined(GameEvent, tag="defined", frozen=True, gc=False):
    """Its definition: JSON text in normal form, the blake2b digest of it, and the TOML that it was read of, if any."""

    digest: str
    definition: str
    written: str = ""


def create(state: Hunt, command: Any, ctx: Context) -> Decision | Rejected:
    """Make the hunt."""
    if state.phase is not Phase.NONE:
        return Rejected("hunt_exists", "a hunt with this id exists already")
    if ctx.role not in HOSTS:
        return Rejected("not_allowed", "only hosts create hunts")
    return Decision((Created(ctx.by),), {"phase": "draft"})


def define(state: Hunt, command: Define, ctx: Context) -> Decision | Rejected:
    """Take a checked definition."""
    refused = not_host(state, ctx)
    if refused is not None:
        return refused
    if len(command.definition) > DEFINITION_BYTES_MAX:
        return Rejected("too_large", f"{len(command.definition)} characters, allowed are {DEFINITION_BYTES_MAX} bytes")
    overtaken = conflict(state, command.base)
    if overtaken is not None:
        return overtaken
    if state.phase is not Phase.DRAFT:
        author, written = act(ctx, command), kept_text(command)
        return amended(state, command.definition, command.existing, ctx, author, written=written)
    checked = check_definition(command.definition.encode(), "json")
    if isinstance(checked, list):
        shown = tuple(map(str, checked[:PROBLEMS_SHOWN]))
        return Rejected("bad_definition", shown[0], why=shown)
    text = source(checked)
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    answer: dict[str, Any] = {"digest": digest, "clues": len(checked.clues)}
    if lacking := [name for name in references(checked) if name not in state.rest.media]:
        answer["missing"] = len(lacking)  # to be uploaded before the hunt is published
    return Decision((Defined(digest, text, kept_text(command)),), answer)


def kept_text(command: Define) -> str:
    """Return the text that is kept beside the definition: none that does not fit into a record with it."""
    written = len(command.written.encode())
    fits = written <= WRITTEN_BYTES_MAX and written + len(command.definition.encode()) <= BOTH_BYTES_MAX
    return command.written if fits else ""


def _apply_created(state: Hunt, event: Created, at_ms: int) -> None:
    state.phase = Phase.DRAFT
    state.owner = event.owner


def _apply_defined(state: Hunt, event: Defined, at_ms: int) -> None:
    state.define(event.definition, event.digest)
    state.rest.written = event.written


FEATURE: Final = Feature(
    takes=(Takes(Create, create, SentBy.HOST), Takes(Define, define, SentBy.HTTP)),
    makes=(Makes(Created, _apply_created), Makes(Defined, _apply_defined)),
)
