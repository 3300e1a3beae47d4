"""Slips that people make in hunt files: each is called by its name, and the faults behind it are found too."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from huntserver.game.definition.lines import lines_of
from huntserver.game.definition.oddities import oddities
from huntserver.game.definition.part import Problem
from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition

BEHIND = '\n[[clues]]\nid = "behind"\ntitle = "B"\nanswers = ["x"]\npoints = -7\n'
"""A fault of value that stands below every slip, and is to be found beside it."""


def faults(text: str, style: str = "toml") -> list[Problem]:
    found = check_definition(text.encode(), style)
    assert isinstance(found, list), "accepted"
    return found


SLIPS = [
    ("title = “My hunt”", "a typographic quote stands where \" should"),
    ("title = ‘My hunt’", "a typographic quote"),
    ("title = «My hunt»", "a typographic quote"),
    ("title\u00a0=\u00a0\"My hunt\"", "a no-break space"),
    ("title = My hunt", "a text stands without quotes"),
    ("title = 'It's mine'", "holds an apostrophe"),
    ('title = "C:\\maps\\Users"', "a \\ stands in a text"),
    ('title: "T"', "a colon stands between key and value"),
    ('title = "T"\nbrackets = [kids, parents]', "texts stand without quotes"),
    ('title = "T"\nbrackets = ["kids" "parents"]', "a comma is missing between two texts"),
    ('title = "T"\nbrackets = [\n  "kids"\n  "parents"\n]', "a comma is missing behind a text"),
    ('title = "T"\n[schedule]\nstarts_at = 2027-05-01T25:00:00+02:00', "a value is no date and time"),
    ('title = "T"\n[schedule]\nstarts_at = 01.05.2027 10:00', "a value is no date and time"),
    ('title = "T"\n[[clues]]\nid = "p"\ntitle = "P"\nkind = "location"\nlocation = { lat = 48,8462, lon = 2,3372 }',
     "a number has a comma for its decimals"),
    ('title = "T"\n[[clues]]\nid = "p"\ntitle = "P"\nkind = "location"\nlocation = {\n  lat = 48.8,\n  lon = 2.3,\n}',
     "goes over several lines"),
    ('title = "T"\n[[clues]]\nid = "p"\ntitle = "P"\nanswers = [{ number = −5 }]', "a dash stands where"),
    ('title = "T"\n[[clues]]\nid = "p"\ntitle = "P"\nanswers = ["x"]\nfinal = True', "yes and no have other names"),
    ('title = "T"\n[[clues]\nid = "p"\ntitle = "P"\nanswers = ["x"]', "a header is not closed"),
    ('title = "T"\n[teams]\nmode = "solo"\n[teams]\nsize_max = 3', "the header [teams] stands twice"),
    ('title = "T"\ntitle = "U"', "'title' stands twice in one table, the second time in line 2"),
    ('title = "T"\x00', "a control character"),
    ('Here is your hunt:\n\n```toml\ntitle = "T"', "a chat's answer stands around the hunt"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "says"), SLIPS, ids=[says[:24] for _, says in SLIPS])
def test_a_slip_is_named_with_its_line_and_the_fault_behind_it_too(text: str, says: str) -> None:
    whole = text + BEHIND
    told = faults(whole)
    slip = next(p for p in told if says in p.what)
    behind = next(p for p in told if p.path.endswith(".points"))
    assert behind.what == "is -7"
    assert lines_of([behind], whole, "toml") == [whole.count("\n")]
    assert "chat" in says or lines_of([slip], whole, "toml") > [0]
    assert all("not valid" in p.what or p in (slip, behind) for p in told), told


WORDS = """titel: Schnitzeljagd
rätsel:
  - id: a
    überschrift: Das Tor
    frage: Wie viele?
    antwort: 24
    punkte: -7
