"""What the console works out by itself, without a browser: texts that two write, chosen rows, what was heard."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

import huntserver.game.hunt  # noqa: F401  all events are there
from huntserver.game.event import GameEvent, HostEvent
from tests.pages.test_sources import node, texts_in


def told(imports: str, expression: str, **given: Any) -> Any:
    """Return what an expression over the console's modules is, with names given."""
    names = "".join(f"const {name} = {json.dumps(value)};" for name, value in given.items())
    return node(f"{imports}\n{names}\nconsole.log(JSON.stringify({expression}));")


MERGING = "import { differences, merged } from './host/merging.js';"
TEXT = ["title = 'A'", "", "[[clues]]", "id = 'one'", "answers = ['x']", "points = 1"]


def test_what_two_changed_in_different_lines_is_put_together() -> None:
    mine, theirs = list(TEXT), list(TEXT)
    mine[0] = "# of mine\ntitle = 'B'"
    mine[5] = "points = 2"
    theirs[4] = "answers = ['x', 'nope']"
    base = "\n".join(TEXT)
    found = told(MERGING, "merged(base, mine, theirs)", base=base, mine="\n".join(mine), theirs="\n".join(theirs))
    assert found.split("\n") == ["# of mine", "title = 'B'", *TEXT[1:4], "answers = ['x', 'nope']", "points = 2"]


def test_what_two_changed_in_the_same_line_is_not() -> None:
    texts = {name: "\n".join([*TEXT[:4], f"answers = ['{name}']", TEXT[5]]) for name in ("mine", "theirs")}
    assert told(MERGING, "merged(base, mine, theirs)", base="\n".join(TEXT), **texts) is None
    assert told(MERGING, "merged(base, mine, mine)", base="\n".join(TEXT), **texts) == texts["mine"]


def test_differences_name_the_lines() -> None:
    after = "\n".join([*TEXT[:2], "intro = 'i'", *TEXT[2:5]])
    assert told(MERGING, "differences(base, after)", base="\n".join(TEXT), after=after) == [
        {"at": 2, "gone": [], "come": ["intro = 'i'"]},
        {"at": 5, "gone": ["points = 1"], "come": []},
    ]


PLACING = "import { placed } from './host/placing.js';"
HUNT_FILE = """# text = "not this"
title = "T"
intro = "Hello"
[[clues]]
id = "one"
text = '''
A "riddle".
text = "nor this"
'''
answers = ["text"]
[[clues]]
id = "two"
text = "Say \\"two\\"."
[[clues]]
id = "three"
answers = ["3"]
"""


@pytest.mark.parametrize(
    ("caret", "wanted"),
    [
        (HUNT_FILE.index("riddle"), (0, 'A "![x](a.png)riddle')),
        (HUNT_FILE.index("Hello"), (0, "![x](a.png)Hello")),
        (HUNT_FILE.index('answers = ["text"]'), (0, "nor this\"\n\n\n![x](a.png)'''")),
        (HUNT_FILE.index('id = "two"'), (1, 'two\\\\".\\n\\n![x](a.png)"'.replace("\\\\", "\\"))),
        (HUNT_FILE.index('answers = ["3"]'), (2, '[[clues]]\ntext = "![x](a.png)"\nid = "three"')),
        (0, (0, "\n\n\n![x](a.png)'''")),
        (len(HUNT_FILE), (0, "\n\n\n![x](a.png)'''")),
    ],
)
def test_a_picture_goes_into_words_for_players_wherever_the_caret_is(caret: int, wanted: tuple[int, str]) -> None:
    place = told(PLACING, "placed(source, caret, '![x](a.png)')", source=HUNT_FILE, caret=caret)
    made = HUNT_FILE[: place["at"]] + place["text"] + HUNT_FILE[place["at"] :]
    assert wanted[1] in made
    tree = tomllib.loads(made)
    shown = [clue.get("text", "") for clue in tree["clues"]]
    assert [n for n, text in enumerate([*shown, tree["intro"]]) if "![x](a.png)" in text] in ([wanted[0]], [3])


def test_without_a_clue_a_picture_goes_nowhere() -> None:
    assert told(PLACING, "placed('title = \"T\"', 0, 'x')") is None


TEAMS = "import * as teams from './host/teams.js';"


