"""The rules' own benchmark measures what it says: every row comes, and what it plays comes out right."""

from __future__ import annotations

from lab.bench import rules
from lab.bench.rows import Rows


def test_what_is_measured_is_a_cascade_and_a_re_judging_that_come_out_right() -> None:
    rows = Rows()
    rules.cascade(rows, wait=40)
    rules.rejudging(rows, teams=30)
    assert [row["name"] for row in rows.rows] == [
        "rules_cascade_40_ms", "rules_rejudge_longest_step_ms", "rules_rejudge_all_ms", "rules_rejudge_steps",
    ]  # fmt: skip
    assert rows.value("rules_rejudge_steps") == 5  # one for the amendment, one for each of three solves, one at the end
