"""Which letters count as one, from the tables of Unicode and CLDR. Pure.

Owns the tables alone; `folding` says in which order they are used. Every table is for `str.translate` on text that is
decomposed (NFKD) and case-folded.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_STROKES: Final = """
ðd øo đd ħh ıi ĸq łl ŋn ŧt ƀb ƃb ƈc ƌd ƒf ƙk ƚl ƞn ƥp ƫt ƭt ƴy ƶz ǥg ȡd ȥz ȴl ȵn ȶt ȷj ȼc ȿs ɀz ɇe
ɉj ɍr ɏy ɓb ɔo ɕc ɖd ɗd əe ɛe ɟj ɠg ɡg ɢg ɦh ɧh ɨi ɩi ɪi ɫl ɬl ɭl ɱm ɲn ɳn ɴn ɼr ɽr ɾr ʀr ʂs ʈt ʉu
ʋv ʏy ʐz ʑz ʙb ʛg ʜh ʝj ʟl ʠq ᴀa ᴃb ᴄc ᴅd ᴆd ᴇe ᴊj ᴋk ᴌl ᴍm ᴏo ᴘp ᴛt ᴜu ᴠv ᴡw ᴢz ᵬb ᵭd ᵮf ᵯm ᵰn ᵱp
ᵲr ᵳr ᵴs ᵵt ᵶz ᵻi ᵽp ᵾu ᶀb ᶁd ᶂf ᶃg ᶄk ᶅl ᶆm ᶇn ᶈp ᶉr ᶊs ᶌv ᶍx ᶎz ᶏa ᶑd ᶒe ᶓe ᶖi ᶙu ẜs ẝs ỽv ỿy ⱡl
ⱥa ⱦt ⱨh ⱪk ⱬz ⱱv ⱳw ⱴv ⱸe ⱺo ꜰf ꜱs ꝁk ꝃk ꝅk ꝇl ꝉl ꝋo ꝍo ꝑp ꝓp ꝕp ꝗq ꝙq ꝟv ꝱd ꝲl ꝳm ꝴn ꝵr ꝶr ꝷt ꝺd
ꝼf ꞇt ꞑn ꞓc ꞡg ꞣk ꞥn ꞧr ꞩs
"""
"""Latin letters with strokes, hooks and tails, each with its base letter: CLDR 41, transform Latin-ASCII, single
letters that NFKD leaves whole. The schwa and the open o are ours."""

_LIGATURES: Final = """
æae þth œoe ƕhv ƣoi ȸdb ȹqp ɶoe ʣdz ʥdz ʦts ʪls ʫlz ᴁae ᵫue ᵺth ỻll ꜳaa ꜵao ꜷau ꜹav ꜻav ꜽay ꝏoo ꝡvy ꝥth ꝧth
"""
"""The same transform's letters that stand for two."""


def _pairs(text: str) -> dict[int, str]:
    return {ord(word[0]): word[1:] for word in text.split()}


def _ranges(text: str) -> list[int]:
    found: list[int] = []
    for word in text.split():
        first, _, last = word.partition("-")
        found.extend(range(int(first, 16), int(last or first, 16) + 1))
    return found


IGNORABLE: Final[dict[int, str | None]] = dict.fromkeys(
    _ranges(
        "ad 34f 61c 115f-1160 17b4-17b5 180b-180f 200b-200f 202a-202e 2060-206f 3164 fe00-fe0f feff ffa0 fff0-fff8"
        " 1bca0-1bca3 1d173-1d17a e0000-e0fff"
    )
)
"""Default_Ignorable_Code_Point (UAX 44): shown as nothing. Variation selectors, joiners, bidi marks, fillers, tags."""

_UNSEEN: Final[dict[int, str | None]] = dict.fromkeys(
    _ranges("2b0-2ff 640 7fa 180a 2e2f a717-a71f a788-a78c 20dd-20e4")
)
"""Modifier letters that stand as apostrophes or tone bars, tatweel and its like, and what encloses (keycaps)."""

_LOOK_ALIKE: Final = {
    0x649: "\u064a",  # alef maksura, Farsi yeh: one letter's forms, by keyboard and country
    0x6CC: "\u064a",
    0x6A9: "\u0643",  # keheh: kaf
    0x6AA: "\u0643",
    0x6C1: "\u0647",  # heh goal, ae: heh
    0x6D5: "\u0647",
    0x671: "\u0627",  # alef wasla
    0xD7A: "\u0d23\u0d4d",  # chillu letters: as with a joiner
    0xD7B: "\u0d28\u0d4d",
    0xD7C: "\u0d30\u0d4d",
    0xD7D: "\u0d32\u0d4d",
    0xD7E: "\u0d33\u0d4d",
    0xD7F: "\u0d15\u0d4d",
    0x4C0: "\u04cf",
}
"""Letters of other scripts that people type for one another without seeing a difference."""

_KANA: Final = {c: chr(c - 0x60) for c in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)}
"""Katakana as hiragana: the same at the first level of collation (UTS 10)."""

SAME: Final[dict[int, str | None]] = {**IGNORABLE, **_UNSEEN, **_LOOK_ALIKE, **_KANA, **_pairs(_LIGATURES), 0xDF: "ss"}
"""What counts as one in every mode that folds."""

ACCENTS: Final[dict[int, str | None]] = {
    **dict.fromkeys(
        _ranges(
            "300-36f 483-487 591-5bd 5bf 5c1-5c2 5c4-5c5 5c7 610-61a 64b-65f 670 6d6-6dc 6df-6e4 6e7-6e8 6ea-6ed 711"
            " 730-74a 898-89f 8ca-8e1 8e3-8ff 951-954 1ab0-1aff 1cd0-1cd2 1cd4-1ce0 1ce2-1ce8 1ced 1cf4 1cf8-1cf9"
            " 1dc0-1dff 20d0-20dc 20e5-20f0 2de0-2dff a66f a674-a67d a69e-a69f fb1e fe20-fe2f"
        )
    ),
    **_pairs(_STROKES),
    0x131: "i",
    0x629: "\u0647",  # teh marbuta is often written without its points
}
"""Accents, points and strokes of Latin, Greek, Cyrillic, Hebrew, Arabic and Syriac: dropped unless they matter.

Vowel signs of the scripts of India, of Thai and their like, and the voicing marks of kana, make other words: they stay.
"""

BREVES: Final = tuple((unicodedata.normalize("NFD", c), c) for c in "йїўѓќ≠")
"""Cyrillic letters of their own (UTS 10 gives each a first-level weight), and a sign, which NFKD takes apart."""

DIGRAPHS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "đ": "dj"}
"""How people write letters that their keyboard lacks, beside leaving out the dots."""
