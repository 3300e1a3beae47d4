"""Hunt files: what is wrong in them is named by its path, with what to do."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.game.definition.file import DEFINITION_BYTES_MAX, read
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from lab.rigs.game import SMALL, definition

CLUE = '[[clues]]\nid = "c1"\ntitle = "T"\n'
GOOD = 'title = "H"\n' + CLUE + 'answers = ["x"]\n'

TABLE = [
    ("title = ", "$", "not valid TOML"),
    ('title = "H"\n' + CLUE + 'answers = [{ set = ["Red", "red."] }]\n', "clues[0].answers[0].set[1]",
     "is the same as set[0]"),
    ('title = "H"\n' + CLUE + "answers = [{ regex = 'new york', sees = 'folded' }]\n", "clues[0].answers[0].regex",
     "holds a space, and a folded guess has none"),
    ("title = 3\n", "title", "is a whole number, 3; give a text in quotes"),
    (GOOD + 'points = "ten"\n', "clues[0].points", "is a text in quotes, 'ten'; give a whole number"),
    (GOOD + "hints = 3\n", "clues[0].hints", "is a whole number, 3; give a list in [ ]"),
    ('intro = "x"\n', "title", "is missing; add it"),
    ('title = "H"\n[[clues]]\nid = "c1"\n', "clues[0].title", "is missing; add it"),
    ('title = "H\\u001b[2J"\n' + CLUE + 'answers = ["x"]\n', "title", "holds the control character U+001B"),
    (GOOD + 'text = "a\\u0000b"\n', "clues[0].text", "holds the control character U+0000"),
    (GOOD + 'partial = [{ text = "y", reply = "\\u009b2J" }]\n', "clues[0].partial[0].reply", "U+009B"),
    ('brackets = ["\\u0007"]\n' + GOOD, "brackets[0]", "that can be shown"),
    (GOOD + '[teams]\nmode = "gang"\n', "teams.mode", "is 'gang'; allowed are solo, teams"),
    ('title = "H"\n', "clues", "has 0 entries"),
    ('title = ""\n' + CLUE + 'answers = ["x"]\n', "title", "has 0 characters"),
    ('titel = "H"\n', "titel", "did you mean 'title'?"),
    (GOOD + 'awnsers = ["y"]\n', "clues[0].awnsers", "did you mean 'answers'?"),
    (GOOD + "zzzzzz = 1\n", "clues[0].zzzzzz", "allowed here are id, title"),
    (GOOD + 'hints = [{ id = "h", txt = "?" }]\n', "clues[0].hints[0].txt", "did you mean 'text'?"),
    (GOOD + "[schedule]\nstart_at = 2030-01-01T00:00:00Z\n", "schedule.start_at", "did you mean 'starts_at'?"),
    (GOOD + "attempts = { cooldown_s = 3 }\n", "clues[0].attempts.cooldown_s", "did you mean 'cool_down_s'?"),
    ('title = "H"\n' + CLUE + "answers = [3]\n", "clues[0].answers[0]", "give a text in quotes or a table with keys"),
    ('title = "H"\n' + CLUE + 'answers = [" "]\n', "clues[0].answers[0]", "nothing that can be compared"),
    ('title = "H"\n' + CLUE + "answers = [{ number = 1.0, regex = '1' }]\n", "clues[0].answers[0]", "exactly one"),
    ('title = "H"\n' + CLUE + "answers = [{ tolerance = 1.0 }]\n", "clues[0].answers[0]", "exactly one"),
    ('title = "H"\n' + CLUE + "answers = [{ number = inf }]\n", "clues[0].answers[0].number", "finite"),
    (
        'title = "H"\n' + CLUE + "answers = [{ number = 1.0, tolerance = nan }]\n",
        "clues[0].answers[0].tolerance",
        "a number from 0",
    ),
    ('title = "H"\n' + CLUE + "answers = [{ regex = '(?=a)(a+)+b' }]\n", "clues[0].answers[0].regex", "run for ever"),
    ('title = "H"\n' + CLUE, "clues[0].answers", "is missing in a clue of kind 'text'"),
    ('title = "H"\n' + CLUE + 'kind = "code"\nanswers = ["x"]\n', "clues[0].answers", "does not belong"),
    ('title = "H"\n' + CLUE + 'kind = "code"\n', "clues[0].codes", "is missing"),
    ('title = "H"\n' + CLUE + 'kind = "code"\ncodes = [" abc "]\n', "clues[0].codes[0]", "has 3 characters"),
    ('title = "H"\n' + CLUE + 'kind = "picture"\n', "clues[0].kind",
     "is 'picture'; allowed are text, code, location"),
    ('title = "H"\n' + CLUE + 'kind = "location"\nlocation = { lat = 91.0, lon = 0.0 }\n', "clues[0].location.lat",
     "allowed is -90 to 90"),
    ('title = "H"\n' + CLUE + 'kind = "location"\nlocation = { lat = 1.0, lon = 0.0, radius_m = 2 }\n',
     "clues[0].location.radius_m", "allowed is 5 to 5000"),
    (GOOD + 'partial = [{ text = "x" }]\n', "clues[0].partial[0].text", "accepted answer too"),
    (GOOD + f'partial = [{{ text = "y", reply = "{"é" * 41}" }}]\n', "clues[0].partial[0].reply", "80 bytes"),
    (GOOD.replace('"c1"', '"C 1"'), "clues[0].id", "small letter"),
    (GOOD.replace('"c1"', '"of"'), "clues[0].id", "unlock language"),
    (GOOD + "points = -1\n", "clues[0].points", "allowed is 0 to"),
    (GOOD + "points_min = 11\n", "clues[0].points_min", "more than points"),
    (GOOD + "first_bonus = [1, -1]\n", "clues[0].first_bonus[1]", "allowed is 0 to"),
    (GOOD + 'hints = [{ id = "h", text = "" }]\n', "clues[0].hints[0].text", "has 0 characters"),
    (GOOD + 'hints = [{ id = "h", text = "x", price = -1 }]\n', "clues[0].hints[0].price", "is -1"),
    (GOOD + "[teams]\nsize_max = 0\n", "teams.size_max", "allowed is 1 to 100"),
    (GOOD + "[schedule]\nduration_s = 1\n", "schedule.duration_s", "allowed is 10 to"),
    (GOOD + "[schedule]\nstarts_at = 2030-01-01T00:00:00\n", "schedule.starts_at", "has no offset"),
    (GOOD + "[schedule]\nstarts_at = 2030-01-02T00:00:00Z\nends_at = 2030-01-01T00:00:00Z\n", "schedule.ends_at",
     "is not after starts_at"),
    (GOOD + "[schedule]\nends_at = 2030-01-01T00:00:00Z\nduration_s = 60\n", "schedule.duration_s", "one of the two"),
    (GOOD + '[[treasures]]\nid = "t"\ntitle = "T"\nquantity = 0\n', "treasures[0].quantity", "allowed is 1 to"),
    ('brackets = [""]\n' + GOOD, "brackets[0]", "has 0 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "says"), TABLE)
def test_a_fault_is_named_by_its_path_and_what_to_do(text: str, path: str, says: str) -> None:
    found = read(text.encode(), "toml")
    assert isinstance(found, list), "accepted"
    shown = [str(p) for p in found if p.path == path]
    assert shown, [str(p) for p in found]
    assert says in shown[0]
    assert all(p.what and p.cure for p in found)


def test_a_file_of_an_editor_that_marks_its_encoding_is_read() -> None:
    assert isinstance(read(b"\xef\xbb\xbf" + GOOD.encode(), "toml"), Definition)


@pytest.mark.parametrize("style", ["toml", "json"])
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_file_in_another_encoding_is_told_what_to_do(style: str, encoding: str) -> None:
    text = GOOD.replace("H", "Café") if style == "toml" else '{"title": "Café"}'
    found = read(text.encode(encoding), style)
    assert isinstance(found, list)
    assert found[0].cure == "save the file as UTF-8"
    assert ("UTF-16" in found[0].what) == (encoding == "utf-16")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-16"])
def test_a_file_in_units_of_two_or_four_bytes_is_called_by_its_encoding(encoding: str) -> None:
    found = read(GOOD.encode(encoding), "toml")
    assert isinstance(found, list)
    assert encoding[:6].upper() in found[0].what


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"PK\x03\x04", "office program"),
        (b"%PDF-1.4\n%\xe2", "PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x89PNG\r\n", "PNG"),
    ],
)
def test_a_file_that_is_no_text_is_called_by_its_name(start: bytes, name: str) -> None:
    found = read(start + bytes(40), "toml")
    assert isinstance(found, list)
    assert name in found[0].what


def test_lines_and_tabs_are_no_control_characters() -> None:
    assert isinstance(read((GOOD + 'text = "one\\r\\n\\ttwo"\n').encode(), "toml"), Definition)


def test_all_faults_of_value_are_reported_at_once() -> None:
    text = 'title = ""\n' + CLUE + 'answers = [" "]\npoints = -1\n'
    found = read(text.encode(), "toml")
    assert isinstance(found, list)
    assert [p.path for p in found] == ["title", "clues[0].points", "clues[0].answers[0]"]


def test_no_message_repeats_an_answer() -> None:
    text = 'title = "H"\n' + CLUE + f'answers = ["{"sesame" * 40}"]\npartial = [{{ text = "{"sesame" * 40}" }}]\n'
    found = read(text.encode(), "toml")
    assert isinstance(found, list)
    assert "sesame" not in " ".join(map(str, found))


def test_a_file_that_is_too_large_says_its_size() -> None:
    found = read(b"#" * (DEFINITION_BYTES_MAX + 1), "toml")
    assert isinstance(found, list)
    assert str(DEFINITION_BYTES_MAX + 1) in found[0].what


def test_toml_json_and_the_normal_form_say_the_same() -> None:
    d = definition(SMALL)
    assert read(source(d).encode(), "json") == d
    assert source(msgspec.json.decode(source(d), type=Definition)) == source(d)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(["toml", "json"]))
def test_any_bytes_are_read_or_refused(data: bytes, style: str) -> None:
    found = read(data, style)
    assert isinstance(found, Definition) or found


def test_a_key_without_a_name_has_a_path_too() -> None:
    found = read(b'{"title": "x", "": 1}', "json")
    assert isinstance(found, list)
    assert str(found[0]).startswith("$: unknown key ''; allowed here are title")


@pytest.mark.parametrize(
    "text", ["x = " + "1" * 5000, "x = " + "[" * 5000, 'title = "\\udc80"', "x = 0001-01-01T00:00:00+24:00"]
)
def test_numbers_and_brackets_without_end_are_refused(text: str) -> None:
    found = read(text.encode(), "toml")
    assert isinstance(found, list)
    assert found[0].path == "$"


MANY = """
title = "A spreadsheet made this"
colour = "red"
[schedule]
starts_at = 2027-03-28T02:30:00
duration_s = "1h30"
[[clues]]
id = "Stop 1"
answers = [24]
points = 2.5
[[clues]]
id = "opera"
title = "The opera"
kind = "location"
location = { lat = 151.215, lon = -33.8568, radius_m = 1 }
"""


def test_every_fault_of_a_file_is_named_in_one_run() -> None:
    found = read(MANY.encode(), "toml")
    assert isinstance(found, list)
    assert {p.path for p in found} == {
        "colour", "schedule.duration_s", "schedule.starts_at", "clues[0].id", "clues[0].title", "clues[0].answers[0]",
        "clues[0].points", "clues[1].location", "clues[1].location.radius_m",
    }  # fmt: skip
    assert "swapped" in next(p.what for p in found if p.path == "clues[1].location")


def test_what_stands_twice_and_rules_are_named_beside_faults_of_values() -> None:
    clue = '[[clues]]\nid = "{}"\ntitle = "T"\nanswers = ["x"]\nunlock = "{}"\n'
    text = "title = 5\n" + clue.format("a", "") + clue.format("a", "a and") + clue.format("b", "nobody")
    found = check_definition(text.encode(), "toml")
    assert isinstance(found, list)
    assert [p.path for p in found] == ["title", "clues[1].id", "clues[1].unlock", "clues[2].unlock"]
    unsure = check_definition((text + clue.format("Stop 1", "")).encode(), "toml")
    assert isinstance(unsure, list)
    assert "clues[2].unlock" not in [p.path for p in unsure], "it may name what Stop 1 is meant to be"


YAML = """# a walk
title: A walk
schedule: {starts_at: 2027-05-01T10:00:00+02:00}
clues:
  - id: gate
    title: The gate
    answers: ["24"]
