"""Names that people have are taken as they are seen; blank, stacked and broken ones are refused with the reason."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game import names
from huntserver.game.names import NAME_MAX, fit_name, name_problem, shown_name

TAKEN = [
    "🏴‍☠️ Black Pearl", "👨‍👩‍👧‍👦 The Mills", "نمی‌دانم", "🏴󠁧󠁢󠁳󠁣󠁴󠁿 Scots", "علی‌رضا", "क्षत्रिय", "ക്ഷ‍", "Nguyễn Thị Ánh",
    "O’Brien-Müller", "עִבְרִית", "日本 太郎", "ภูมิ", "❤️", "1️⃣", "Åse", "X Æ A-12", "!!!", "🇺🇦", "བོད་ཡིག", "👩🏽‍🚀",
]  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_names_that_people_have_are_taken_as_they_are(name: str) -> None:
    shown = shown_name(name)
    assert name_problem(shown) == ""
    assert shown.replace("\u200d", "") == name.replace("\u200d", "") or shown == name


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Blue\u00a0Jays", "Blue Jays"),
        ("  Night \t Owls\u3000", "Night Owls"),
        ("\u200bAda\ufeff", "Ada"),
        ("\u202eevil", "evil"),
        ("Cafe\u0301", "Café"),
        ("a\u200d", "a"),
        ("x\U000e0067", "x"),
    ],
)
def test_what_is_pasted_along_is_left_out(written: str, shown: str) -> None:
    assert (shown_name(written), name_problem(shown_name(written))) == (shown, "")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "nothing that can be seen"),
        ("\u3164\u2800", "nothing that can be seen"),
        ("\U0001d159", "nothing that can be seen"),
        ("\u200b\u200d", "nothing that can be seen"),
        ("\u0301", "nothing that can be seen"),
        ("Z\u0336\u0335\u0321\u0322\u0327\u0316", "piles more than 4 marks"),
        ("a\x07b", r"U\+0007, which cannot be shown"),
        ("a\ue000", r"U\+E000, which cannot be shown"),
        ("x" * 41, "has 41 characters, allowed are 40"),
    ],
)
def test_a_name_that_cannot_be_seen_or_piles_up_is_refused_with_the_reason(name: str, why: str) -> None:
    import re

    assert re.search(why, name_problem(shown_name(name)))


@given(st.text(max_size=60))
def test_a_shown_name_stays_as_it_is_and_any_text_is_judged(text: str) -> None:
    shown = shown_name(text)
    assert shown_name(shown) == shown
    if not name_problem(shown):
        assert 1 <= len(shown) <= NAME_MAX
        assert shown == shown.strip()


@given(st.text(st.characters(max_codepoint=0x7F), max_size=60))
def test_the_short_way_of_plain_names_finds_what_the_long_one_does(text: str) -> None:
    def found() -> tuple[str, str, str]:
        return shown_name(text), name_problem(text), fit_name(text)

    short = found()
    with mock.patch.object(names, "_is_plain", return_value=False):
        assert found() == short
