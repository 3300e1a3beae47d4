"""A load run leaves a row in the ledger when it was judged."""

from __future__ import annotations

import json

import msgspec

from lab.load import row
from tests.load.rig import VERDICT, results

TOTALS = VERDICT["totals"] | {"commands": 7}


def test_a_judged_run_leaves_its_log_commands_broken_connections_and_command_line() -> None:
    report = json.loads(msgspec.json.encode(results(verdict=VERDICT | {"totals": TOTALS}, closes={"dropped": 3})))
    assert row(report, ["--players", "20"]) == {
        "campaign": "load steady sqlite",
        "amount": 7,
        "faults": {"connection lost": 3},
        "violations": 0,
        "command": "huntserver load --players 20",
    }


def test_a_run_by_histories_alone_says_so_and_one_without_verdict_leaves_no_row() -> None:
    totals = TOTALS | {"commands": 0}
    made = row(msgspec.to_builtins(results(verdict=VERDICT | {"log": "", "totals": totals})), [])
    assert made is not None
    assert (made["campaign"], made["amount"]) == ("load steady histories alone", 8)
    assert row(msgspec.to_builtins(results(verdict=None)), []) is None
