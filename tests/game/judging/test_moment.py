"""Dates and times in the forms and languages that people write."""

from __future__ import annotations

import datetime

import pytest
from babel.dates import format_date, format_time
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.judging.moment import Date, DateAnswer, TimeAnswer, date_of, dates, time_of, times
from tools.judging_tables import LANGUAGES

EVE = DateAnswer(Date(2024, 12, 24))
RIGHT = ["2024-12-24", "24.12.2024", "24/12/2024", "12/24/2024", "24. Dezember 2024", "December 24, 2024", "24.12.24",
         "24th of December 2024", "24 déc. 2024", "le 24 décembre 2024", "Tuesday, 24 December 2024", "2024年12月24日",
         "24 декабря 2024 г.", "24 de diciembre de 2024", "20241224", "24122024", "٢٤ ديسمبر ٢٠٢٤", "24 Aralık 2024",
         "2024. 12. 24.", "24-Dec-2024", "Dec 24 2024", "24 grudnia 2024", "2024년 12월 24일", "24 ธันวาคม 2024",
         "24 दिसंबर 2024", "24/Dec/24", "24 - 12 - 2024"]  # fmt: skip


@pytest.mark.parametrize("text", RIGHT)
def test_a_date_is_read_however_it_is_written(text: str) -> None:
    assert EVE.fits(text)


@pytest.mark.parametrize(
    "text", ["23.12.2024", "December 2024", "24.12.1824", "24", "", "Christmas 24 12 2024", "24.12."]
)
def test_another_date_or_less_of_it_is_wrong(text: str) -> None:
    assert not EVE.fits(text)


DAYS = st.dates(datetime.date(1200, 1, 1), datetime.date(2999, 12, 31))


@given(DAYS, st.sampled_from([name for name in LANGUAGES if name not in ("fa", "th", "my")]))
def test_whatever_a_language_writes_out_is_read_as_that_day(day: datetime.date, language: str) -> None:
    text = format_date(day, format="d MMMM y", locale=language)
    assert Date(day.year, day.month, day.day) in dates(text), text


@given(DAYS)
def test_figures_in_any_order_are_read_unless_an_order_is_given(day: datetime.date) -> None:
    date = Date(day.year, day.month, day.day)
    dmy, mdy = f"{day.day}/{day.month}/{day.year}", f"{day.month}/{day.day}/{day.year}"
    assert date in dates(dmy)
    assert date in dates(mdy)
    assert date in dates(dmy, "dmy")
    assert date in dates(mdy, "mdy")
    if day.day != day.month:
        assert date not in dates(dmy, "mdy")


def test_only_the_parts_that_the_answer_has_are_compared() -> None:
    month, eve = date_of("1969-07"), date_of("--12-24")
    assert month is not None
    assert eve is not None
    assert [DateAnswer(month).fits(t) for t in ("July 1969", "07/1969", "20.7.1969", "1969")] == [
        True,
        True,
        True,
        False,
    ]
    assert [DateAnswer(eve).fits(t) for t in ("24 December", "24.12.", "12/24", "24.11.")] == [True, True, True, False]


def test_a_date_may_be_off_by_days_over_the_end_of_a_month() -> None:
    answer = DateAnswer(Date(2024, 3, 1), days=2)
    near = ["2024-02-28", "2024-02-29", "2024-03-03", "2024-02-27", "2024-03-04"]
    assert [answer.fits(t) for t in near] == [True, True, True, False, False]


def test_what_is_no_date_or_time_of_a_file_is_told() -> None:
    assert [date_of(t) for t in ("2024-02-30", "24.12.2024", "", "--13-01")] == [None] * 4
    assert [time_of(t) for t in ("14:30", "14:30:15", "25:00", "2:30 pm")] == [52_200, 52_215, None, None]


HALF_PAST_TWO = ["14:30", "14.30", "14h30", "14 h 30", "2:30 pm", "2:30PM", "2.30 p.m.",
 "14:30 Uhr", "14 Uhr 30", "1430",
                 "14時30分", "14:30:00", "٢:٣٠ pm", "14h30min"]  # fmt: skip


@pytest.mark.parametrize("text", HALF_PAST_TWO)
def test_a_time_is_read_however_it_is_written(text: str) -> None:
    assert TimeAnswer(52_200).fits(text)


def test_another_time_is_wrong_and_midnight_is_no_border() -> None:
    assert [TimeAnswer(52_200).fits(t) for t in ("2:30", "2:30 am", "14:31", "143", "")] == [False] * 5
    assert TimeAnswer(60, within_s=300).fits("23:58")
    assert times("noon") == times("12 pm") == (43_200,)
    assert times("midnight") == times("12 am") == times("24:00") == (0,)


@given(st.times().map(lambda t: t.replace(second=0, microsecond=0)))
def test_times_as_locales_format_them_are_read(time: datetime.time) -> None:
    seconds = time.hour * 3600 + time.minute * 60
    for locale in ("en_US", "de", "fr", "fi", "ja", "ru", "es"):
        assert seconds in times(format_time(time, "short", locale=locale)), locale


@given(st.text(max_size=200))
def test_reading_a_moment_never_fails(text: str) -> None:
    assert len(dates(text)) <= 24
    assert len(times(text)) <= 1


@given(st.text(alphabet="0123456789./-: adegijmprstu", max_size=40))
def test_every_reading_is_a_day_that_exists(text: str) -> None:
    for d in dates(text):
        if d.year and d.day:
            datetime.date(d.year, d.month, d.day)


SPOKEN = [
    ("14:30", ["14 30", "14-30", "14;30", "at 14:30", "230pm", "2 30 pm", "2:30 in the afternoon", "14:30 o'clock",
               "14.30"], ["2:30", "14 31", "230", "143"]),
    ("02:30", ["half past two", "2:30", "it's half past two"], ["half past three", "half to two"]),
    ("02:45", ["a quarter to three"], ["quarter past three"]),
    ("12:00", ["twelve", "twelve o'clock", "noon"], ["thirty", "twelfth"]),
]  # fmt: skip


@pytest.mark.parametrize(("time", "right", "wrong"), SPOKEN)
def test_a_time_is_read_as_it_is_said(time: str, right: list[str], wrong: list[str]) -> None:
    seconds = time_of(time)
    assert seconds is not None
    answer = TimeAnswer(seconds)
    assert [text for text in right if not answer.fits(text)] == []
    assert [text for text in wrong if answer.fits(text)] == []


def test_a_year_is_read_as_it_is_said() -> None:
    year = DateAnswer(Date(1969))
    right = ["'69", "’69", "in 1969", "the year 1969", "AD 1969", "1969 CE", "im Jahr 1969", "it was 1969"]
    assert [text for text in right if not year.fits(text)] == []
    assert [text for text in ("69", "1969 BC", "1969 spikes", "in 1970") if year.fits(text)] == []
