"""A report says what was measured and what the verdict is, in text and in one page that needs nothing else."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntserver.load.plots import Curve, by_percentile, linear, logarithmic, number, over_time
from huntserver.load.report_html import page
from huntserver.load.report_text import text
from huntserver.load.results import Moment
from tests.load.rig import VERDICT, results

BROKEN = VERDICT | {
    "holds": False,
    "violations": ["I1: a <b>guess</b> & more was lost"],
    "invariants": {"I1": "BROKEN", "I4": "held"},
}
CEILING = {"per_s": 50_000.0, "us_per_message": 20.0, "p50_ms": 0.1, "p99_ms": 1.0, "p999_ms": 2.0,
           "paced_us_per_message": 40.0}  # fmt: skip


class Closing(HTMLParser):
    """Holds the tags that are open, and what would be fetched."""

    EMPTY = frozenset({"meta", "line", "circle", "polyline", "polygon"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [f"{name}={value}" for name, value in attrs if name in ("src", "href")]
        if tag in ("script", "link", "img", "iframe"):
            self.fetched.append(tag)
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing() -> None:
    parser = Closing()
    parser.feed(page(results(ceiling=CEILING)))
    assert parser.open == []
    assert parser.fetched == []
    assert "http" not in page(results()).replace("http-equiv", "")


def test_every_plot_of_the_page_is_well_formed() -> None:
    plots = re.findall(r"<svg.*?</svg>", page(results()), re.DOTALL)
    assert len(plots) == 7
    for plot in plots:
        assert ElementTree.fromstring(plot).tag == "svg"


def test_text_and_page_say_the_same_figures() -> None:
    r = results(ceiling=CEILING)
    p99 = r.latency["answer"]["p99_ms"]
    for made in (text(r), page(r)):
        assert f"{p99:.2f}" in made
        assert "10.0 KiB a player" in made
        assert "50,000/s" in made
    assert "no violation" in text(r)
    assert "No violation" in page(r)


def test_what_was_not_judged_is_named_with_its_reason() -> None:
    assert "I11: not judged: the log still grew" in text(results())
    assert "not judged: the log still grew" in page(results())


def test_a_violation_is_shown_as_text_and_never_as_markup() -> None:
    r = results(verdict=BROKEN)
    assert "VIOLATIONS" in text(r)
    assert "a <b>guess</b> & more was lost" in text(r)
    assert "a &lt;b&gt;guess&lt;/b&gt; &amp; more was lost" in page(r)
    assert "I1: BROKEN" in text(r)


def test_a_run_without_a_log_says_that_the_histories_alone_were_judged() -> None:
    r = results(verdict=VERDICT | {"log": ""})
    assert "the histories alone, there was no log to read" in text(r)
    assert "the histories alone" in page(r)


def test_a_run_without_a_verdict_says_that_it_does_not_count() -> None:
    r = results(verdict=None)
    assert "do not count" in text(r)
    assert "do not count" in page(r)


def test_a_server_elsewhere_is_said_not_to_be_seen() -> None:
    assert "not seen" in text(results(server_bytes=(0, 0, 0)))


def test_the_json_form_can_be_read_back() -> None:
    r = results()
    held = msgspec.json.decode(msgspec.json.encode(r))
    assert held["latency"]["answer"]["count"] == 50
    assert len(held["moments"]) == 6
    assert held["hdr"]["answer"]


@given(st.lists(st.floats(0, 1e9), min_size=1))
def test_a_linear_scale_holds_every_value_and_has_few_ticks(values: list[float]) -> None:
    scale = linear(values)
    assert 2 <= len(scale.ticks) <= 7
    top, floor = scale.y(scale.high), scale.y(0)
    assert all(top - 1e-6 <= scale.y(value) <= floor + 1e-6 for value in values)
    assert scale.high >= max(values) * 0.999


@given(st.lists(st.floats(0.002, 60_000), min_size=1))
def test_a_logarithmic_scale_has_whole_decades_around_the_values(values: list[float]) -> None:
    scale = logarithmic(values)
    assert scale.low <= min(values)
    assert scale.high >= max(values)
    assert len(scale.ticks) >= 2


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    made = over_time("T", "ms", [0, 1, 2, 3, 4], [Curve("a", 1, [1.0, 2.0, None, 3.0, 4.0])])
    assert made.count("<polyline") == 2


def test_without_values_there_is_no_plot() -> None:
    assert over_time("T", "ms", [], [Curve("a", 1, [])]) == ""
    assert by_percentile("T", "ms", []) == ""


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.25, "0.25"), (999, "999"), (1234, "1.23k"), (2e6, "2M"), (3e9, "3G")]
)
def test_numbers_are_written_as_people_do(value: float, said: str) -> None:
    assert number(value) == said


def test_a_long_run_is_drawn_in_stretches_that_keep_the_worst_second() -> None:
    moments = [Moment(at=i, counts={"answered": 1, "pushes": 0, "states": 0}, p50_ms=1.0) for i in range(600)]
    moments[301].max_ms = 9_000.0
    made = page(results(moments=moments, seconds=600.0))
    assert "the worst of 4 s" in made
    assert "highest 9k" in made
    longest = max(points.count(",") for points in re.findall(r'points="([^"]*)"', made))
    assert longest <= 180 + 2
