"""What no line about an event repeats, wherever one is told: the text of a hunt, with its answers, is in none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.log.codec import Done
from huntserver.causes import _event
from huntserver.cli.log import _show
from huntserver.game.features.authoring import Defined
from huntserver.projections.models import _detail
from huntserver.proof.public import Redactor

ANSWER, COMMENT = "the obelisk", "# ask Mia for the key of the tower"
DEFINED = Defined("d1", f'{{"answers": ["{ANSWER}"]}}', f'{COMMENT}\nanswers = ["{ANSWER}"]')
RECORD = Done(
    nonce="n@0", seq=1, at=0, entity="hunt/h", pos=1, by="h:host", key="e:1", events=[DEFINED], answer=msgspec.Raw(b"")
)


@pytest.mark.parametrize(
    "tell",
    [lambda: _event(DEFINED, personal=True), lambda: _detail(DEFINED), lambda: _show(RECORD, personal=True)],
    ids=["why", "audit", "inspect"],
)
def test_no_line_about_a_definition_has_its_text(tell: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> None:
    told = f"{tell()}{capsys.readouterr().out}"
    assert "d1" in told
    assert ANSWER not in told
    assert COMMENT not in told


def test_a_public_record_has_the_definition_and_not_what_its_author_noted_beside_it() -> None:
    shown = Redactor(b"k" * 32).record(RECORD).decode()
    assert ANSWER in shown
    assert COMMENT not in shown
