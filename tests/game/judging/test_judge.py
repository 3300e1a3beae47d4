"""One clue's judge: its modes, what is on the right way, and the marks of what was tried."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.judging.answer import Answer, Near
from huntserver.game.judging.judge import TextJudge
from huntserver.game.judging.wrapper import Wrapper, wrapper_of
from tests.game.judging.before import Judge as JudgeBefore

CASES: list[tuple[TextJudge, list[str], list[str]]] = [
    (TextJudge(["Lighthouse"]), ["lighthouse", "The-Lighthouse"[4:], "LIGHTHOUSE ❤️",
     " light house! "], ["lighthouses", "?"]),
    (TextJudge(["3.5"]), ["3.5", "3,5", "٣٫٥"], ["35", "3", "5"]),
    (TextJudge(["C++"]), ["c++", "C ++"], ["C", "C#"]),
    (TextJudge(["♠"]), ["♠", "♠️"], ["♣", "spade"]),
    (TextJudge(["?!"]), ["？！", "?！", "?!"], ["!?", "?"]),
    (TextJudge(["rock 'n' roll"], mode="signs"), ["Rock ’n’ Roll"], ["rock n roll"]),
    (TextJudge(["flag{A_b}"], mode="exact"), ["flag{A_b}", " flag{A_b} "], ["flag{a_b}", "flag{Ab}"]),
    (TextJudge(["A_b"], mode="exact", wrapper=Wrapper("flag{", "}")), ["flag{A_b}", "A_b", "FLAG{A_b}"], ["flag{a_b}"]),
    (TextJudge(["A_b"], mode="exact", wrapper=Wrapper("flag{", "}")), ["flag｛A_b｝", "ｆｌａｇ{A_b}"],
     ["flag｛a_b｝"]),
    (TextJudge(["#️⃣"]), ["#", "#⃣"], ["*️⃣", "*"]),
    (TextJudge(["⁉️"]), ["!?", "⁉"], ["?!", "‼"]),
    (TextJudge(["abc"], wrapper=Wrapper("flag{", "}", True)), ["flag{abc}", "Flag{ABC}"], ["abc"]),
    (TextJudge([Answer(number=24), "two dozen"]), ["24", "24.0", "Two Dozen"], ["25", "2 4 5"]),
    (TextJudge([Answer(number="1/3", tolerance=0.01)]), ["1/3", "0.333", "33 %"], ["0.3"]),
    (TextJudge([Answer(number=5, unit="km", tolerance="10%")]), ["5.4 km", "4600 m", "3 miles"], ["5.6 km"]),
    (TextJudge([Answer(date="1969-07-20")]), ["20 July 1969", "7/20/1969"], ["July 1969"]),
    (TextJudge([Answer(time="14:30", tolerance=5)]), ["2:33 pm", "14.26"], ["2:30"]),
    (TextJudge([Answer(in_any_order=["red", ["blue", "azure"]])]), ["azure & red", "red blue"], ["red", "blue, azure"]),
    (TextJudge([Answer(in_any_order=["C", "C++", "C#"])]), ["C# C++ C", "c/c#/c++"], ["C C# C", "C++ C"]),
    (TextJudge([Answer(in_any_order=["黒", "白"])]), ["黒と白", "白・黒", "黒、白"], ["黒", "黒と赤"]),
    (TextJudge([Answer(in_any_order=["أحمر", "أبيض"])]), ["أحمر وأبيض", "ابيض و احمر"], ["أحمر"]),
    (TextJudge([Answer(in_any_order=["אדום", "לבן"])]), ["אדום ולבן", "לבן, אדום"], ["אדום"]),
    (TextJudge([Answer(date="1989-11-09")]), ["9 พฤศจิกายน 2532", "9/XI/1989", "9.XI.89", "9 בנובמבר 1989",
     "9η Νοεμβρίου 1989"], ["9/XII/1989", "9 November 2532"]),
    (TextJudge([Answer(date="0079-08-24")]), ["24 August 79", "24.8.79"], ["24 August 80"]),
    (TextJudge([Answer(time="18:05")]), ["18 Uhr 5", "18時5分", "午後6時5分", "下午6:05", "오후 6시 5분", "6:05 μ.μ."],
     ["午前6時5分", "18 Uhr 50", "6:05 π.μ."]),
    (TextJudge([Answer(in_order=["a", Answer(number=2)])]), ["a, 2", "A; 2.0"], ["2, a"]),
    (TextJudge([Answer(regex="(19)?69")]), ["69", "1969"], ["2069"]),
    (TextJudge([Answer(text="Café", accents=True), "cup"]), ["CAFÉ", "Cup"], ["cafe"]),
    (TextJudge([Answer(text="SOS", mode="exact"), "help"]), ["SOS", "Help!"], ["sos"]),
    (TextJudge(["lighthouse"], near_miss=Near(slips=1, solves=True)), ["lighthuose", "lighthouse"], ["lighthuosee"]),
]  # fmt: skip


@pytest.mark.parametrize(("judge", "right", "wrong"), CASES)
def test_a_judge_accepts_what_its_answers_say(judge: TextJudge, right: list[str], wrong: list[str]) -> None:
    assert [g for g in right if not judge.correct(g)] == []
    assert [g for g in wrong if judge.correct(g)] == []


def test_partial_answers_and_near_misses_have_replies_and_right_ones_none() -> None:
    judge = TextJudge(["lighthouse"], partial=[("tower", "taller!")], near_miss=Near(slips=1, reply="spelling"))
    replies = {g: judge.reply(g, judge.normal(g)) for g in ("Tower!", "lighthuose", "house")}
    assert replies == {"Tower!": "taller!", "lighthuose": "spelling", "house": None}
    assert not judge.correct("lighthuose")


def test_nothing_written_has_no_mark_unless_signs_alone_are_an_answer() -> None:
    texts, signs = TextJudge(["a"]), TextJudge(["♠"])
    assert texts.mark("?!", texts.normal("?!")) == 0
    assert signs.mark("♣", signs.normal("♣")) != 0
    assert signs.mark("♠️", signs.normal("♠️")) == signs.mark("♠", signs.normal("♠"))


def test_signs_and_points_tell_guesses_apart_where_numbers_are_asked() -> None:
    numbers, texts = TextJudge([Answer(number=7)]), TextJudge(["seven"])
    assert numbers.mark("-3.5", "35") != numbers.mark("35", "35")
    assert texts.mark("so-so", texts.normal("so-so")) == texts.mark("So So", texts.normal("So So"))
    exact = TextJudge(["a"], mode="exact")
    assert exact.mark("B", exact.normal("B")) != exact.mark("b", exact.normal("b"))


PLAIN = st.text(alphabet="abcXYZ012 !?'-", max_size=30)


@given(PLAIN, PLAIN)
def test_guesses_of_letters_and_spaces_keep_verdict_and_mark_of_earlier_versions(answer: str, guess: str) -> None:
    """What a team tried before an upgrade is still known after it."""
    before = JudgeBefore([answer], patterns=[], numbers=[], partial=[])
    now = TextJudge([answer] if answer.strip(" !?'-") else ["x"])
    normal = now.normal(guess)
    if normal.isalnum():
        assert now.mark(guess, normal) == before.mark(guess, before.normal(guess))


@given(st.text(max_size=60))
def test_judging_never_fails_and_an_answer_accepts_itself(text: str) -> None:
    for mode in ("folded", "signs", "exact"):
        judge = TextJudge([text], mode=mode)  # type: ignore[arg-type]
        if judge.normal(text):
            assert judge.correct(text)
        assert judge.mark(text, judge.normal(text)) >= 0


JUDGES = [
    TextJudge(["Old Tower", "Été", "C++"], partial=[("tower", "Which one?")]),
    TextJudge(["♠"]),
    TextJudge(["Old Tower", Answer(number=7)]),
    TextJudge(["Old Tower"], near_miss=Near(slips=2, solves=True)),
    TextJudge(["Old Tower"], near_miss=Near(slips=2, reply="Nearly!")),
    TextJudge(["Old Tower"], mode="exact"),
    TextJudge(["Old Tower"], wrapper=wrapper_of("flag{...}", needed=True)),
]


@pytest.mark.parametrize("judge", JUDGES)
@given(PLAIN | st.text(max_size=20) | st.sampled_from(["old tower", "OLDTOWER!", "c++", "c", "flag{Old Tower}", "7.0"]))
def test_a_guess_is_read_at_once_as_it_is_read_step_by_step(judge: TextJudge, guess: str) -> None:
    normal = judge.normal(guess)
    right = normal in judge.texts or judge.fits(guess)
    assert judge.read(guess) == (normal, judge.mark(guess, normal), right)
    assert judge.replies or judge.reply(guess, normal) is None


FORGIVEN = [
    ("lighthouse", ["the lighthouse", "A Lighthouse", "it's the lighthouse", "The answer is: lighthouse",
                    "I think it's a lighthouse!", "der Lighthouse", "l’lighthouse"], ["lighthouses", "the light"]),
    ("The Beatles", ["Beatles", "the beatles", "Les Beatles"], ["The", "the eatles"]),
    ("La Paz", ["la paz", "It is La Paz"], ["paz"]),
    ("A4", ["a 4", "the A4"], ["4", "the 4"]),
    ("24", ["twenty-four", "vierundzwanzig", "Vingt-quatre", "двадцать четыре", "it's 24", "two dozen"],
     ["twenty", "twenty-five", "a24"]),
    ("twelve", ["12", "Twelve", "twelve."], ["twelv", "120", "zwölf", "doce"]),
    ("50%", ["50 percent", "50 per cent", "50 Prozent"], ["50"]),
    ("50 percent", ["50%", "50 percent"], ["5"]),
    ("-5", ["minus 5", "negative 5"], ["5"]),
    ("1234.5", ["1 234,5", "1\u202f234.5"], ["1 234 5"]),
    ("48.8584, 2.2945", ["48.8584,2.2945", "48.8584 2.2945"], ["48.8584", "48.85842.2945"]),
    ("2:1", ["2-1", "2 – 1", "2 : 1"], ["21", "1-2"]),
    ("2-1", ["2:1", "2–1"], ["1:2"]),
    ("10:30", ["10.30", "10h30", "10 h 30"], ["1030", "10.31"]),
    ("10h30", ["10:30"], ["10:31"]),
    ("❤️", ["♥️", "♥", "❤"], ["💙", "♠"]),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "right", "wrong"), FORGIVEN)
def test_what_players_add_or_spell_out_is_forgiven(answer: str, right: list[str], wrong: list[str]) -> None:
    judge = TextJudge([answer])
    assert [g for g in right if not judge.read(g)[2]] == []
    assert [g for g in wrong if judge.read(g)[2]] == []


def test_what_is_forgiven_never_takes_the_place_of_a_partial_answer_and_not_where_signs_count() -> None:
    judge = TextJudge(["The Old Tower", "12"], partial=[("old tower", "Which one?"), ("the keep", "Warm.")])
    assert not judge.correct("Old Tower")
    assert judge.reply("Old Tower", judge.normal("Old Tower")) == "Which one?"
    assert judge.reply("a keep", judge.normal("a keep")) is None
    assert judge.reply("it's the keep", judge.normal("it's the keep")) == "Warm."
    assert judge.correct("twelve")
    for mode in ("signs", "exact"):
        strict = TextJudge(["tower"], mode=mode)  # type: ignore[arg-type]
        assert not strict.correct("the tower")
    assert TextJudge(["lighthouse"], near_miss=Near(slips=1, solves=True)).correct("the lighthous")
