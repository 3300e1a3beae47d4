"""The unlock language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.unlocks import DEPTH_MAX, RULE_MAX, Own, Rule, RuleError, Things, compile_rule, parse

INDEX = {"c1": 0, "c2": 1, "c3": 2, "a-b_c": 3}


def opens(text: str, *solved: str, elapsed_s: int = 0) -> bool:
    return compile_rule(parse(text), INDEX)(sum(1 << INDEX[s] for s in solved), elapsed_s)


@pytest.mark.parametrize(
    ("rule", "solved", "elapsed_s", "met"),
    [
        ("", (), 0, True),
        ("   ", (), 0, True),
        ("c1", (), 0, False),
        ("c1", ("c1",), 0, True),
        ("c1 and c2", ("c1",), 0, False),
        ("c1 and c2", ("c1", "c2"), 0, True),
        ("c1 or c2", ("c2",), 0, True),
        ("c1 or c2 and c3", ("c1",), 0, True),
        ("(c1 or c2) and c3", ("c1",), 0, False),
        ("2 of (c1, c2, c3)", ("c1",), 0, False),
        ("2 of (c1, c2, c3)", ("c1", "c3"), 0, True),
        ("2 of (c1, c1, c2)", ("c1",), 0, False),
        ("after 00:30", (), 1799, False),
        ("after 00:30", (), 1800, True),
        ("after 100:00", (), 360_000, True),
        ("c1 and after 0:01", ("c1",), 60, True),
        ("a-b_c", ("a-b_c",), 0, True),
    ],
)
def test_a_rule_opens_as_documented(rule: str, solved: tuple[str, ...], elapsed_s: int, met: bool) -> None:
    assert opens(rule, *solved, elapsed_s=elapsed_s) is met


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("c1 and", "the end"),
        ("c1 c2", "'and', 'or' or the end"),
        ("and c1", "'and'"),
        ("(c1", "')'"),
        ("2 of c1", "'('"),
        ("4 of (c1, c2)", "can never be met"),
        ("0 of (c1)", "can never be met"),
        ("after 30", "H:MM"),
        ("after", "H:MM"),
        ("after 0:75", "H:MM"),
        ("c1 & c2", "at character 4"),
        ("()", "expected a clue's id"),
        ("0:30", "expected a clue's id"),
        ("(" * 30 + "c1" + ")" * 30, f"deeper than {DEPTH_MAX}"),
        ("not (", "expected a clue's id, found the end"),
        ("points >= many", "expected a number, found 'many' at character 11"),
        ("points > 5", "'> 5' at character 8"),
        ("c1 and draw 3 of 2", "draw 3 of 2 can never be met"),
        ("draw 1 or 2", "expected 'of', found 'or' at character 8"),
        ("2 of round and c1", "expected a round's id, found 'and' at character 12"),
        ("has x y", "expected 'and', 'or' or the end, found 'y' at character 7"),
        ("not " * 30 + "c1", "nested deeper"),
        ("c1 or " * 200 + "c1", f"allowed are {RULE_MAX}"),
    ],
)
def test_a_rule_that_is_none_says_what_was_expected(rule: str, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(rule)
    assert says in str(caught.value)


WORDS = [
    "c1",
    "c2",
    "and",
    "or",
    "not",
    "of",
    "round",
    "has",
    "points",
    ">=",
    "draw",
    "after",
    "0:30",
    "2",
    "(",
    ")",
    ",",
]


@given(
    st.text(alphabet="c123 ()aftndor,:0of-_>=", max_size=RULE_MAX + 10)
    | st.text(max_size=80)
    | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)
)
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        rule = parse(text)
    except RuleError:
        return
    assert isinstance(rule, Rule)
    index = {id: i for i, id in enumerate(rule.ids)}
    everything = (1 << len(index)) - 1
    rounds = {id: (1, rule.ids[:1]) for id in rule.rounds if rule.ids}
    if len(rounds) < len(rule.rounds):
        return  # of nothing
    items = {item: i for i, item in enumerate(rule.items)}
    draws = {draw: i for i, draw in enumerate(rule.draws)}
    things = Things(items, draws, rounds, dict.fromkeys(rounds, rule.ids), hopeful=True)
    rich = Own(1 << 40, (1 << len(items)) - 1)
    assert compile_rule(rule, index, things)(everything, 1 << 40, rich) or "of round" in str(rule.tree), "all opens all"


RULES = st.recursive(
    st.sampled_from(["c1", "c2", "c3"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=8,
)


@given(RULES, st.integers(0, 7), st.integers(0, 7))
def test_solving_more_never_closes_what_was_open(rule: str, solved: int, more: int) -> None:
    compiled = compile_rule(parse(rule), INDEX)
    assert compiled(solved | more, 0) >= compiled(solved, 0)


@given(RULES, st.integers(0, 7))
def test_a_rule_agrees_with_python(rule: str, solved: int) -> None:
    names = {f"c{i + 1}": bool(solved >> i & 1) for i in range(3)}
    assert compile_rule(parse(rule), INDEX)(solved, 0) == bool(eval(rule, {}, names))


def test_a_clue_named_twice_counts_once() -> None:
    with pytest.raises(RuleError, match="2 of 1 clues can never be met; allowed is 1 to 1"):
        parse("2 of (c1, c1)")
    assert compile_rule(parse("1 of (c1, c1)"), INDEX)(1, 0)


THINGS = Things({"lamp": 0, "key": 1}, {("", 2): 0, ("fork", 3): 1}, {"r1": (2, ("c1", "c2"))}, {"r1": ("c1", "c2")})


@pytest.mark.parametrize(
    ("rule", "solved", "own", "met"),
    [
        ("points >= 10", 0, Own(9), False),
        ("points >= 10", 0, Own(10), True),
        ("not c1", 0, Own(), True),
        ("c2 and not c1", 3, Own(), False),
        ("not (c1 or c2)", 0b100, Own(), True),
        ("not not c1", 1, Own(), True),
        ("has lamp", 0, Own(items=2), False),
        ("has lamp or has key", 0, Own(items=2), True),
        ("round r1", 1, Own(), False),
        ("round r1", 3, Own(), True),
        ("1 of round r1", 2, Own(), True),
        ("draw 2 of 2", 0, Own(drawn=(2, 1)), True),
        ("draw 1 of 2", 0, Own(drawn=(2, 1)), False),
        ("draw fork 1 of 3", 0, Own(drawn=(2, 1)), True),
        ("not draw fork 1 of 3", 0, Own(drawn=(2, 1)), False),
        ("draw 1 of 2", 0, Own(), False),
    ],
)
def test_a_rule_looks_at_what_the_team_has(rule: str, solved: int, own: Own, met: bool) -> None:
    assert compile_rule(parse(rule), INDEX, THINGS)(solved, 0, own) is met


@pytest.mark.parametrize("word", ["not", "points", "has", "round", "draw"])
def test_a_clue_may_be_called_as_a_word_is(word: str) -> None:
    index = {word: 0, "c1": 1}
    for text, solved in ((word, 1), (f"c1 and {word}", 3), (f"1 of (c1, {word})", 1), (f"({word})", 1)):
        assert parse(text).rounds == parse(text).items == ()
        assert compile_rule(parse(text), index)(solved, 0)
        assert not compile_rule(parse(text), index)(0, 0)
