"""Hunts of other systems become hunt files, or the fault is named; standings and guesses come out whole."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from huntserver.cli.export import Spool, guesses, row_of, standings
from huntserver.cli.import_parts import Ids, ImportFault, Notes
from huntserver.cli.imports import imported, judged
from huntserver.cli.main import FAILED, USAGE, main
from huntserver.cli.sheets import PIECE_ROWS, as_bytes, pieces, written
from huntserver.game.definition.part import ID
from huntserver.game.definition.shape import Definition, source
from huntserver.game.features.guessing import Guessed
from huntserver.game.features.solving import Solved
from huntserver.game.features.standing import Disqualify
from huntserver.game.plan import Plan
from lab.rigs.game import TEAMS, Table

CHALLENGES = [
    {"id": 1, "name": "Warm-up", "description": "Say hi.\nThen again.", "value": 50, "type": "standard",
     "state": "visible", "max_attempts": 3, "requirements": None},
    {"id": 2, "name": "Ärger", "description": "", "value": 500, "type": "dynamic", "state": "visible",
     "requirements": '{"prerequisites": [1, 3]}'},
    {"id": 3, "name": "Secret", "value": 10, "state": "hidden"},
    {"id": 4, "name": "No flag", "value": 10, "state": "visible"},
]  # fmt: skip
TABLES: dict[str, Any] = {
    "challenges": CHALLENGES,
    "dynamic_challenge": [{"id": 2, "initial": 500, "minimum": 100, "decay": 20, "function": "logarithmic"}],
    "flags": [
        {"id": 1, "challenge_id": 1, "type": "static", "content": "flag{Hi}", "data": "case_insensitive"},
        {"id": 2, "challenge_id": 2, "type": "regex", "content": "flag\\{[0-9]+\\}", "data": ""},
        {"id": 3, "challenge_id": 3, "type": "static", "content": "x", "data": ""},
    ],
    "hints": [{"id": 1, "challenge_id": 1, "content": "Be polite.", "cost": 5}],
    "files": [{"id": 1, "challenge_id": 1, "location": "a/b.png"}],
    "brackets": [{"id": 1, "name": "Students"}],
    "config": [
        {"key": "ctf_name", "value": "Spring CTF"},
        {"key": "user_mode", "value": "teams"},
        {"key": "team_size", "value": "4"},
        {"key": "start", "value": "1900000000"},
        {"key": "end", "value": "1900086400"},
    ],
}
GPX = """<?xml version="1.0"?><gpx xmlns="http://www.topografix.com/GPX/1/1" version="1.1"><metadata>
<name>Old town</name></metadata><wpt lat="48.85" lon="2.35"><name>The gate</name><desc>Look up.</desc></wpt>
<wpt lat="48.86" lon="2.34"/></gpx>"""
GEO = {
    "type": "FeatureCollection",
    "name": "Harbour",
    "features": [
        {"type": "Feature", "properties": {"name": "Crane", "radius_m": 80},
         "geometry": {"type": "Point", "coordinates": [9.99, 53.54]}},
        {"type": "Feature", "properties": {"name": "Park"}, "geometry": {"type": "Polygon", "coordinates": [
            [[9.98, 53.55], [9.99, 53.55], [9.99, 53.56], [9.98, 53.55]], [[9.985, 53.551]]]}},
        {"type": "Feature", "properties": {"name": "Quay", "radius_m": 30},
         "geometry": {"type": "LineString", "coordinates": [[9.96, 53.54], [9.97, 53.545, 2.0]]}},
        {"type": "Feature", "properties": {}, "geometry": {"type": "MultiPoint", "coordinates": []}},
    ],
}  # fmt: skip
SHEET = (
    "title,text,answers,lat,lon,points,hint,hint_price,unlock\n"
    "The gate,How many?,24|two dozen,,,15,Count.,2,\n"
    "The tree,,,48.85,2.35,,,,the-gate\n"
)


def archive(tables: dict[str, Any]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, rows in tables.items():
            made.writestr(f"db/{name}.json", json.dumps({"count": len(rows), "results": rows, "meta": {}}))
    return out.getvalue()


def hunt(data: bytes, suffix: str = "") -> tuple[Definition, list[str]]:
    notes = Notes()
    tree = imported(data, suffix, notes)
    tree["title"] = tree.get("title") or "T"
    found = judged(tree, notes)
    assert isinstance(found, Definition), [str(p) for p in found]
    return found, notes.lines


def test_a_ctfd_export_becomes_a_hunt_and_what_is_not_taken_over_is_said() -> None:
    found, notes = hunt(archive(TABLES))
    teams = (found.teams.mode, found.teams.size_max)
    assert (found.title, teams, found.brackets) == ("Spring CTF", ("teams", 4), ["Students"])
    assert found.schedule.starts_at is not None
    assert found.schedule.starts_at.timestamp() == 1_900_000_000
    first, second = found.clues
    assert (first.id, first.text, first.points) == ("warm-up", "Say hi.\nThen again.", 50)
    assert (first.hints[0].text, first.hints[0].price) == ("Be polite.", 0)
    assert (second.id, second.points, second.points_min, second.decay_solves) == ("arger", 500, 100, 20)
    assert second.unlock == "warm-up", "a prerequisite that was left out binds nobody"
    assert [line.split(":")[0] for line in notes] == [
        "'Warm-up'", "'Warm-up'", "'Secret' is hidden in CTFd", "'No flag' has no flag", "'Warm-up'",
    ]  # fmt: skip


def test_flags_are_compared_as_ctfd_compared_them() -> None:
    found, _ = hunt(archive(TABLES))
    judges = Plan(source(found)).judges
    first, second = judges[0], judges[1]
    assert first is not None
    assert second is not None
    assert first.fits("FLAG{hi}")
    assert not first.fits("flaghi")
    assert second.fits("flag{123}")
    assert not second.fits("flag{x}")


def test_waypoints_points_and_sheets_become_clues() -> None:
    gpx, _ = hunt(GPX.encode())
    assert gpx.title == "Old town"
    assert [(c.id, c.title, c.text, c.kind) for c in gpx.clues] == [
        ("the-gate", "The gate", "Look up.", "location"),
        ("stop-2", "Stop 2", "", "location"),
    ]
    geo, notes = hunt(json.dumps(GEO).encode())
    crane, park, quay = geo.clues
    assert (geo.title, crane.title, crane.location.lat, crane.location.lon, crane.location.radius_m) == (
        "Harbour", "Crane", 53.54, 9.99, 80,
    )  # fmt: skip
    assert (park.id, park.location.area) == ("park", [(53.55, 9.98), (53.55, 9.99), (53.56, 9.99)])
    assert (quay.location.route, quay.location.radius_m) == ([(53.54, 9.96), (53.545, 9.97)], 30)
    assert notes == [
        "feature 2: the holes of its area are left out",
        "feature 4 is a MultiPoint, not a Point, Polygon or LineString: left out",
    ]
    for by in ",;\t":
        found, _ = hunt(SHEET.replace(",", by).encode("utf-8-sig"), ".csv")
        assert [(c.id, c.kind, c.points, c.unlock) for c in found.clues] == [
            ("the-gate", "text", 15, ""),
            ("the-tree", "location", 10, "the-gate"),
        ]
        assert found.clues[0].hints[0].text == "Count."


@pytest.mark.parametrize(
    ("data", "suffix", "says"),
    [
        (b"PK\x03\x04 broken", ".zip", "no whole zip archive"),
        (archive({"users": []}), ".zip", "holds no db/challenges.json"),
        (archive({"challenges": CHALLENGES})[:-40], ".zip", "no whole zip archive"),
        (b"<html></html>", ".gpx", "is XML, but <html>, not GPX"),
        (b"<gpx><trk/></gpx>", ".gpx", "no waypoints and no route"),
        (b"<gpx><wpt", ".gpx", "not valid XML"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><gpx/>', ".gpx", "declares entities"),
        (b'<gpx><wpt lon="2"><name>A</name></wpt></gpx>', ".gpx", "lat of point is ''"),
        (b'{"type": "Topology"}', ".json", "no GeoJSON FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', ".json", "no feature that is a Point"),
        (b"{", ".json", "not valid JSON"),
        (b"colour,answer\n", ".csv", "line 1 has the column 'colour'; columns are id, title"),
        (b"title,name,answers\n", ".csv", "line 1 has 'title' twice"),
        (b"title,answers,points\nGate,x,nan\n", ".csv", "line 2: points is 'nan', which is no number"),
        (b"title,answers,points\nGate,x,2.5\n", ".csv", "line 2: points is '2.5'; give a whole number"),
        (b"title,lat,lon\nGate,48,85,2\n", ".csv", "line 2 has 4 cells, the head line 3"),
        (b"id,answers\n", ".csv", "line 1 has no column title"),
        (b"title,answers\n", ".csv", "no line below the head line"),
        (b"title,answers\nGate,\n", ".csv", "line 2: 'Gate' has no answer"),
        (b"title,lat,lon\nGate,1,x\n", ".csv", "line 2: lon is 'x', which is no number"),
        (b"\xff\xfe", ".csv", "byte 0 is not UTF-8"),
        (b"hello", ".md", "is no CTFd export (zip), CSV, GPX or GeoJSON"),
    ],
)
def test_a_file_that_cannot_be_taken_over_is_named_with_the_reason(data: bytes, suffix: str, says: str) -> None:
    with pytest.raises(ImportFault) as fault:
        imported(data, suffix, Notes())
    assert says in str(fault.value)


def test_every_fault_of_a_sheet_is_named_in_one_run() -> None:
    with pytest.raises(ImportFault) as fault:
        imported(b"title;lat;lon;points\nGate;x;2;ten\n;1;2;3\nTree;;;\n", ".csv", Notes())
    assert [line.partition(",")[0] for line in str(fault.value).splitlines()] == [
        "line 2: points is 'ten'", "line 2: lat is 'x'", "line 3 has no title",
        "line 4: 'Tree' has no answer; needed are title",
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_sheet_with_columns_in_another_language_is_read_and_says_so(encoding: str) -> None:
    text = "Überschrift;Frage;Antwort;Punkte;Hinweis\r\nDas Tor;Wie viele?;24;10;Zähle\r\n"
    found, notes = hunt(text.encode(encoding), ".csv")
    (clue,) = found.clues
    assert (clue.title, clue.text, clue.answers, clue.points, clue.hints[0].text) == (
        "Das Tor", "Wie viele?", ["24"], 10, "Zähle",
    )  # fmt: skip
    assert "line 1: the column 'Antwort' is read as 'answers'" in notes


def test_a_table_for_excel_says_its_encoding_and_runs_nothing() -> None:
    data = as_bytes(written(("name", "n"), [("Zoë", -1), ("=cmd()", 2), ("＝1", 3)], "excel"), "excel")
    assert data.startswith(b"\xff\xfe")
    assert data.decode("utf-16") == "name\tn\r\nZoë\t-1\r\n'=cmd()\t2\r\n'＝1\t3\r\n"


@given(st.binary(max_size=200), st.sampled_from([".csv", ".gpx", ".json", ".zip"]))
def test_any_bytes_are_taken_over_or_refused(data: bytes, suffix: str) -> None:
    for start in (b"", b"PK", b"<gpx>", b'{"type": "FeatureCollection", "features": ['):
        with contextlib.suppress(ImportFault):
            assert imported(start + data, suffix, Notes())["clues"]


@given(st.lists(st.text(max_size=40), max_size=20))
def test_ids_are_ids_and_each_is_given_once(titles: list[str]) -> None:
    ids = Ids()
    made = [ids.of(title) for title in titles]
    assert len(set(made)) == len(made)
    assert all(ID.match(id) for id in made)


def test_the_command_writes_a_file_that_check_takes(tmp_path: Path) -> None:
    source_, out = tmp_path / "spring.zip", tmp_path / "spring.toml"
    source_.write_bytes(archive(TABLES))
    result = CliRunner().invoke(main, ["import", str(source_), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "'No flag' has no flag: left out" in result.stderr
    assert CliRunner().invoke(main, ["check", str(out)]).exit_code == 0
    printed = CliRunner().invoke(main, ["import", str(source_), "--title", "Other"])
    assert 'title = "Other"' in printed.stdout
    assert CliRunner().invoke(main, ["import", str(tmp_path / "none.gpx")]).exit_code == USAGE
    source_.write_bytes(b"PK\x03\x04")
    assert CliRunner().invoke(main, ["import", str(source_)]).exit_code == FAILED


def played() -> Table:
    table = Table(TEAMS).running("ann", "bob")
    table.guess("=cmd()", "ann")
    table.guess("one", "bob")
    table.host(Disqualify("t1", "x"))
    return table


def test_standings_and_guesses_come_out_as_csv_json_and_ctftimes_feed() -> None:
    state = played().state
    lines = standings(state, "csv").split("\r\n")
    assert lines[0] == "place,team,name,score,solved,reached_at,bracket,members"
    assert lines[1].startswith("1,t2,Bob,15,1,20")
    assert len(lines) == 3, "a team that was taken out stands nowhere"
    assert json.loads(standings(state, "json"))[0]["name"] == "Bob"
    feed = json.loads(standings(state, "ctftime"))
    assert feed == {"tasks": ["First", "Second", "Third"], "standings": [{"pos": 1, "team": "Bob", "score": 15}]}
    spool = Spool()
    for r in played().log:
        for e in r.events:
            if isinstance(e, Guessed | Solved):
                spool.put(row_of(r.at_ms, e))
    rows = json.loads("".join(guesses(state, spool.rows(), "json")))
    assert [(row["team"], row["verdict"], row["text"]) for row in rows] == [
        ("t1", "incorrect", "=cmd()"),
        ("t2", "correct", "one"),
    ]
    assert "'=cmd()" in "".join(guesses(state, spool.rows(), "csv")), "no spreadsheet runs what a player wrote"
    spool.close()


@given(st.lists(st.tuples(st.text(), st.integers()), max_size=5))
def test_a_sheet_reads_back_as_it_was_but_for_what_would_run(rows: list[tuple[str, int]]) -> None:
    read = list(csv.reader(io.StringIO(written(("a", "b"), rows, "csv"), newline="")))
    assert read[0] == ["a", "b"]
    assert [row[0].removeprefix("'") for row in read[1:]] == [a.removeprefix("'") for a, _ in rows]
    assert json.loads(written(("a", "b"), rows, "json")) == [{"a": a, "b": b} for a, b in rows]


@pytest.mark.parametrize("form", ["csv", "excel", "json"])
@pytest.mark.parametrize("rows", [0, 1, PIECE_ROWS, PIECE_ROWS + 1])
def test_a_table_of_any_size_is_written_in_pieces_of_some_rows(form: str, rows: int) -> None:
    table = [(n, f'a "b"\n{n}') for n in range(rows)]
    drawn = 0

    def counted() -> Iterator[tuple[int, str]]:
        nonlocal drawn
        for row in table:
            drawn += 1
            yield row

    made = []
    for piece in pieces(("n", "text"), counted(), form):
        made.append(piece)
        assert drawn <= PIECE_ROWS * len(made), "no piece waits for rows of a later one"
    assert "".join(made) == written(("n", "text"), table, form)
    if form == "json":
        assert "".join(made) == json.dumps([{"n": n, "text": t} for n, t in table], ensure_ascii=False, indent=1) + "\n"
