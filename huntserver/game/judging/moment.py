"""Dates and times of day as people write them, in many languages. Pure; knows no present moment.

A date is read as ISO 8601, in figures in any order ("1/5/2024" is both the first of May and January the fifth, unless
an order is given), or with the month's name in one of the languages of `tables`. A year of two figures is of this
century, of the last, or the first. A time is read with colon, point, h, or the words that some
languages put; on 12 or 24 hours.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations
from typing import Final, Literal, NamedTuple

from huntserver.game.judging.folding import folded, letters
from huntserver.game.judging.number_words import english
from huntserver.game.judging.opening import said
from huntserver.game.judging.tables import months, weekdays

Order = Literal["any", "dmy", "mdy", "ymd"]
_ISO: Final = re.compile(r"(?:(\d{4})|-)(?:-(\d{2})(?:-(\d{2}))?)?\Z")
_TIME_ISO: Final = re.compile(r"(\d{2}):(\d{2})(?::(\d{2}))?\Z")
_TOKEN: Final = re.compile(r"\d+|[^\W\d_]+(?:[^\W\d_]|['.’\u0300-\u036f\u0900-\u109f\u1780-\u17ff])*")
_BESIDE: Final = """
st nd rd th er re e eme a o de del di van do den der of the le il el am an on ngay nam thang г года год р року
nian yue ri η พ.ศ พศ ค.ศ คศ in year ad ce anno jahr im annee año ano anno jaar around about
"""
_ROMAN: Final = {
    name: i for i, name in enumerate(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"), 1)
}
_THAI: Final = re.compile("[\u0e01-\u0e5b]")
BUDDHIST: Final = 543
"""Years that the Thai calendar is ahead."""
_ORDINALS: Final = frozenset(map(folded, _BESIDE.split()))
"""Words and endings that stand in dates beside figures and names."""
_CLOCK: Final = re.compile(
    r"(\d{1,2})\s*(?:[:.;h時点시]|uhr|時|点|\s|-)\s*(\d{2}|(?<=uhr)\s*\d|\d(?=\s*[分분]))?"
    r"\s*(?:[:.分분m]|min|uhr)?\s*(\d{2}|\d(?=\s*[秒초]))?\s*(?:[s秒초]|uhr|h|o'?clock)?\Z"
)
_BARE: Final = re.compile(r"(\d{2})(\d{2})\Z")
_BARE_HALF: Final = re.compile(r"(\d{1,2})(\d{2})\Z")
"""With a half of the day behind it: 230 pm."""
_AT: Final = re.compile(r"(?:at|by|around|um|gegen|à|a)\s+(?=\d|\w)")
_PAST: Final = re.compile(r"(half|a\s+quarter|quarter)\s+(past|after|to|before)\s+(\w+)(?:\s+o'?clock)?\Z")
_DAY_HALF: Final = re.compile(r"\s+(?:in\s+the\s+(morning|afternoon|evening)|at\s+(night)|o'?clock)\Z")
_HOUR: Final = re.compile(r"(\d{1,2})\s*(?:o'?clock|uhr|h|時|点|시)?\Z")
_AFTERNOON: Final = re.compile(r"(.*?)\s*(?:\b|(?<=\d))(a\.?\s?m\.?|p\.?\s?m\.?)\Z", re.DOTALL)
_HALVES: Final = {"午前": "a", "上午": "a", "오전": "a", "午後": "p", "下午": "p", "오후": "p"}
"""Which half of the day, said before the time."""
_GREEK: Final = re.compile(r"\s*([πμ])\.?\s?μ\.?\Z")
_WORDS: Final = {"noon": 12 * 3600, "midday": 12 * 3600, "mittag": 12 * 3600, "midi": 12 * 3600, "midnight": 0,
                 "mitternacht": 0, "minuit": 0, "mediodia": 12 * 3600, "medianoche": 0,
                 "mezzogiorno": 12 * 3600, "mezzanotte": 0, "meiodia": 12 * 3600, "meianoite": 0, "полдень": 12 * 3600,
                 "полночь": 0, "poludnie": 12 * 3600, "polnoc": 0, "正午": 12 * 3600, "정오": 12 * 3600,
                 "자정": 0}  # fmt: skip


_ORDINALS_SAID: Final = """
first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
sixteenth seventeenth eighteenth nineteenth twentieth
"""
_NTH: Final = {word: n for n, word in enumerate(_ORDINALS_SAID.split(), 1)} | {"thirtieth": 30}
_ONES: Final = "|".join(list(_NTH)[:9])
_ORDINAL: Final = re.compile(rf"\b(?:(twenty|thirty)[\s-]+({_ONES})|({'|'.join(_NTH)}))\b", re.IGNORECASE)
"""A day in English words: the twenty-first of June."""


def _ordinal_in_figures(found: re.Match[str]) -> str:
    tens, one, alone = found.groups()
    if alone:
        return str(_NTH[alone.lower()])
    return str({"twenty": 20, "thirty": 30}[tens.lower()] + _NTH[one.lower()])


class Date(NamedTuple):
    """A day; a part that is not given is 0."""

    year: int
    month: int = 0
    day: int = 0


class DateAnswer(NamedTuple):
    """An accepted date. Only the parts that it has are compared; `days` is how far off a whole date may be."""

    date: Date
    order: Order = "any"
    days: int = 0

    def fits(self, guess: str) -> bool:
        """Tell whether some reading of the guess is the date."""
        return any(self._near(date) for date in dates(guess, self.order))

    def _near(self, given: Date) -> bool:
        if self.days and self.date.year and self.date.day and given.year and given.day:
            return abs(ordinal(given) - ordinal(self.date)) <= self.days
        return all(not want or want == got for want, got in zip(self.date, given, strict=True))


class TimeAnswer(NamedTuple):
    """An accepted time of day in seconds after midnight; `within_s` is how far off it may be."""

    seconds: int
    within_s: int = 0

    def fits(self, guess: str) -> bool:
        """Tell whether some reading of the guess is near enough; midnight is no border."""
        for seconds in times(guess):
            apart = abs(seconds - self.seconds) % 86_400
            if min(apart, 86_400 - apart) <= self.within_s:
                return True
        return False


def date_of(text: str) -> Date | None:
    """Read a date of a hunt file: 2024-12-24, 2024-12, 2024, or --12-24 without a year."""
    found = _ISO.match(text)
    if found is None:
        return None
    year, month, day = (int(part or 0) for part in found.groups())
    date = Date(year, month, day)
    return date if _exists(date) and (year or day) else None


def time_of(text: str) -> int | None:
    """Read a time of a hunt file, 14:30 or 14:30:15, as seconds after midnight."""
    found = _TIME_ISO.match(text)
    return _clock(*(int(part or 0) for part in found.groups())) if found else None


@lru_cache(256)
def dates(text: str, order: Order = "any") -> tuple[Date, ...]:
    """Return every date that a text can be read as; none if it is no date. Never fails."""
    text = _ORDINAL.sub(_ordinal_in_figures, said(text))
    plain = re.sub(r"(?<=\d)\s?[年月日년월일]", " ", letters(text.replace("-", " - ")))[:200]
    tokens = [t for t in _TOKEN.findall(plain) if folded(t) not in _ORDINALS]
    numbers = [t for t in tokens if t.isdecimal()]
    words = list(_names(tokens))
    if len(numbers) == 2 and len(words) == 1 and words[0] in _ROMAN:
        return tuple(dict.fromkeys(filter(_exists, _named((_ROMAN[words[0]],), numbers))))  # 9.XI.1989
    words = [_bare_name(w) for w in words]
    named = [months()[w] for w in words if w in months()]
    other = [w for w in words if w and w not in months() and w not in weekdays()]
    if other or len(numbers) > 3 or len(named) > 1 or not tokens:
        return ()
    found = list(_named(named[0], numbers) if named else _figures(numbers, plain, order))
    if _THAI.search(plain):
        found += [Date(d.year - BUDDHIST, *d[1:]) for d in found if d.year > BUDDHIST]
    return tuple(dict.fromkeys(d for d in found if _exists(d)))


def _bare_name(word: str) -> str:
    """Return a month's or day's name without the Hebrew "in" before it."""
    bare = word.removeprefix("ב")
    return bare if bare in months() or bare in weekdays() else word


def _names(tokens: list[str]) -> Iterator[str]:
    """Yield the folded words; those that are a month's name only together, as one."""
    words = ["" if t.isdecimal() else folded(t) for t in tokens]
    at = 0
    while at < len(words):
        for end in (at + 3, at + 2, at + 1):
            run = words[at:end]
            if len(run) == end - at and all(run) and (end == at + 1 or "".join(run) in months()):
                yield "".join(run)
                break
        else:
            end = at + 1
        at = end


