"""How much of a command's time is the log's: the server's own sums of its batches, read before and after a run."""

from __future__ import annotations

import urllib.request
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

BATCH, KIND = "huntserver_batch_seconds", "hunt"
READ_S = 10.0


class Batches(NamedTuple):
    """Since the server began: how long batches of hunts were on their way to the log, in s together, and how many."""

    waited_s: float
    batches: float


def read(text: str) -> Batches:
    """Return what a page of metrics says. Raises KeyError when it does not."""
    found = {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        if family.name == BATCH
        for sample in family.samples
        if sample.labels["kind"] == KIND
    }
    return Batches(found[f"{BATCH}_sum"], found[f"{BATCH}_count"])


def scrape(port: str) -> Batches:
    """Read the page of the server at a port of this machine. Raises OSError or KeyError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=READ_S) as page:
        return read(page.read().decode())


def mean_ms(before: Batches, after: Batches) -> float:
    """Return the mean of the batches in between, in ms; 0 when there was none."""
    count = after.batches - before.batches
    return 1e3 * (after.waited_s - before.waited_s) / count if count else 0.0