def guess(at_ms: int, text: str, verdict: str) -> list[Any]:
    return [at_ms, {"team": "t1", "clue": "a", "verdict": verdict, "personal": {"text": text}}]


def test_what_was_guessed_stands_in_its_order_also_after_a_reload() -> None:
    board = {
        "rows": [],
        "more": False,
        "clues": [],
        "teams": 0,
        "guesses": [guess(10, "x", "incorrect"), guess(30, "y", "incorrect")],
    }
    solve = {"team": "t2", "name": "B", "clue": "a", "points": 1}
    program = "(() => { const solved = teams.fold_solved(teams.new_run('h'), solve, 20);"
    heard = told(
        TEAMS,
        program + " return teams.fold_board(solved, board).heard.map(({ at_ms }) => at_ms) })()",
        board=board,
        solve=solve,
    )
    assert heard == [30, 20, 10]


def line(seq: int, what: str, undo: str = "", **fields: Any) -> list[Any]:
    return [seq, seq * 1000, what, "h:ada", "", json.dumps(fields), undo]


def test_what_was_accepted_is_not_offered_again() -> None:
    audit = [
        line(2, "amended", changed={"b": ["title"]}),
        line(1, "amended", changed={"a": ["answers"]}, accepted="Nope"),
    ]
    heard = [{"clue": "a", "text": "nope "}, {"clue": "b", "text": "nope"}, {"clue": "a", "text": "other"}]
    assert told(TEAMS, "heard.map(teams.accepted_in(audit))", audit=audit, heard=heard) == [True, False, False]
    phases = ["draft", "published", "running", "paused", "ended"]
    found = told(TEAMS, "phases.map((phase) => teams.takes_answers({ phase }))", phases=phases)
    assert found == [False, True, True, True, False]


def test_only_what_can_still_be_undone_is_offered_so() -> None:
    audit = [
        line(10, "unsolved", team="t1", clue="a"),
        line(9, "solved", "unsolve t1 a", team="t1", clue="a"),
        line(8, "adjusted", "adjust t1 -5"),
        line(7, "removed", "disqualify t2 --back"),
        line(6, "removed", "disqualify t1"),
        line(5, "removed", "disqualify t1 --back"),
        line(4, "unpaused", "pause"),
        line(3, "paused", "unpause"),
        line(2, "started", "unstart"),
        line(1, "published"),
    ]
    head = "{ phase: 'running', clues: [{ solves }] }"
    program = f"[0, 1].map((solves) => audit.map((one) => teams.can_undo(one, audit, {head})))"
    fresh, solved = told(TEAMS, program, audit=audit)
    assert fresh == [False, False, True, True, True, False, True, False, True, False]
    assert solved == [False, False, True, True, True, False, True, False, False, False]


def test_by_how_much_the_end_was_moved_is_known_through_pauses() -> None:
    audit = [
        line(4, "extended", ends_ms=1000),
        line(3, "unpaused", for_ms=300),
        line(2, "paused"),
        line(1, "started", ends_ms=100),
    ]
    assert told(TEAMS, "[0, 3].map((n) => teams.moved_ms(audit[n], audit))", audit=audit) == [600, 0]


def test_every_act_of_hosts_has_a_name_in_the_trail() -> None:
    def below(kind: type[GameEvent]) -> list[type[GameEvent]]:
        return [one for sub in kind.__subclasses__() for one in (sub, *below(sub))]

    acts = {str(kind.__struct_config__.tag) for kind in below(HostEvent)}
    english = texts_in("strings/host")["en"]
    assert len(acts) > 30
    assert {act for act in acts if f"event.{act}" not in english} == set()


def test_times_are_written_as_the_browser_writes_them() -> None:
    program = """globalThis.document = { documentElement: {} };
        const { moment, speak } = await import("./player/words.js");
        const said = (tags) => { speak(tags); return moment(70_000_000, 70_000_000); };"""
    british, american, german = told(program, "[['en-GB'], ['en-US'], ['de-AT', 'en-US']].map(said)")
    assert re.fullmatch(r"\d\d:\d\d", british)
    assert re.fullmatch(r"\d{1,2}:\d\d.[AP]M", american)
    assert re.fullmatch(r"\d\d:\d\d", german)
