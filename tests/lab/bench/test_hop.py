"""The row for a hop: two nodes come up, and every figure is one of commands that were answered."""

from __future__ import annotations

import pytest

from lab.bench import hop
from lab.bench.rows import Rows


def test_a_hop_is_measured_between_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hop, "ONE_BY_ONE", 50)
    monkeypatch.setattr(hop, "SOUGHT", 20 * hop.CHAINS)
    rows = Rows()
    hop.measure(rows)
    names = [row["name"] for row in rows.rows]
    assert names[:3] == ["hop_local_ms_p50", "hop_remote_ms_p50", "hop_ms_p50"]
    assert {"hop_local_cpu_us", "hop_cpu_us_out", "hop_cpu_us_in"} == set(names[3:])
    assert rows.value("hop_remote_ms_p50") > rows.value("hop_local_ms_p50") > 0
