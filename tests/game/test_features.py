"""What is derived from the lists of features and clue kinds: nothing stands twice, nothing is forgotten."""

from __future__ import annotations

import typing
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from huntserver.cli.host import host
from huntserver.game import clues, features, hunt
from huntserver.game.clues.kinds import KINDS
from huntserver.game.definition.part import Part
from huntserver.game.definition.shape import Clue
from huntserver.game.definition.values import LIMITS
from huntserver.game.feature import SentBy
from huntserver.game.features.authoring import Create, Define
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.handing_in import HandIn
from huntserver.game.features.media import AddMedium
from huntserver.game.features.pairing import UsePairing
from huntserver.wire.messages import COMMAND_FRAMES, HOST_FRAMES, QUERY_FRAMES
from lab import ROOT


def tags(types: typing.Iterable[typing.Any]) -> Counter[str]:
    return Counter(str(t.__struct_config__.tag) for t in types)


def modules(package: typing.Any) -> set[str]:
    return {path.stem for path in Path(package.__path__[0]).glob("*.py")} - {"__init__"}


def test_no_tag_is_used_twice() -> None:
    assert max(tags(row.command for row in hunt.TAKES).values()) == 1
    assert max(tags(row.event for row in hunt.MAKES).values()) == 1
    assert max(tags(row.query for row in hunt.ANSWERS).values()) == 1


def test_every_file_of_a_feature_or_a_kind_is_in_its_list() -> None:
    assert len(modules(features)) == len(hunt.FEATURES)
    assert modules(clues) - {"kind", "kinds"} == set(KINDS)


def test_every_command_is_an_operation_but_the_definition_which_comes_by_http() -> None:
    sent = tags(COMMAND_FRAMES)
    by_http = {"define", "use_pairing", "add_medium", "hand_in"}
    assert set(sent) == set(tags(row.command for row in hunt.TAKES)) - by_http
    assert {row.command for row in hunt.TAKES if row.sender is SentBy.HTTP} == {Define, UsePairing, AddMedium, HandIn}
    assert set(tags(QUERY_FRAMES)) == set(tags(row.query for row in hunt.ANSWERS if row.wire))


def test_every_operation_of_hosts_is_a_command_in_the_terminal() -> None:
    operations = set(tags(HOST_FRAMES))
    assert operations == set(tags(row.command for row in hunt.TAKES if row.sender is SentBy.HOST))
    assert {tag.replace("_", "-") for tag in operations} <= set(host.commands)
    assert all(command.help for command in host.commands.values())


def test_a_field_of_an_operation_is_a_parameter_of_its_command() -> None:
    for row in hunt.TAKES:
        if row.sender not in (SentBy.HOST, SentBy.BOTH) or row.command is Create:
            continue
        command = host.commands[str(row.command.__struct_config__.tag).replace("_", "-")]
        fields = {field.name for field in msgspec.structs.fields(row.command)}
        asked = {"yes"} if row.confirm else set()
        assert {p.name for p in command.params} == fields | asked | {"hunt", "token", "url"}


def test_every_event_is_shown_or_left_out_on_purpose() -> None:
    silent = {row.event for row in hunt.MAKES if row.show is None} - {Guessed}  # which has a shorter way
    assert set(tags(silent)) == {
        "created",
        "defined",
        "placed",
        "withdrawn",
        "rejudged",
        "solves_told",
        "pairing_offered",
        "pairing_used",
        "medium_added",
        "medium_removed",
    }


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_kinds_keys_are_keys_of_a_clue_with_a_default_and_a_limit(kind: typing.Any) -> None:
    of_clue = {field.name: field for field in msgspec.structs.fields(Clue)}
    for field in msgspec.structs.fields(kind.keys):
        assert not field.required
        assert field.name in of_clue
    assert set(kind.owns) <= {field.name for field in msgspec.structs.fields(kind.keys)}
    assert kind.ranges.keys() <= LIMITS[Clue].keys()
    assert kind.judge or kind.codes or kind.place or kind.by_hand or kind.made_of, "nothing solves its clues"


def test_the_keys_of_a_clue_stand_in_the_order_of_the_normal_form() -> None:
    names = [field.name for field in msgspec.structs.fields(Clue)]
    assert names[:7] == ["id", "title", "text", "kind", "answers", "accents", "partial"]
    later = [
        "decay_shape",
        "decay_s",
        "round",
        "meta_of",
        "meta_needs",
        "mode",
        "near",
        "wrapper",
        "wrapped",
        "accepts",
        "refuses",
        "solution",
    ]  # left out where they are not used
    rest = [name for name in names[7:] if name not in later]
    assert rest[:2] == ["codes", "location"]
    assert rest[-10:] == [
        "points", "points_min", "decay", "decay_solves", "first_bonus",
        "unlock", "hints", "attempts", "solved_text", "final",
    ]  # fmt: skip
    assert issubclass(Clue, Part)


def test_the_page_on_the_protocol_names_every_operation() -> None:
    page = (ROOT / "docs" / "protocol.md").read_text()
    operations = set(tags(COMMAND_FRAMES)) | set(tags(QUERY_FRAMES))
    assert [op for op in sorted(operations) if f"`{op}`" not in page] == []
