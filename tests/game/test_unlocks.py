"""The unlock language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.unlocks import DEPTH_MAX, RULE_MAX, Rule, RuleError, compile_rule, parse

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
        ("c1 & c2", "at character 2"),
        ("()", "expected a clue's id"),
        ("0:30", "expected a clue's id"),
        ("(" * 30 + "c1" + ")" * 30, f"deeper than {DEPTH_MAX}"),
        ("c1 or " * 200 + "c1", f"allowed are {RULE_MAX}"),
    ],
)
def test_a_rule_that_is_none_says_what_was_expected(rule: str, says: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(rule)
    assert says in str(caught.value)


@given(st.text(alphabet="c123 ()aftndor,:0of-_", max_size=RULE_MAX + 10) | st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    try:
        rule = parse(text)
    except RuleError:
        return
    assert isinstance(rule, Rule)
    index = {id: i for i, id in enumerate(rule.ids)}
    everything = (1 << len(index)) - 1
    assert compile_rule(rule, index)(everything, 1 << 40), "all solved and all time passed opens everything"


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
