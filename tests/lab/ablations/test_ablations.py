"""Every safeguard is missed when it is gone, and is there again afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from actors.checker.history import Violation
from lab.ablations.runs import HEADING, PAGE, AblationRow, line, main, markdown, measured, table
from lab.ablations.safeguard import AREAS, FENCE, NoSuchName, Patches, Safeguard
from lab.ablations.table import Missed, ablated, missed
from lab.sim import gateway_world, seeds

ROWS = {safeguard.name: (safeguard, run) for safeguard, _, run in table()}
NEAR = {
    "probe": 42,
    "the probe's clock": 65,
    "recheck": 1300,
    "proof when told": 28,
    "window": 65,
    "refusals asleep": 55,
    "refusals of many devices": 220,
    "ghosts": 430,
    "held duplicates": 210,
    "pos floor": 470,
    "staged cap": 300,
    "all that is known to a new link": 75,
    "what was told by an answer": 25,
    "how far a listener entered": 25,
    "what is followed is given up": 58,
    "order of news": 60,
    "age of answers over links": 928,
    "what is regained": 132,
    "nonce stamp on commands": 760,
    "what is not whole is said": 387_859_391,
}
"""Where seeds begin that show soon what is missed (0 for all others); a change of the simulation moves them, so that
some hundreds are tried. `make ablations` starts from the commit's base."""
WITHIN = 300


@pytest.mark.parametrize("name", ROWS)
def test_a_safeguard_that_is_gone_is_missed(name: str) -> None:
    safeguard, run = ROWS[name]
    near = NEAR.get(name, 0)
    found = missed(safeguard, range(near, near + WITHIN), run)
    assert found is not None, f"nothing of {safeguard.breaks} was broken without: {safeguard.protects}"


@pytest.mark.parametrize("name", ROWS)
def test_a_switch_replaces_something_and_everything_is_put_back(name: str) -> None:
    patches = Patches()
    ROWS[name][0].off(patches)
    replaced = [(owner, attribute, old, vars(owner)[attribute]) for owner, attribute, old in patches.replaced()]
    assert replaced
    assert all(new is not old for _, _, old, new in replaced)
    patches.restore()
    assert all(vars(owner)[attribute] is old for owner, attribute, old, _ in replaced)
    assert patches.replaced() == []


class Product:
    """Something with one safeguard."""

    @staticmethod
    def safe() -> bool:
        """Tell whether it is there."""
        return True


def _switch(patches: Patches) -> None:
    patches.replace(Product, "safe", staticmethod(lambda: False))


SAFE = Safeguard("safe", FENCE, "it is there", ("I1",), _switch)


def test_everything_is_put_back_when_the_run_raises() -> None:
    seen = []

    def run(seed: int) -> list[Violation]:
        seen.append(Product.safe())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        missed(SAFE, range(1), run)
    assert seen == [False]
    assert Product.safe()


def test_a_name_that_the_product_has_no_longer_is_an_error() -> None:
    with pytest.raises(NoSuchName, match="Product has no 'secure' of its own"):
        Patches().replace(Product, "secure", None)


def test_a_name_that_a_class_only_inherits_is_not_replaced() -> None:
    class Later(Product):
        pass

    with pytest.raises(NoSuchName):
        Patches().replace(Later, "safe", None)


def test_a_violation_that_is_there_with_the_safeguard_too_shows_nothing() -> None:
    assert missed(SAFE, range(5), lambda seed: [Violation("I1", "always")]) is None


def test_a_violation_of_another_promise_shows_nothing() -> None:
    def run(seed: int) -> list[Violation]:
        return [] if Product.safe() else [Violation("I4", "something else")]

    assert missed(SAFE, range(5), run) is None
    assert missed(SAFE._replace(breaks=("I4",), sign="never said"), range(5), run) is None


def test_seeds_are_counted_until_the_first_that_shows_it() -> None:
    def run(seed: int) -> list[Violation]:
        return [Violation("I1", "gone")] if seed == 7 and not Product.safe() else []

    assert missed(SAFE, range(5, 20), run) == (3, 7, Violation("I1", "gone"))


def test_a_name_that_no_safeguard_has_is_said() -> None:
    with pytest.raises(ValueError, match=r"no safeguard is called 'nonsense'; there are: .*nonce"), ablated("nonsense"):
        pass


@pytest.mark.parametrize("area", AREAS)
def test_each_of_the_nine_areas_has_a_planted_bug(area: str) -> None:
    assert [safeguard for safeguard, _ in ROWS.values() if safeguard.area == area]


def test_names_are_told_apart() -> None:
    assert len(ROWS) == sum(1 for _ in table())


def test_the_page_names_every_safeguard_and_nothing_else() -> None:
    section = PAGE.read_text().partition(HEADING)[2].partition("\n## ")[0]
    named = [row.split(" | ")[1] for row in section.splitlines() if row.startswith("| ") and " | " in row][1:]
    assert sorted(named) == sorted(ROWS)
    assert "| not missed |" not in section


def test_a_row_says_median_and_worst_over_the_bases_and_where_it_was_not_missed() -> None:
    found = [Missed(seeds, 7, Violation(name, "gone")) for seeds, name in ((9, "I1"), (1, "I5"), (30, "I1"))]
    row = AblationRow(SAFE, "nodes", found)
    assert line(row).split()[-4:] == ["9", "30", "I1,", "I5"]
    page = markdown([row, AblationRow(SAFE, "nodes", [*found, None])], [5, 6, 7], 40)
    assert f"| {FENCE} | safe | it is there | nodes | 9 | 30 | I1, I5 |" in page
    assert "| 9 | not missed from 1 | I1, I5 |" in page
    assert "median and worst over 3 bases" in " ".join(page.split())


def test_a_safeguard_is_played_from_every_base_in_processes_of_their_own() -> None:
    bases = seeds.bases(2, 5)
    (row,) = measured(["effect gating"], bases, 50, 1)
    assert row.holds
    assert [found.seed - base < 50 for found, base in zip(row.missed, bases, strict=True) if found] == [True, True]


def test_the_command_line_says_what_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "nonsense"])
    assert "no safeguard is called 'nonsense'; there are: contiguity" in capsys.readouterr().err


def test_one_can_be_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--show", "redaction", "--first", "2"]) == 0
    told: Any = capsys.readouterr().out
    assert "without 'redaction'" in told
    assert "I9: " in told


def test_the_world_at_the_gateway_keeps_every_promise() -> None:
    assert [(seed, violation) for seed in range(100) for violation in gateway_world.play(seed)] == []


def test_a_seed_of_the_world_at_the_gateway_is_a_seed() -> None:
    assert gateway_world.GatewayWorld(5).draw.random() == gateway_world.GatewayWorld(5).draw.random()
