"""Numbers in words, 0 to 100, in the languages of most hunts: "twenty-four", "vierundzwanzig", "veinticuatro". Pure.

In English also whole hundreds ("fifteen hundred") and halves ("two and a half").

A language is its first words and how tens and ones are put together; the rest is composed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Final, NamedTuple

from huntserver.game.judging.folding import folded


class _Language(NamedTuple):
    """`ones`: 0 to 19, `tens`: 20 to 90. `between`: what joins tens and ones, which come `first` in some languages."""

    ones: str
    tens: str
    hundred: str
    between: str = ""
    ones_first: bool = False
    other: str = ""
    """Further words, each with its number: "a=1"."""


_ENGLISH: Final = _Language(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen",
    "twenty thirty forty fifty sixty seventy eighty ninety",
    "onehundred",
    other="hundred=100 ahundred=100 half=1/2 ahalf=1/2 onehalf=1/2 athird=1/3 onethird=1/3 twothirds=2/3 aquarter=1/4"
    " onequarter=1/4 threequarters=3/4 adozen=12 dozen=12 twodozen=24 halfadozen=6 fourty=40",
)
_OTHERS: Final = (
    _Language(
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
        " siebzehn achtzehn neunzehn",
        "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", "einhundert", "und", True,
        "hundert=100 ein=1 eine=1 zwo=2 halb=1/2 einhalb=1/2 anderthalb=3/2 eineinhalb=3/2 zweieinhalb=5/2"
        " eindutzend=12 dutzend=12",
    ),
    _Language(
        "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien"
        " achttien negentien",
        "twintig dertig veertig vijftig zestig zeventig tachtig negentig", "honderd", "en", True,
    ),
    _Language(
        "nul et to tre fire fem seks syv otte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
        "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems", "ethundrede", "og", True, "en=1 hundrede=100",
    ),
    _Language(
        "noll ett två tre fyra fem sex sju åtta nio tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
        "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio", "etthundra", other="en=1 hundra=100",
    ),
    _Language(
        "null en to tre fire fem seks sju åtte ni ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
        "tjue tretti førti femti seksti sytti åtti nitti", "etthundre", other="ett=1 hundre=100",
    ),
    _Language(
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete"
        " dieciocho diecinueve",
        "veinti treinta cuarenta cincuenta sesenta setenta ochenta noventa", "cien", "y",
        other="un=1 una=1 veinte=20 veintiuno=21 veintidos=22 veintitres=23 veinticuatro=24 veinticinco=25"
        " veintiseis=26 veintisiete=27 veintiocho=28 veintinueve=29 unadocena=12",
    ),
    _Language(
        "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete"
        " dezoito dezenove",
        "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa", "cem", "e",
        other="uma=1 duas=2 quatorze=14 dezasseis=16 dezassete=17 dezanove=19",
    ),
    _Language(
        "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici"
        " diciassette diciotto diciannove",
        "venti trenta quaranta cinquanta sessanta settanta ottanta novanta", "cento", other="un=1 una=1 unadozzina=12",
    ),
    _Language(
        "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize dixsept"
        " dixhuit dixneuf",
        "vingt trente quarante cinquante soixante septante huitante nonante", "cent",
        other="une=1 octante=80 quatrevingts=80 unedouzaine=12",
    ),
    _Language(
        "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście trzynaście"
        " czternaście piętnaście szesnaście siedemnaście osiemnaście dziewiętnaście",
        "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt"
        " dziewięćdziesiąt",
        "sto", other="dwie=2",
    ),
    _Language(
        "nula jedna dva tři čtyři pět šest sedm osm devět deset jedenáct dvanáct třináct čtrnáct patnáct šestnáct"
        " sedmnáct osmnáct devatenáct",
        "dvacet třicet čtyřicet padesát šedesát sedmdesát osmdesát devadesát", "sto", other="jeden=1 dvě=2",
    ),
    _Language(
        "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать четырнадцать"
        " пятнадцать шестнадцать семнадцать восемнадцать девятнадцать",
        "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто", "сто",
        other="одна=1 две=2 дюжина=12",
    ),
    _Language(
        "sıfır bir iki üç dört beş altı yedi sekiz dokuz on onbir oniki onüç ondört onbeş onaltı onyedi onsekiz"
        " ondokuz",
        "yirmi otuz kırk elli altmış yetmiş seksen doksan", "yüz",
    ),
    _Language(
        "nolla yksi kaksi kolme neljä viisi kuusi seitsemän kahdeksan yhdeksän kymmenen yksitoista kaksitoista"
        " kolmetoista neljätoista viisitoista kuusitoista seitsemäntoista kahdeksantoista yhdeksäntoista",
        "kaksikymmentä kolmekymmentä neljäkymmentä viisikymmentä kuusikymmentä seitsemänkymmentä kahdeksankymmentä"
        " yhdeksänkymmentä",
        "sata",
    ),
    _Language(
        "нуль один два три чотири п'ять шість сім вісім дев'ять десять одинадцять дванадцять тринадцять чотирнадцять"
        " п'ятнадцять шістнадцять сімнадцять вісімнадцять дев'ятнадцять",
        "двадцять тридцять сорок п'ятдесят шістдесят сімдесят вісімдесят дев'яносто", "сто", other="одна=1 дві=2",
    ),
    _Language(
        "μηδέν ένα δύο τρία τέσσερα πέντε έξι επτά οκτώ εννέα δέκα έντεκα δώδεκα δεκατρία δεκατέσσερα δεκαπέντε δεκαέξι"
        " δεκαεπτά δεκαοκτώ δεκαεννέα",
        "είκοσι τριάντα σαράντα πενήντα εξήντα εβδομήντα ογδόντα ενενήντα", "εκατό",
        other="δυο=2 εφτά=7 οχτώ=8 εννιά=9",
    ),
    _Language(
        "nulla egy kettő három négy öt hat hét nyolc kilenc tíz tizenegy tizenkettő tizenhárom tizennégy tizenöt"
        " tizenhat tizenhét tizennyolc tizenkilenc",
        "huszon harminc negyven ötven hatvan hetven nyolcvan kilencven", "száz", other="húsz=20 két=2",
    ),
    _Language(
        "zero unu doi trei patru cinci șase șapte opt nouă zece unsprezece doisprezece treisprezece paisprezece"
        " cincisprezece șaisprezece șaptesprezece optsprezece nouăsprezece",
        "douăzeci treizeci patruzeci cincizeci șaizeci șaptezeci optzeci nouăzeci", "osută", "și",
        other="una=1 două=2 douăsprezece=12",
    ),
    _Language("〇 一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五 十六 十七 十八 十九",
              "二十 三十 四十 五十 六十 七十 八十 九十", "百", other="零=0 一百=100 两=2 兩=2"),
)  # fmt: skip


def _composed(language: _Language) -> Iterator[tuple[str, Fraction]]:
    ones, tens = language.ones.split(), language.tens.split()
    yield from ((word, Fraction(n)) for n, word in enumerate(ones))
    yield language.hundred, Fraction(100)
    for word in language.other.split():
        spelled, _, number = word.partition("=")
        yield spelled, Fraction(number)
    for t, ten in enumerate(tens, 2):
        yield ten, Fraction(10 * t)
        for n in range(1, 10):
            for one in _as_joined(ones[n]) if language.ones_first else (ones[n],):
                joined = one + language.between + ten if language.ones_first else ten + language.between + one
                yield joined, Fraction(10 * t + n)
            if ones[n][0] in "uo" and ten.endswith(("i", "a")):  # ventuno, ventotto
                yield ten[:-1] + ones[n], Fraction(10 * t + n)
    if "soixante" in tens:
        for n in range(20):
            yield "soixante" + ("et" if n in (1, 11) else "") + ones[n], Fraction(60 + n)
            if n:
                yield "quatrevingt" + ones[n], Fraction(80 + n)
        yield from ((f"{ten}etun", Fraction(10 * t + 1)) for t, ten in enumerate(tens, 2))


def _of_english() -> Iterator[tuple[str, Fraction]]:
    """Yield whole hundreds, and numbers with a half or a quarter behind them."""
    whole = {number: word for word, number in _composed(_ENGLISH._replace(other="")) if number.denominator == 1}
    for n in range(1, 100):
        word = whole[Fraction(n)]
        if n % 10:
            yield f"{word}hundred", Fraction(100 * n)
        if n <= 20:
            for end, part in (("ahalf", 2), ("onehalf", 2), ("aquarter", 4)):
                yield f"{word}and{end}", n + Fraction(1, part)


def _as_joined(one: str) -> tuple[str, ...]:
    """Return a word for a one as it stands before "und": eins is ein there, en is en and et is en."""
    return {"eins": ("ein",), "et": ("en",)}.get(one, (one,))


@cache
def number_words() -> dict[str, tuple[Fraction, ...]]:
    """Return what folded words stand for; more than one number where languages differ."""
    found: dict[str, tuple[Fraction, ...]] = {}
    for language in (_ENGLISH, *_OTHERS):
        words = _composed(language)
        for word, number in [*words, *_of_english()] if language is _ENGLISH else words:
            key = folded(word)
            if number not in found.get(key, ()):
                found[key] = (*found.get(key, ()), number)
    return found


@cache
def english() -> dict[str, Fraction]:
    """Return the folded English words alone: what a host means by a word for a number."""
    return {folded(word): number for word, number in (*_composed(_ENGLISH), *_of_english())}