"""


def test_yaml_says_the_same_as_toml_and_dates_need_their_offset_there_too() -> None:
    toml = (
        'title = "A walk"\nschedule = { starts_at = 2027-05-01T10:00:00+02:00 }\n'
        '[[clues]]\nid = "gate"\ntitle = "The gate"\n'
    )
    assert read(YAML.encode(), "yaml") == read((toml + 'answers = ["24"]\n').encode(), "toml")
    found = read(YAML.replace("+02:00", "").encode(), "yaml")
    assert isinstance(found, list)
    assert "offset" in found[0].what


@pytest.mark.parametrize(
    ("text", "style", "seen"),
    [
        (YAML, "toml", "this is YAML, read as TOML"),
        ('<?xml version="1.0"?><gpx version="1.1"></gpx>', "toml", "this is GPX, read as TOML"),
        ('{"title": "x", // why\n "clues": []}', "json", "this is JSON with comments"),
        ('{"title": "x",}', "json", "this is JSON with comments or a comma too many"),
        ('{"title": "x"}', "toml", "this is JSON, read as TOML"),
        ('title = "x"\n[[clues]]\n', "json", "this is TOML, read as JSON"),
        ("title = ", "toml", "not valid TOML"),
        ("{title: 'x', clues: []}", "json", "this is JSON with comments"),
        ("{“title”: “x”}", "json", "this is JSON with comments"),
        ("title = “x”\n", "toml", "a typographic quote stands where"),
        ("id,title,answers\ngate,The gate,24\noak,An oak,1\n", "toml", "this is CSV (parted by commas)"),
        ("id;title;answers\ngate;The gate;24\n", "toml", "this is CSV (parted by semicolons)"),
        ("id\ttitle\ngate\tThe gate\n", "yaml", "this is CSV (parted by tabs)"),
        ('{"type": "FeatureCollection", "features": []}', "json", "this is GeoJSON"),
        ('{"type": "FeatureCollection", "features": []}', "toml", "this is GeoJSON"),
        ('<kml xmlns="http://www.opengis.net/kml/2.2"/>', "toml", "this is KML"),
        ("- id: gate\n  title: x\n", "toml", "this is YAML"),
        ("%YAML 1.2\n---\ntitle: x\n", "toml", "this is YAML"),
        ('title = "x"\n[[clues]]\n', "yaml", "this is TOML, read as YAML"),
        ('title = "x"\r[[clues]]\r', "toml", "line ends of old Macs"),
        ("{\\rtf1 x}", "toml", "this is RTF"),
        (" \n", "toml", "the file is empty"),
        ("null", "json", "is empty (null)"),
        ('{"title": "x", "title": "y", "clues": []}', "json", "the key 'title' stands twice"),
        ("title: x\ntitle: y\nclues: []\n", "yaml", "the key 'title' stands twice"),
        ("a: [" * 5000, "yaml", "not valid YAML"),
        ("a: &a [x]\nb: [" + "*a, " * 200 + "]", "yaml", "aliases"),
        ("a: !!python/object:os.system x", "yaml", "not valid YAML"),
    ],
)
def test_a_file_of_another_format_is_called_by_its_name(text: str, style: str, seen: str) -> None:
    found = read(text.encode(), style)
    assert isinstance(found, list)
    assert seen in found[0].what


SYNTAX = [
    ("toml", 'title = "T"\ntitle = "U"\n', "'title' stands twice in one table, the second time in line 2"),
    ("toml", "title = 'It's'\n", "put a text that holds an apostrophe in double quotes"),
    ("toml", 'title = "T"\nintro = "one\ntwo"\n', "before and behind a text of several lines"),
    ("toml", 'title = "C:\\maps"\n', "or put the text in single quotes"),
    ("toml", 'title = "T', "not valid TOML"),
    ("yaml", "title: T\nclues:\n\t- id: a\n", "a tab stands where YAML wants spaces, line 3; indent with spaces"),
    ("yaml", "title: Part 1: the gate\n", "put a text that holds a colon in double quotes"),
    ("json", '// mine\n{"title": "T"}', "this is JSON with comments"),
    ("json", '{"title": ' + "[" * 100_000 + "]" * 100_000 + "}", "lie too deep in one another"),
]


@pytest.mark.parametrize(("style", "text", "told"), SYNTAX)
def test_a_fault_of_syntax_that_people_make_is_told_with_its_cure(style: str, text: str, told: str) -> None:
    problems = check_definition(text.encode(), style)
    assert isinstance(problems, list)
    assert told in f"{problems[0].what}; {problems[0].cure}"


WITH_OTHERS = [
    ('[[clues]]\nid = "a"\nanswers = ["x"]\nunlock = "b"\n[[clues]]\nid = "b"\nanswers = ["x"]\nunlock = "a"\n',
     "a circle"),
    ('[schedule]\nduration_s = 600\n[[clues]]\nid = "a"\nanswers = ["x"]\n[[clues]]\nid = "b"\nanswers = ["x"]\n'
     'unlock = "after 01:00"\n', "the hunt lasts 600 s"),
    ('[schedule]\nstarts_at = "tomorrow"\n' + CLUE, "write it as 2030-05-01T10:00:00+02:00"),
    ("[schedule]\nstarts_at = 2030-05-01\n" + CLUE, "is a day without a time"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "told"), WITH_OTHERS)
def test_circles_and_times_are_told_beside_what_is_missing(text: str, told: str) -> None:
    problems = check_definition(f'title = "T"\n{text}'.encode(), "toml")
    assert isinstance(problems, list)
    assert any("is missing" in problem.what for problem in problems)
    assert any(told in f"{problem.what}; {problem.cure}" for problem in problems), problems
