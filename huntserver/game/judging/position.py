"""Positions on the earth as people write them: degrees with decimals, minutes, seconds, or as a link of a map. Pure.

"48.8584, 2.2945", "48,8584 2,2945", "N 48° 51.504' E 002° 17.670'", "48°51'30\\"N 2°17'40\\"E", "33.8568 S 151.2153 E",
"geo:48.8584,2.2945", a link to a place in OpenStreetMap or Google Maps. Latitude comes first where no letter says
otherwise. "O" is the east of some languages and the west of others: both are tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from huntserver.game.geo import Position, distance_m, valid_position
from huntserver.game.judging.folding import letters
from huntserver.game.judging.opening import said

RADIUS_M: Final = 50.0
"""How far off a position may be where a hunt does not say."""
GUESS_MAX: Final = 200
_NUMBER: Final = r"\d{1,3}(?:\.\d{1,12})?"
_FINE: Final = r"-?\d{1,3}\.\d{1,15}"
_LINK: Final = re.compile(rf"(?<![\d.])({_FINE})(?:,|/|%2c)(?:%20|\+|\s)?({_FINE})(?!\d)", re.IGNORECASE)
_GEO: Final = re.compile(rf"\s*geo:(-?{_NUMBER}),(-?{_NUMBER})(?!\d)", re.IGNORECASE)
_MARKED: Final = re.compile(rf"m?lat(?:itude)?=(-?{_NUMBER})&m?l(?:on|ng)(?:gitude)?=(-?{_NUMBER})", re.IGNORECASE)
_IS_LINK: Final = re.compile(r"\s*(?:geo:|https?://)", re.IGNORECASE)
_SIDES: Final = {
    "n": "north northern nord norte norr noord север сев с.ш сш північ β βορρας 北緯 北纬 北 북위 شمال צפון",
    "s": "south southern sud sur sul syd zuid юг ю.ш юш південь ν νοτος 南緯 南纬 南 남위 جنوب דרום",
    "e": "east eastern est ost este leste oost восток вост в.д вд схід α ανατολικα 東経 东经 東 东 동경 شرق מזרח",
    "w": "west western ouest oeste ovest vest vast запад зап з.д зд захід δ δυτικα 西経 西经 西 서경 غرب מערב",
    "a": "latitude latitud latitudine lat breite breitengrad широта",
    "b": "longitude longitud longitudine long lon lng lange langengrad долгота",
    "": "coordinates coords coord koordinaten coordonnees coordenadas coordinate coordinates gps wgs84 position",
}
"""Words for a side of the equator or of Greenwich, and for one of the two numbers, each as one letter."""
_WORDS: Final = {letters(word): letter for letter, words in _SIDES.items() for word in words.split()}
_WORD: Final = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)?\.?")
_UNITS: Final = (
    (re.compile(r"(?<=\d)\s*(?:degrees?|degres|deg|grados?|gradi|grad|graus|d)(?![^\W\d_])"), "°"),
    (re.compile(r"(?<=\d)\s*(?:minutes?|minuten|minutos|minuti|min|m)(?![^\W\d_])"), "'"),
    (re.compile(r"(?<=\d)\s*(?:seconds?|secondes|sekunden|segundos|secondi|sec|sek)(?![^\W\d_])"), '"'),
    (re.compile(r"('\s*\d{1,2}(?:\.\d+)?)s(?=\s*[nsew])"), r'\1"'),
    (re.compile("''"), '"'),
    (re.compile(r"(?<=\d)\s*[度도]"), "°"),
    (re.compile(r"(?<=\d)\s*[分분]"), "'"),
    (re.compile(r"(?<=\d)\s*[秒초]"), '"'),
)
_TOKEN: Final = re.compile(rf"\s*(?:({_NUMBER})\s*([°'\":])?|([nsewoab])(?![^\W\d_])|([-+])|([,;/|()\[\]:=]+))")
_DASH: Final = re.compile(r"(?<=[\d°'\"nsewo])\s+-\s+(?=\d)")
"""A dash between two numbers, which may as well part them as be a minus."""
_MARKS: Final = ("°:", "':", '"')
"""What may stand behind degrees, minutes and seconds."""


class PositionAnswer(NamedTuple):
    """An accepted position in degrees (WGS 84), and how many metres off a guess may be."""

    at: Position
    radius_m: float = RADIUS_M

    def fits(self, guess: str) -> bool:
        """Tell whether some reading of the guess is near enough."""
        return any(distance_m(*self.at, *found) <= self.radius_m for found in positions(guess))


def position_of(text: str) -> Position | None:
    """Read the position of a hunt file; None if it is none, or more than one by the ways to read it."""
    found = positions(text)
    return found[0] if len(found) == 1 else None


@lru_cache(256)
def positions(text: str) -> tuple[Position, ...]:
    """Return every position that a text can be read as, as (latitude, longitude); none if it is none. Never fails."""
    if len(text) > GUESS_MAX:
        return ()
    if _IS_LINK.match(text):
        pairs = (_GEO.findall(text) or _MARKED.findall(text) or _LINK.findall(text))[:1]
        read = [(float(lat), float(lon)) for lat, lon in pairs]
    else:
        plain = letters(said(text)).strip().rstrip(".!?")
        for pattern, sign in _UNITS:
            plain = pattern.sub(sign, plain)
        plain = _WORD.sub(lambda found: _letter(found[0]), plain)
        apart = re.sub(r"(?<=\d),(?=\d)", ".", plain)
        ways = [way for one in (plain, apart) for way in (one, _DASH.sub(" , ", one))]
        read = [at for way in dict.fromkeys(ways) for at in _read(way)]
    return tuple(dict.fromkeys(at for at in read if valid_position(*at)))


def _letter(word: str) -> str:
    """Return a word for a side as its letter between spaces; what is none is left as it is."""
    known = _WORDS.get(word, _WORDS.get(word.rstrip(".")))
    return word if known is None else f" {known} "


class _Numeral(NamedTuple):
    """A number with the mark behind it, the letters before it, and the signs and separators before it."""

    value: float
    whole: bool
    mark: str
    letters: str
    sign: str
    parted: bool


def _parts(text: str) -> tuple[list[_Numeral], str] | None:
    """Return the numbers of a text, and the letters behind the last; None where something else stands in it."""
    found: list[_Numeral] = []
    at, before, sign, parted = 0, "", "", False
    while at < len(text.rstrip()):
        token = _TOKEN.match(text, at)
        if token is None:
            return None
        number, mark, letter, minus, part = token.groups()
        at = token.end()
        if number is not None:
            found.append(_Numeral(float(number), "." not in number, mark or "", before, sign, parted))
            before, sign, parted = "", "", False
        elif letter is not None:
            before += letter
        elif minus is not None:
            sign += minus
        else:
            parted = bool(part)
    return None if sign else (found, before)


def _read(text: str) -> Iterator[Position]:
    """Yield the positions that a text without decimal commas can mean."""
    told = _parts(text)
    if told is None or not 2 <= len(told[0]) <= 6:
        return
    parts, last = told
    for k in range(1, min(3, len(parts) - 1) + 1):
        first, second = parts[:k], parts[k:]
        inner = [p for i, p in enumerate(parts) if i not in (0, k)]
        if any(p.letters or p.sign or p.parted for p in inner):
            continue
        marked = second[0].letters or second[0].parted or second[0].sign or first[0].mark == second[0].mark == "°"
        if not marked and len(first) != len(second):
            continue
        a, b = _degrees(first), _degrees(second)
        if a is not None and b is not None:
            yield from _sided(a, b, (first[0].letters, second[0].letters, last))


def _degrees(parts: list[_Numeral]) -> float | None:
    """Return degrees, minutes and seconds as degrees; None where they are none."""
    if len(parts) > 3 or len(parts[0].sign) > 1 or not all(p.whole for p in parts[:-1]):
        return None
    if any(p.mark and p.mark not in _MARKS[i] for i, p in enumerate(parts)) or any(p.value >= 60 for p in parts[1:]):
        return None
    value = sum((p.value / 60.0**i for i, p in enumerate(parts)), 0.0)
    return -value if parts[0].sign == "-" else value


def _sided(a: float, b: float, told: tuple[str, str, str]) -> Iterator[Position]:
    """Yield positions of two numbers by the letters before the first, between the two, and behind the second."""
    before, between, behind = told
    for first, second in ((before, between + behind), (before + between, behind)):
        if len(set(first)) != len(first) or len(set(second)) != len(second):
            continue
        for axis_a, value_a in _axis(first, a):
            for axis_b, value_b in _axis(second, b):
                axes = axis_a or _other(axis_b) or "lat", axis_b or _other(axis_a) or "lon"
                if axes == ("lat", "lon"):
                    yield value_a, value_b
                elif axes == ("lon", "lat"):
                    yield value_b, value_a


def _other(axis: str) -> str:
    return {"lat": "lon", "lon": "lat"}.get(axis, "")


def _axis(sides: str, value: float) -> Iterator[tuple[str, float]]:
    """Yield what a number with letters can be: lat or lon ("" where they do not say), and its value with its sign."""
    label = {"a": "lat", "b": "lon"}.get(next((c for c in sides if c in "ab"), ""), "")
    side = "".join(c for c in sides if c not in "ab")
    if len(side) > 1:
        return
    for axis, sign in {"": [("", 0)], "n": [("lat", 1)], "s": [("lat", -1)], "e": [("lon", 1)], "w": [("lon", -1)],
                       "o": [("lon", 1), ("lon", -1)]}[side]:  # fmt: skip
        if not label or not axis or label == axis:
            yield axis or label, abs(value) * sign if sign else value