def _named(month: tuple[int, ...], numbers: list[str]) -> Iterator[Date]:
    for m in month:
        for given in permutations(numbers):
            if len(given) == 1:
                yield from (Date(y, m) for y in _years(given[0]))
                yield Date(0, m, int(given[0]))
            elif len(given) == 2:
                yield from (Date(y, m, int(given[0])) for y in _years(given[1]))


def _figures(numbers: list[str], text: str, order: Order) -> Iterator[Date]:
    if len(numbers) == 1:
        (one,) = numbers
        if len(one) == 8:
            for parts in ((one[:4], one[4:6], one[6:]), (one[4:], one[2:4], one[:2]), (one[4:], one[:2], one[2:4])):
                yield Date(*map(int, parts))
        elif len(one) in (3, 4):
            yield Date(int(one))
        elif len(one) == 2 and text.lstrip().startswith("'"):
            yield from (Date(y) for y in _years(one))  # '69
        return
    if len(numbers) == 2:
        a, b = numbers
        if len(a) == 4 or len(b) == 4:
            yield Date(*((int(a), int(b)) if len(a) == 4 else (int(b), int(a))))
        else:
            yield from (Date(0, m, d) for d, m in _day_month(int(a), int(b), order))
        return
    if len(numbers) == 3:
        a, b, c = numbers
        if len(a) == 4 or order == "ymd":
            yield from (Date(y, int(b), int(c)) for y in _years(a))
        else:
            for day, month in _day_month(int(a), int(b), order):
                yield from (Date(y, month, day) for y in _years(c))
            if order == "any":
                yield from (Date(y, int(b), int(c)) for y in _years(a))


