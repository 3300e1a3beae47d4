"""Codes are the same however they were typed or pasted."""

from __future__ import annotations

import pytest

from huntserver.game.clues.code import code_key


@pytest.mark.parametrize(
    "typed",
    ["OAK-1723", "oak 1723", "ＯＡＫ－１７２３", "oak–1723", "\u200boak\u200c-1723\ufeff", "\u2066OAK-1723\u2069",
     "o\u00adak1723", "OAK-١٧٢٣", "oak_۱۷۲۳", "https://hunt.example/?hunt=park&code=oak-1723",
     "OAK\u00a01723", "OAK\u20111723"],
)  # fmt: skip
def test_a_code_is_the_same_however_it_was_typed_or_pasted(typed: str) -> None:
    assert code_key(typed) == "OAK1723"


def test_the_i_of_a_turkish_keyboard_is_an_i_and_other_letters_stay_apart() -> None:
    assert code_key("PİNE-12") == code_key("pıne-12") == code_key("pine-12") == "PINE12"
    assert len({code_key(text) for text in ("ÖL-11", "OL-11", "0L-11", "ЁЛ-11", "ЕЛ-11")}) == 5
