"""Numbers in every form that people write them are read, and only as what they can mean."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from babel import Locale
from babel.numbers import format_compact_decimal, format_decimal, format_percent, format_scientific, get_decimal_symbol
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.judging.number import DIGITS_MAX, NumberAnswer, readings
from huntserver.game.judging.units import unit_key, units_named
from tests.game.judging.before import number as number_before
from tools.judging_tables import LANGUAGES

LOCALES = ["en_US", "en_IN", "de_DE", "de_CH", "de_AT", "fr_FR", "fr_CH", "es_ES", "es_MX", "it_CH", "pt_BR", "pl_PL",
           "sv_SE", "fi_FI", "hi_IN", "ar_EG", "fa_IR", "ru_RU", "ja_JP", "zh_CN", "et_EE", "nb_NO", "en_ZA", "he_IL",
           "mr_IN", "bn_BD", "my_MM", "ne_NP", "th_TH", "tr_TR", "vi_VN"]  # fmt: skip

FORMS = [
    ("1000", "", ["1,000", "1'000", "1.000", "1 000", "1\u00a0000", "1\u202f000", "1’000", "1000",
     "1e3", "10^3", "10³", "1k",
                  "1 K", "1 thousand", "1 Tsd.", "1 tausend", "1_000", "١٠٠٠", "１０００", "$1,000",
                   "1.000,00 €", "1×10³",
                  "1·10^3", "~1000", "ca. 1000", "≈1000", "1,000!", "1,000.",
                  "'1000'", "“1,000”", "(1000)", "#1000", "№ 1000", "no. 1000"],
     ["100", "10000", "1,00", "1000 m", "1000 x", "1 0 0"]),
    ("1250000", "", ["1,250,000", "1.250.000", "1 250 000", "1.25 million", "1,25 Mio.", "1.25M",
     "12,50,000", "12.5 lakh",
                     "125万", "1.250.000,00", "1,25 Millionen", "1,25 млн"], ["1,25", "1250", "1.25.00.00"]),
    ("-3.5", "", ["-3.5", "−3.5", "–3,5", "- 3.5", "-3½", "-3 1/2", "-7/2",
              "minus 3.5", "Minus 3,5", "moins 3,5", "минус 3,5", "マイナス3.5", "-3·5",
              "\u200e-3.5",
     "\u061c-٣٫٥"], ["3.5", "-35"]),
    ("1/2", "", ["1/2", "½", "0.5", ".5", "0,5", "50%", "50 %", "٥٠٪", "1⁄2", "2/4"], ["12", "1.2", "5"]),
    ("3/2", "", ["1½", "1 1/2", "1.5", "3/2", "1+1/2"], ["11/2"]),
    ("50", "", ["50%", "50", "50 percent", "50 Prozent"], ["5", "0.05"]),
    ("24", "", ["24", "٢٤", "२४", "24.0", "24,0", "+24", "= 24"], ["24 m", "24/1/2", "2.4"]),
    ("5", "km", ["5 km", "5000 m", "5", "5 Kilometer", "5 kilomètres", "3.107 miles", "5,0 km",
     "5.000 m", "5 км", "5km"],
     ["5 m", "3 mi", "50", "5 kg"]),
    ("1.68", "m", ["1.68 m", "168 cm", "1 m 68", "1m68", "1,68", "1 m 68 cm", "5'6.14\""], ["5'9\"", "68 cm"]),
    ("90", "min", ["1 h 30", "1h30", "1 h 30 min", "90 min", "1.5 h", "1½ hours", "5400 s", "1 Std. 30 Min."], ["1 h"]),
    ("37", "°C", ["37 °C", "37", "98.6 °F", "98.6F", "310.15 K", "37°", "37º", "37 º C", "37 degrees", "37 Grad"],
     ["37 °F"]),
    ("71", "in", ["5'11\"", "5' 11\"", "5’ 11”", "5 ft 11"], ["511", "5.11", "6'"]),
    ("511", "", ["511"], ["5' 11", "5'11"]),
    ("50", "%", ["50%", "50", "50 prozent"], ["0.5"]),
    ("12", "", ["twelve", "Twelve spikes", "zwölf", "十二", "a dozen", "12 spikes", "12 🙂", "There are 12 steps",
                "exactly 12"],
     ["12 or 13", "12 dozen", "12 and a half", "12 hundred", "twenty", "12 km", "12 feet", "12 squared"]),
    ("1000000", "", ["one million", "1 million"], ["one"]),
    ("1/3", "", ["1/3", "0.33", "0,333", "0.3333333", "a third", "1÷3"], ["0.3", "0.34", "0.332"]),
    ("100", "m", ["one hundred metres", "100 m"], ["100 spikes"]),
    ("100", "km/h", ["100 km/h", "100 kmh", "100 kph", "62.137 mph"], ["100 mph"]),
]  # fmt: skip


@pytest.mark.parametrize(("value", "unit", "right", "wrong"), FORMS)
def test_a_number_is_right_in_every_form_and_no_other_number_is(
    value: str, unit: str, right: list[str], wrong: list[str]
) -> None:
    answer = NumberAnswer(Fraction(value), unit=unit_key(unit))
    assert [text for text in right if not answer.fits(text)] == []
    assert [text for text in wrong if answer.fits(text)] == []


NUMBERS = st.decimals(-(10**9), 10**9, places=3, allow_nan=False)


@pytest.mark.parametrize("name", LOCALES)
@given(value=NUMBERS)
def test_whatever_a_locale_formats_is_read_as_that_number(name: str, value: Decimal) -> None:
    exact = Fraction(value)
    for numbers in {"latn", Locale.parse(name).default_numbering_system}:
        try:
            get_decimal_symbol(name, numbering_system=numbers)
        except Exception:  # a locale without these signs
            continue
        for text in (
            format_decimal(value, locale=name, numbering_system=numbers),
            format_decimal(value, locale=name, numbering_system=numbers, group_separator=False),
        ):
            assert exact in {q.value for q in readings(text)}, text
    text = format_percent(value / 100, format="#,##0.###%", locale=name)
    assert NumberAnswer(exact).fits(text), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_thousands_and_millions_are_read_in_every_language(language: str) -> None:
    missed = []
    for power in (3, 6, 9):
        for form in ("short", "long"):
            text = format_compact_decimal(3 * 10**power, format_type=form, locale=language)
            if Fraction(3 * 10**power) not in {q.value for q in readings(text)}:
                missed.append(text)
    # Some words are another language's for another number, or stand before it.
    assert len(missed) <= 3, missed


def test_scientific_notation_of_all_locales_is_read() -> None:
    for name in LOCALES:
        text = format_scientific(1234500, locale=name)
        assert Fraction(1234500) in {q.value for q in readings(text)}, (name, text)


@given(st.text(alphabet="0123456789.,-+eE _٠१", max_size=20))
def test_what_was_read_as_a_number_before_still_is(text: str) -> None:
    before = number_before(text)
    if before is not None and len(text) <= 20:
        assert Fraction(before) in {q.value for q in readings(text)}


@given(st.text(max_size=200))
def test_reading_never_fails_and_gives_few_readings(text: str) -> None:
    assert len(readings(text)) <= 64


@given(st.text(alphabet="1m'h3 .,/%k", max_size=200))
def test_reading_what_looks_like_a_sum_of_units_never_takes_long(text: str) -> None:
    assert len(readings(text)) <= 64


def test_the_longest_number_is_read_and_a_longer_one_is_none() -> None:
    assert readings("1" * DIGITS_MAX)
    assert readings("1" * (DIGITS_MAX + 1)) == ()
    assert readings("1e999999999") == ()
    assert readings("1/0") == ()


@given(NUMBERS, st.decimals(0, 100, places=2), st.decimals(-200, 200, places=2))
def test_a_tolerance_holds_on_both_sides_ends_included(value: Decimal, tolerance: Decimal, off: Decimal) -> None:
    answer = NumberAnswer(Fraction(value), Fraction(tolerance))
    guess = value + off
    assert answer.fits(f"{guess:f}") or abs(off) > tolerance
    if abs(off) > tolerance:
        assert not any(q.value == Fraction(guess) and answer.near(q) for q in readings(f"{guess:f}"))


def test_a_relative_tolerance_is_a_part_of_the_value() -> None:
    answer = NumberAnswer(Fraction(200), Fraction(5, 100), relative=True)
    assert [answer.fits(t) for t in ("190", "210", "189.9", "210.1")] == [True, True, False, False]


@pytest.mark.parametrize("name", ["km", "KM", "Kilometer", "kilomètre", "км", "キロメートル", "公里", "mi",
 "ft", "°C", "h", "min",
                                  "Std.", "kg", "lbs", "l", "km/h", "m²", "km²", "ha", "MB", "%"])  # fmt: skip
def test_units_are_known_by_the_names_of_many_languages(name: str) -> None:
    assert units_named(name)