"""


def test_keys_in_other_words_are_understood_and_what_they_hold_is_judged_where_it_stands() -> None:
    told = {p.path: p.cure for p in faults(WORDS, "yaml")}
    assert told["titel"] == "did you mean 'title'?"
    assert told["rätsel[0].frage"] == "did you mean 'text'?"
    assert told["rätsel[0].antwort"] == "did you mean 'answers'?"
    assert told["rätsel"] == "did you mean 'clues'?"
    assert lines_of([p for p in faults(WORDS, "yaml") if p.what == "is -7"], WORDS, "yaml") == [7]
    assert not any("missing" in p.what for p in faults(WORDS, "yaml"))


CLUE = '[[clues]]\nid = "a"\ntitle = "A"\nanswers = ["x"]\n'
VALUES = [
    ('title = "T"\n[schedule]\nduration_s = "1h30"\n' + CLUE, "schedule.duration_s", "seconds: 5400"),
    ('title = "T"\n[schedule]\nduration = "90 minutes"\n' + CLUE, "schedule.duration", "seconds: 5400"),
    ('title = "T"\n[schedule]\nstarts_at = "2027-05-01 25:00"\n' + CLUE, "schedule.starts_at", "hour must be in"),
    ('title = "T"\n[schedule]\nstarts_at = "2027-05-01 10:00"\n' + CLUE, "schedule.starts_at", "T10:00:00 with"),
    ('title = "T"\n[schedule]\nstarts_at = "2027-03-28T02:30 Europe/Berlin"\n' + CLUE, "schedule.starts_at",
     "clocks there leave out that night; write it as 2027-03-28T03:30:00+02:00"),
    ('title = "T"\n[schedule]\nstart = "2027-03-28T02:30"\n' + CLUE, "schedule.start", "goes into starts_at"),
    ('title = "T"\n' + CLUE + 'points = "10"\n', "clues[0].points", "write 10, without quotes"),
    ('title = "T"\n' + CLUE + '[[clues]]\nid = "b"\ntitle = "B"\nanswers = "x"\n', "clues[1].answers", "= [...]"),
    ('title = "T"\n' + CLUE + '[[clues]]\nid = "b"\ntitle = "B"\nanswers = [2024-05-01]\n', "clues[1].answers[0]",
     'write { date = "1969-07-20" }'),
    ('title = "T"\n[clues]\nid = "a"\ntitle = "A"\n', "clues", "a header with two brackets"),
    ('title = "T"\n' + CLUE + '[[hints]]\nid = "h"\ntext = "x"\n', "hints", "it belongs into clues[]"),
    ('title = "T"\n' + CLUE.replace('"a"', '"Étape 1"'), "clues[0].id", "etape-1"),
    ('title = "T"\n' + CLUE + '[[clues]]\nid = "b"\ntitle = "B"\nanswers = ["x"]\nunlock = "a && a"\n',
     "clues[1].unlock", "write 'a and a'"),
    ('title = "T"\n[teams]\nmode = "Team"\n' + CLUE, "teams.mode", "did you mean 'teams'?"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "says"), VALUES)
def test_the_value_that_was_seen_and_the_one_to_write_are_named(text: str, path: str, says: str) -> None:
    assert any(p.path == path and says in str(p) for p in faults(text)), [str(p) for p in faults(text)]


def test_a_circle_is_found_beside_a_rule_that_names_nobody() -> None:
    clue = '[[clues]]\nid = "{}"\ntitle = "T"\nanswers = ["x"]\nunlock = "{}"\n'
    told = faults(
        'title = "T"\n' + "".join(clue.format(*c) for c in (("s", ""), ("a", "b"), ("b", "a"), ("c", "nobody")))
    )
    assert {p.path for p in told} == {"clues[1].unlock", "clues[2].unlock", "clues[3].unlock"}


def test_json_with_a_comma_too_many_is_judged_further() -> None:
    told = faults('{"title": "T", "clues": [{"id": "a", "title": "A", "answers": ["x"], "points": -7,},]}', "json")
    assert ["a comma too many" in told[0].what, told[1].what] == [True, "is -7"]


ODD = """
title = "<b>T</b>"
intro = "[x](javascript:alert) [ok](https://example.org) `<b>`"
brackets = ["Kids "]
[schedule]
starts_at = 2020-05-01T10:00:00Z
[[clues]]
id = "a"
title = "A"
answers = [{ regex = "/x/i" }, { regex = ".*" }]
[[clues]]
id = "b"
title = "B"
kind = "location"
location = { lat = 0.0, lon = 0.0 }
"""


def test_html_dead_links_past_times_and_expressions_for_anything_are_odd() -> None:
    found = check_definition(ODD.encode(), "toml")
    assert isinstance(found, Definition)
    assert {p.path for p in oddities(found, datetime(2026, 1, 1, tzinfo=UTC))} == {
        "title", "intro", "brackets[0]", "schedule.starts_at", "clues[0].answers[0].regex", "clues[0].answers[1].regex",
        "clues[1].location",
    }  # fmt: skip
    assert "schedule.starts_at" not in {p.path for p in oddities(found)}
