"""Whether a hunt can be played to its end is found before it is published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.shape import Clue, Definition
from huntserver.game.definition.solvability import check, check_definition


def clue(id: str, unlock: str = "", more: str = "") -> str:
    return f'[[clues]]\nid = "{id}"\ntitle = "T"\nanswers = ["x{id}"]\nunlock = "{unlock}"\n{more}'


EAST = '[[rounds]]\nid = "east"\ntitle = "East"\n'
HINT = 'hints = [{ id = "h", text = "?", price = %d }]\n'

TABLE = [
    (clue("a") + clue("a"), "clues[1].id", "'a' stands at clues[0].id already"),
    (clue("a") + '[[treasures]]\nid = "a"\ntitle = "T"\n', "treasures[0].id", "stands at clues[0].id"),
    (clue("a", "", 'hints = [{ id = "h", text = "?" }, { id = "h", text = "!" }]\n'), "clues[0].hints[1].id",
     "stands at clues[0].hints[0].id"),
    ('brackets = ["x", "x"]\n' + clue("a"), "brackets[1]", "stands at brackets[0]"),
    (clue("a") + clue("b", "z"), "clues[1].unlock", "names 'z', which is no clue; clues are a, b"),
    (clue("a") + clue("b", "a and"), "clues[1].unlock", "found the end"),
    (clue("a", "b") + clue("b", "a"), "clues", "no clue is open at the start"),
    (clue("s") + clue("a", "b") + clue("b", "c") + clue("c", "a"), "clues[1].unlock",
     "a circle: a needs b needs c needs a"),
    (clue("s") + clue("a", "a"), "clues[1].unlock", "a circle: a needs a"),
    (clue("s") + clue("a", "a") + clue("b", "a"), "clues[2].unlock", "'b' can never be opened"),
    (clue("s") + clue("a", "a") + '[[treasures]]\nid = "t"\ntitle = "T"\nunlock = "a"\n', "treasures[0].unlock",
     "'t' can never be claimed"),
    (clue("a", "", HINT % 1), "clues[0].hints[0].price", "(0)"),
    (clue("a") + clue("b", "a", HINT % 11), "clues[1].hints[0].price", "(10)"),
    (clue("a", "", HINT % 1) + clue("b", "a"), "clues[0].hints[0].price", "(0)"),
    (clue("a") + clue("b", "has lamp"), "clues[1].unlock", "names 'lamp', which is no item; items are none"),
    (clue("a") + clue("b", "round est") + EAST + clue("c", "", 'round = "east"\n'), "clues[1].unlock",
     "names 'est', which is no round; did you mean 'east'"),
    (clue("a") + clue("b", "2 of round east") + EAST + clue("c", "", 'round = "east"\n'), "clues[1].unlock",
     "2 of round east can never be met: it has 1"),
    (clue("a") + EAST, "rounds[0]", "no clue is in 'east'"),
    (clue("a", "", 'round = "west"\n') + EAST, "clues[0].round", "names 'west', which is no round"),
    (clue("a") + clue("m", "", 'meta_of = ["east"]\n'), "clues[1].meta_of[0]", "'east' is no round and no clue"),
    (clue("a") + clue("m", "", 'meta_of = ["m"]\n'), "clues[1].meta_of[0]", "'m' feeds itself"),
    (clue("a") + clue("m", "", 'meta_of = ["a"]\nmeta_needs = 2\n'), "clues[1].meta_needs", "2 of 1 clues"),
    (clue("a") + clue("m", "", "meta_needs = 2\n"), "clues[1].meta_needs", "stands without meta_of"),
    (clue("a") + clue("b") + '[[rotations]]\nstops = ["a", "z"]\n', "rotations[0].stops[1]", "names 'z', which is no"),
    (clue("a") + clue("b") + '[[rotations]]\nstops = ["a", "a"]\n', "rotations[0].stops[1]", "'a' stands at"),
    (clue("a") + clue("b") + '[[rotations]]\nstops = ["a"]\n', "rotations[0].stops", "has 1 entries"),
    (clue("a") + clue("b", "points >= 11"), "clues[1].unlock", "'b' can never be opened"),
    (clue("a") + clue("b", "has coin") + '[[treasures]]\nid = "coin"\ntitle = "T"\nunlock = "b"\n', "clues[1].unlock",
     "'b' can never be opened"),
    (clue("a") + '[[treasures]]\nid = "t"\ntitle = "T"\nloot = [{ id = "a", title = "A" }]\n',
     "treasures[0].loot[0].id",
     "'a' stands at clues[0].id"),
    (clue("a") + '[[treasures]]\nid = "t"\ntitle = "T"\nfrom_s = 60\nuntil_s = 60\n', "treasures[0].until_s",
     "60 is not after from_s"),
    ("[schedule]\nduration_s = 600\n" + clue("a") + '[[treasures]]\nid = "t"\ntitle = "T"\nfrom_s = 600\n',
     "treasures[0].from_s", "the hunt lasts 600 s"),
    ("[schedule]\nduration_s = 600\n" + clue("a") + clue("b", "after 0:10"), "clues[1].unlock", "waits for 600 s"),
    ("[schedule]\nstarts_at = 2030-01-01T10:00:00Z\nends_at = 2030-01-01T12:00:00Z\n" + clue("a")
     + '[[treasures]]\nid = "t"\ntitle = "T"\nunlock = "after 3:00"\n', "treasures[0].unlock", "the hunt lasts 7200 s"),
    ("[schedule]\nduration_s = 600\n" + clue("a", "", 'hints = [{ id = "h", text = "?", after_s = 600 }]\n'),
     "clues[0].hints[0].after_s", "the hunt lasts 600 s"),
    ('[[clues]]\nid = "a"\ntitle = "T"\nkind = "code"\ncodes = ["ABCD"]\n'
     '[[clues]]\nid = "b"\ntitle = "T"\nkind = "code"\ncodes = ["XYZ1", " abcd"]\n', "clues[1].codes[1]",
     "stands at clues[0].codes[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "says"), TABLE)
def test_a_fault_is_named_by_its_path_and_what_to_do(text: str, path: str, says: str) -> None:
    found = check_definition(('title = "H"\n' + text).encode(), "toml")
    assert isinstance(found, list), "accepted"
    shown = [str(p) for p in found if p.path == path]
    assert shown, [str(p) for p in found]
    assert any(says in s for s in shown), shown
    assert all(p.cure for p in found)


def test_a_code_is_never_repeated_in_a_message() -> None:
    text = 'title = "H"\n' + "".join(
        f'[[clues]]\nid = "{i}"\ntitle = "T"\nkind = "code"\ncodes = ["SECRET7"]\n' for i in ("a", "b")
    )
    found = check_definition(text.encode(), "toml")
    assert isinstance(found, list)
    assert "SECRET7" not in " ".join(map(str, found))


@pytest.mark.parametrize(
    "text",
    [
        clue("a") + clue("b", "a") + clue("c", "a or b") + clue("d", "2 of (a, b, c)"),
        clue("a") + clue("b", "a or b"),
        clue("a", "after 0:05"),
        clue("a") + clue("b", "a", HINT % 10),
        clue("a") + clue("b", "", HINT % 10),
    ],
)
def test_a_hunt_that_can_be_played_passes(text: str) -> None:
    found = check_definition(('title = "H"\n' + text).encode(), "toml")
    assert isinstance(found, Definition), found


def test_the_largest_hunt_is_judged_in_its_whole_length() -> None:
    hint = 'hints = [{ id = "h", text = "?", price = 1 }]\n'
    text = clue("c0") + "".join(clue(f"c{i}", f"c{i - 1}", hint) for i in range(1, 500))
    assert isinstance(check_definition(('title = "H"\n' + text).encode(), "toml"), Definition)


RULE = st.one_of(
    st.just(""),
    st.sampled_from("abcdef"),
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["and", "or"]), st.sampled_from("abcdef")).map(" ".join),
)


@given(st.lists(RULE, min_size=6, max_size=6))
def test_a_hunt_passes_if_and_only_if_every_clue_can_be_come_to(rules: list[str]) -> None:
    rule_of = dict(zip("abcdef", rules, strict=True))
    d = Definition(title="H", clues=[Clue(id=id, title="T", answers=[id], unlock=r) for id, r in rule_of.items()])
    solved: dict[str, bool] = dict.fromkeys("abcdef", False)
    for _ in range(6):  # played by brute force: every open clue is solved, six times over
        solved |= {
            id: solved[id] or not r or bool(eval(r, {}, dict(solved))) for id, r in zip("abcdef", rules, strict=True)
        }
    assert (not check(d)) == all(solved.values())
