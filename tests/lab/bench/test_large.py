"""The large hunt of the benchmark: it is a hunt, its log is filled as people would, and a server goes on with it."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from actors.log.sizes import RECORD_BYTES_MAX
from huntserver.cli.main import main
from huntserver.game.definition.file import DEFINITION_BYTES_MAX
from huntserver.game.definition.shape import Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.features.authoring import Defined
from lab.bench import growth, large
from lab.bench.large import Size
from lab.bench.prefill import guesses
from lab.bench.stack_share import Looks
from lab.hunts import LARGE_CLUES, campaign_hunt, large_hunt

TINY = Size(clues=20, text_bytes=60, teams=4, guesses=200, elsewhere=50)


def test_both_hunts_can_be_played_and_the_large_one_nearly_fills_the_largest_file() -> None:
    for text in (campaign_hunt(), large_hunt()):
        assert isinstance(check_definition(text.encode(), "toml"), Definition)
    size = len(large_hunt().encode())
    assert 0.9 * DEFINITION_BYTES_MAX < size <= DEFINITION_BYTES_MAX
    assert large_hunt().count("[[clues]]") == LARGE_CLUES


def test_the_largest_definition_of_plain_texts_fits_a_record_of_any_log() -> None:
    toml = large_hunt(text_bytes=1120)
    assert 0.98 * DEFINITION_BYTES_MAX < len(toml.encode()) <= DEFINITION_BYTES_MAX
    definition = check_definition(toml.encode(), "toml")
    assert isinstance(definition, Definition)
    assert len(msgspec.json.encode(Defined("0" * 32, source(definition)))) < RECORD_BYTES_MAX - 10_000


def test_guesses_go_round_and_solve_a_clue_once() -> None:
    made = list(guesses(3, 90, 20))
    right = [(player[:2], c.clue) for _, player, c in made if c.text.startswith("right")]
    assert len(made) == 90
    assert len(set(right)) == len(right) == 6
    assert not {clue for _, clue in right} & {c.clue for _, _, c in made if c.text.startswith("wrong")}
    assert {player for _, player, _ in made} == {f"t{team}m{member}" for team in range(3) for member in range(4)}


def test_a_log_is_filled_by_a_process_that_is_killed_and_a_server_goes_on_with_it(tmp_path: Path) -> None:
    server = large.prepare(tmp_path, "sqlite", TINY, kill=True)
    try:
        server.start()
        result = large.play(server, 2, "0.2")
        assert (result["errors"], result["replies"] > 0) == (0, True)
        assert result["entered_bytes"] > TINY.clues * TINY.text_bytes
        assert server.stop() == 0
    finally:
        server.kill()
    told = CliRunner().invoke(main, ["inspect", "hunt/large", "--config", str(tmp_path / "config.toml")])
    assert told.stdout.count(" joined ") >= 4 * TINY.teams
    assert told.exit_code == 0


def test_a_share_counts_looks_at_files_of_a_part() -> None:
    looks, others = Looks("/test_large"), Looks("/nowhere/")
    for frame in (sys._getframe(), None):
        looks.look(0, frame)
        others.look(0, frame)
    assert (looks.all, looks.inside) == (2, 1)
    assert (others.all, others.inside) == (2, 0)


def test_the_page_on_growth_has_every_point_with_its_ratio_and_a_curve_each() -> None:
    found = {
        what: [growth.Point(size, 30.0 + i) for i, size in enumerate(sizes)] for what, sizes in growth.STEPS.items()
    }
    text = growth.page(found)
    assert text.count("\n| ") == 1 + sum(map(len, growth.STEPS.values()))
    assert "| clues | 500 | 33.0 | 1.10 |" in text
    assert growth.picture(found).count("<polyline") == len(growth.STEPS)


@pytest.mark.parametrize("words", [["--points", "0"], ["--runs", "0"]])
def test_growth_names_what_is_allowed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["growth", *words])
    with pytest.raises(SystemExit):
        growth.main()