def _day_month(a: int, b: int, order: Order) -> list[tuple[int, int]]:
    return {"dmy": [(a, b)], "mdy": [(b, a)], "ymd": [(b, a)]}.get(order, [(a, b), (b, a)])


def _years(text: str) -> list[int]:
    if len(text) == 2:
        return [2000 + int(text), 1900 + int(text), int(text)]
    return [int(text)] if len(text) in (3, 4) else []


def _exists(d: Date) -> bool:
    if not 0 <= d.month <= 12 or d.day < 0 or (d.day and not d.month):
        return False
    if not d.day:
        return True
    if not d.month:
        return False
    return d.day <= (calendar.monthrange(d.year or 2024, d.month)[1] if d.year or d.month else 31)


def ordinal(d: Date) -> int:
    """Return the number of a whole date among all days."""
    import datetime

    return datetime.date(d.year, d.month, d.day).toordinal()


@lru_cache(256)
def times(text: str) -> tuple[int, ...]:
    """Return every time of day that a text can be read as, in seconds after midnight; none if it is no time."""
    plain = _AT.sub("", letters(said(text)).strip().rstrip("!?.")[:60], count=1) if text.strip() else ""
    if (half_said := _DAY_HALF.search(plain)) is not None:
        spoken = half_said[1] or half_said[2] or ""
        plain = plain[: half_said.start()] + {"morning": " am", "": ""}.get(spoken, " pm")
    if folded(plain) in _WORDS:
        return (_WORDS[folded(plain)],)
    for word, half_of in _HALVES.items():
        if plain.startswith(unicodedata.normalize("NFC", word)):
            plain = f"{plain[len(word) :]} {half_of}m"
    plain = _GREEK.sub(lambda found: " am" if found[1] == "π" else " pm", plain)
    half = _AFTERNOON.match(plain)
    if half:
        plain = half[1].strip()
    plain = _in_figures(plain)
    found = _CLOCK.match(plain) or (_BARE_HALF if half else _BARE).match(plain) or _HOUR.match(plain)
    if found is None:
        return ()
    hour, minute, second = (int(part or 0) for part in (*found.groups(), 0, 0)[:3])
    if half:
        if not 1 <= hour <= 12:
            return ()
        hour = hour % 12 + (12 if half[2][0] == "p" else 0)
    seconds = _clock(hour, minute, second)
    return () if seconds is None else (seconds,)


def _in_figures(text: str) -> str:
    """Return a time that is said in English words in figures: half past two is 2:30, a quarter to three 2:45."""
    found = _PAST.match(text)
    word = found[3] if found else text
    number = english().get(folded(word)) if not word.isdecimal() else int(word)
    if number is None or number.denominator != 1 or not 0 < number <= 24:
        return text
    if found is None:
        return str(number)
    minutes = 30 if found[1] == "half" else 15
    hour = int(number) if found[2] in ("past", "after") else int(number) - 1 or 12
    return f"{hour}:{minutes if found[2] in ('past', 'after') else 60 - minutes:02}"


def _clock(hour: int, minute: int, second: int) -> int | None:
    if hour == 24 and not minute and not second:
        return 0
    return hour * 3600 + minute * 60 + second if hour < 24 and minute < 60 and second < 60 else None
