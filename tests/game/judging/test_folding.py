"""Texts that a person sees as one fold alike, and texts that a person sees as two do not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from huntserver.game.judging.folding import (
    answer_forms,
    exact,
    folded,
    folded_by_steps,
    guess_forms,
    letters,
    signed,
    symbols,
    typed,
)
from huntserver.game.judging.judge import TextJudge
from huntserver.game.judging.letters import IGNORABLE

TABLE = [
    ("one", "one"), ("  o n\te ", "one"), ("Notre-Dame", "notredame"), ("L'Été, 2024!", "lete2024"),
    ("straße", "strasse"), ("STRASSE", "strasse"), ("ＦＵＬＬ　ｗｉｄｔｈ", "fullwidth"), ("½", "1/2"), ("1½", "1 1/2"),
    ("11/2", "11/2"), ("x²", "x2"), ("10²", "10^2"), ("H₂O", "h2o"), ("İstanbul", "istanbul"), ("ısparta", "isparta"),
    ("Σίσυφος", "σισυφοσ"), ("Москва", "москва"), ("東京", "東京"), ("हिन्दी", "हिन्दी"), ("under_score", "underscore"),
    ("zero\u200bwidth", "zerowidth"), ("soft\u00adhyphen", "softhyphen"), ("?!…", ""), ("★", ""), ("", ""),
    ("Łódź", "lodz"), ("smørrebrød", "smorrebrod"), ("Đakovo", "dakovo"), ("œuf", "oeuf"), ("Ægir", "aegir"),
    ("Þór", "thor"), ("ð", "d"), ("ħ", "h"), ("Əliyev", "eliyev"), ("ﬁsh", "fish"), ("Hawaiʻi", "hawaii"),
    ("שָׁלוֹם", "שלום"), ("مُحَمَّد", "محمد"), ("علی", "علي"), ("أحمد", "احمد"), ("کتاب", "كتاب"), ("مـحـمـد", "محمد"),
    ("مدرسة", "مدرسه"), ("ヒラガナ", "ひらがな"), ("ｶﾞｷﾞｸﾞ", "がぎぐ"), ("ジョン・レノン", "じょんれのん"),
    ("٢٤", "24"), ("२४", "24"), ("２４", "24"), ("①", "1"), ("❿", "10"), ("1️⃣", "1"), ("🅱️", "b"), ("Ⅳ", "iv"),
    ("lighthouse ❤️", "lighthouse"), ("France 🇫🇷", "france"), ("Lego™", "lego"), ("©1999", "1999"),
    ("C++", "c++"), ("C ++", "c++"), ("C#", "c#"), ("F♯", "f#"), ("B♭", "bb"), ("#lighthouse", "lighthouse"),
    ("3.5", "3.5"), ("3,5", "3.5"), (".5", "0.5"), ("1/2", "1/2"), ("-5", "-5"), ("−5", "-5"), ("– 5", "-5"),
    ("+5", "5"),
    ("10:30", "10:30"), ("3 : 2", "3:2"), ("3: 2 chairs", "32chairs"), ("50 %", "50%"), ("٥٠٪", "50%"),
    ("A+", "a+"), ("AB−", "ab-"), ("2^10", "2^10"), ("1+1", "1+1"),
    ("5-3-8", "538"), ("3, 5, 8", "358"), ("640×480", "640x480"), ("3*4", "3x4"), ("M*A*S*H", "mash"), ("√2", "√2"),
    ("1.2.3", "1.2.3"), ("24.12.2024", "24.12.2024"), ("24/12/2024", "24.12.2024"), ("2024-05-01", "2024.5.1"),
    ("1,250,000", "1250000"), ("1.250.000", "1250000"), ("1'000", "1000"), ("1’250’000,50", "1250000.50"),
    ("12,34,567", "1234567"), ("5'6\"", "5'6"), ("x=5", "x=5"), ("x≠5", "x≠5"), ("a -> b", "ab"), ("3<5", "3<5"),
    ("48.8584, 2.2945", "48.8584 2.2945"), ("U.S.A.", "usa"),
    ("C++17", "c++17"), ("C#7", "c#7"), ("Room#5", "room5"), ("A*", "a*"), ("F*ck", "fck"),
    ("3·5", "3.5"), ("2·10³", "2x10^3"), ("col·legi", "collegi"), ("20 º C", "20c"), ("🔟", "10"), ("🆎", "ab"),
    ("นํ้า", "น้ํา"), ("เเม่", "แม่"), ("Mr. Smith", "mrsmith"), ("AC/DC", "acdc"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "form"), TABLE)
def test_a_text_folds_as_documented(text: str, form: str) -> None:
    assert folded(text) == form


DIFFERENT = [
    ("C", "C++"), ("C", "C#"), ("C#", "C++"), ("3.5", "35"),
    ("1/2", "12"), ("1½", "11/2"), ("-5", "5"), ("10:30", "1030"),
    ("A+", "A"), ("A+", "A-"), ("A-", "A"), ("10²", "102"), ("2^3", "23"), ("1+1", "11"), ("√2", "2"), ("1.2.3", "123"),
    ("1/12/2024", "11/2/2024"), ("5'6\"", "56"), ("x=5", "x≠5"), ("мой", "мои"), ("їжак", "іжак"), ("か", "が"),
    ("ば", "ぱ"),
    ("びよういん", "びょういん"), ("มา", "ม้า"), ("कि", "की"), ("東", "京"), ("48.85 2.3", "48.852 .3"), ("±5", "5"),
    ("C++17", "C17"), ("C++11", "C+11"), ("C#7", "C7"), ("C#4", "C4"), ("A*", "A"), ("3·5", "35"),
    ("Tom & Jerry", "Tom or Jerry"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_a_person_sees_as_two_is_never_one(one: str, other: str) -> None:
    assert not set(answer_forms(one)) & set(guess_forms(other))


def test_what_the_host_wrote_must_be_there_and_what_the_player_adds_is_forgiven() -> None:
    def right(answer: str, guess: str) -> bool:
        return bool(set(answer_forms(answer)) & set(guess_forms(guess)))

    assert right("1000", "1,000")
    assert right("1000", "1.000")
    assert right("1,000", "1000")
    assert right("1.000", "1000")
    assert right("3.141", "3,141")
    assert not right("3.141", "3141")
    assert right("50", "50 %")
    assert not right("50%", "50")
    assert right("24.12.2024", "24122024")
    assert right("Müller", "Mueller")
    assert right("Mueller", "Müller")
    assert right("Müller", "Muller")
    assert right("Ålesund", "Aalesund")
    assert not right("Muller", "Mueller")
    assert {g for g in ("Angstrom", "Angstroem", "Aangstrom", "AANGSTROEM") if right("Ångström", g)} == {
        "Angstrom", "Angstroem", "Aangstrom", "AANGSTROEM",
    }  # fmt: skip
    assert right("Tom & Jerry", "Tom and Jerry")
    assert right("Tom and Jerry", "tom&jerry")
    assert right("Max und Moritz", "Max & Moritz")
    assert right("R&B", "rb")
    assert not right("Tom and Jerry", "Tom Jerry")
    assert right("ラーメン", "ラ-メン")
    assert right("東京タワー", "東京タワ－")
    assert not right("ラーメン", "ラメン")
    assert right("1º", "1o")
    assert right("20°", "20º")


@pytest.mark.parametrize(
    ("one", "other"),
    [("❤️", "❤"), ("👍🏽", "👍"), ("🏴‍☠️", "🏴\u200d☠"), ("1️⃣", "1"), ("?!", "? !"), ("“”", '""')],
)
def test_signs_alone_are_compared_as_they_are_seen(one: str, other: str) -> None:
    assert (folded(one) or symbols(one)) == (folded(other) or symbols(other)) != ""


def test_two_pictures_are_never_equal_because_only_something_invisible_is_left() -> None:
    pictures = [
        "❤️",
        "⭐️",
        "🏴‍☠️",
        "🏴",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
        "🇫🇷",
        "🇩🇪",
        "👨‍👩‍👧‍👦",
        "👨👩👧👦",
        "👩‍🚀",
        "👩",
        "♠️",
        "♣️",
        "#️⃣",
        "*️⃣",
    ]
    forms = [folded(p) or symbols(p) for p in pictures]
    assert "" not in forms
    assert len(set(forms)) == len(pictures)


def test_nothing_that_is_shown_as_nothing_makes_a_form() -> None:
    unseen = "".join(map(chr, IGNORABLE)).replace("\u200d", "")
    for form in (folded(unseen), symbols(unseen), exact(unseen), signed(unseen), typed(unseen).strip()):
        assert form == ""
    assert symbols("\u200d") == folded("\u200d") == ""


@given(st.text(max_size=40), st.sampled_from(sorted(set(IGNORABLE) - {0x200D} - set(range(0xE0000, 0xE0100)))))
def test_an_invisible_character_in_front_changes_no_form(text: str, code: int) -> None:
    assert folded(chr(code) + text) == folded(text)
    assert symbols(chr(code) + text) == symbols(text)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
@example("\x1f.0")
def test_the_short_way_for_ascii_agrees_with_the_steps(text: str) -> None:
    assert folded(text) == folded_by_steps(text)


SIGNS = st.text(alphabet="ab1209 .,'/+-#%^*=<>:()[]\"_!?&\t", max_size=20)


@given(SIGNS)
def test_the_short_way_agrees_with_the_steps_where_signs_abound(text: str) -> None:
    assert folded(text) == folded_by_steps(text)
    assert folded(text) in (*guess_forms(text), "")


@given(st.text(max_size=60))
def test_composed_and_decomposed_letters_are_alike_in_every_form(text: str) -> None:
    for form in (folded, symbols, exact, signed):
        assert form(unicodedata.normalize("NFC", text)) == form(unicodedata.normalize("NFD", text))


WORDS = st.text(alphabet=st.characters(categories=("Lu", "Ll", "Lo", "Nd", "Zs")), max_size=40)


@given(WORDS)
def test_a_text_without_signs_folds_once_for_all(text: str) -> None:
    once = folded(text)
    assert folded(once) == once


@given(st.text(alphabet=st.characters(categories=("Lu", "Ll")), min_size=1, max_size=20))
def test_case_never_matters_in_folded_and_signed_forms(text: str) -> None:
    assume("\u0345" not in unicodedata.normalize("NFD", text))  # in capitals this accent is a letter
    for other in (text.upper(), text.lower(), text.casefold()):
        if other.casefold() == text.casefold():
            assert folded(other) == folded(text)
            assert signed(other) == signed(text)


def test_accents_matter_only_where_a_clue_says_so() -> None:
    assert folded("Café") == folded("cafe")
    assert folded("Café", accents=True) != folded("cafe", accents=True)
    assert folded("Cafe\u0301", accents=True) == folded("CAFÉ", accents=True)
    assert folded("Łódź", accents=True) != folded("Lodz", accents=True)
    assert folded("İZMİR", accents=True) == folded("izmir", accents=True)


def test_signs_count_where_they_shall_and_quotes_of_phones_are_those_of_keyboards() -> None:
    assert signed("rock ’n’ roll") == signed("Rock 'n' Roll") != signed("rock n roll")
    assert signed("a – b") == signed("a-b")
    assert signed("1 2") != signed("12")
    assert exact("It’s “so” – really…") == 'It\'s "so" - really...'
    assert exact("flag{A_b}") != exact("flag{a_b}")
    assert exact(" two\u00a0 words ") == "two words"


@given(st.text(max_size=200))
def test_folding_never_fails(text: str) -> None:
    for form in (folded, symbols, exact, signed, typed):
        assert isinstance(form(text), str)
    assert folded(text, accents=True) is not None
    assert len(guess_forms(text)) <= 24


@pytest.mark.parametrize("guess", ["don't stop", "10-4", "Café l'été"])
def test_a_guess_with_signs_is_folded_once(guess: str) -> None:
    judge = TextJudge(["C++", "Turing's machine"])
    letters.cache_clear()
    assert judge.normal(guess) not in judge.texts
    assert not judge.fits(guess)
    assert letters.cache_info().misses <= 1
