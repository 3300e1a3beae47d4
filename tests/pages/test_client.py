"""Parts of the page under Node: full and closed stores, clocks that are set, answers at their thing."""

from __future__ import annotations

import json

from tests.pages.test_sources import node

STORE = """
globalThis.document = { documentElement: {} };
let room = %d, closed = %s;
const refuse = () => { throw new DOMException("", closed ? "SecurityError" : "QuotaExceededError"); };
class Store {
  constructor() { Object.defineProperty(this, "getItem", { value: (k) => (closed ? refuse() : this[k] ?? null) }); }
  setItem(k, text) {
    const others = Object.entries(this).filter(([one]) => one !== k);
    const used = others.reduce((sum, [one, held]) => sum + one.length + held.length, 0);
    if (closed || used + k.length + text.length > room) refuse();
    this[k] = text;
  }
  removeItem(k) { if (closed) refuse(); delete this[k]; }
}
Object.defineProperty(globalThis, "localStorage", { value: new Store(), configurable: true, writable: true });
const kept = await import("./player/kept.js");
"""
"""A browser's store with room for so many characters, or closed to the page."""


def test_a_full_store_gives_up_pages_of_other_hunts_and_keeps_who_plays() -> None:
    told = node(
        STORE % (600, "false")
        + """
        kept.put("page.old.ada", "x".repeat(400));
        kept.put("me", { player: "ada", name: "Ada", token: "t".repeat(200) });
        kept.put("page.new.ada", "y".repeat(900));
        console.log(JSON.stringify({
          kept: Object.keys(localStorage), me: kept.me().name, page: kept.get("page.new.ada").length,
          old: kept.get("page.old.ada"), lasting: kept.is_lasting(),
        }));"""
    )
    assert told == {"kept": ["huntserver.me"], "me": "Ada", "page": 900, "old": None, "lasting": True}


def test_a_store_that_takes_nothing_of_who_plays_is_said_to_keep_nothing() -> None:
    program = """
        kept.put("me", { player: "ada", name: "Ada", token: "t".repeat(200) });
        console.log(JSON.stringify([kept.me().name, kept.is_lasting()]));"""
    assert node(STORE % (100, "false") + program) == ["Ada", False]
    assert node(STORE % (9999, "true") + program) == ["Ada", False]


def clock(*steps: tuple[float, float]) -> list[list[object]]:
    """Return what a device's clock says after each (its clock, how long it ran), and whether it jumped."""
    found: list[list[object]] = node(
        "import { DeviceClock } from './client/clock.js';"
        f"const clock = new DeviceClock(1_000_000, 0), said = [];"
        f"for (const [wall, run] of {json.dumps(steps)}) {{"
        " said.push([clock.read(wall, run), clock.jumped]); clock.jumped = false; }"
        "console.log(JSON.stringify(said));"
    )
    return found


def test_a_clock_that_is_set_back_goes_on_and_one_set_forward_is_told() -> None:
    hour = 3_600_000
    assert clock((1_001_000, 1000), (1_002_000 - hour, 2000), (1_003_000 - hour, 3000)) == [
        [1_001_000, False], [1_002_000, False], [1_003_000, False],
    ]  # fmt: skip
    assert clock((1_001_000 + hour, 1000), (1_002_000 + hour, 2000)) == [
        [1_001_000 + hour, True], [1_002_000 + hour, False],
    ]  # fmt: skip


def test_a_clock_that_is_kept_right_by_small_steps_never_goes_back() -> None:
    said = clock((1_001_000, 1000), (1_000_400, 1400), (1_001_600, 2000))
    assert said == [[1_001_000, False], [1_001_000, False], [1_001_600, False]]


def test_after_a_jump_the_next_word_on_the_time_counts_however_long_its_trip() -> None:
    told = node("""
        import { Session } from "./client/session.js";
        const session = new Session({ token: "t", epoch: "e" });
        const hour = 3_600_000;
        session.start(0);
        session.connected(0);
        session.received(JSON.stringify({ id: 0, ok: { now_ms: 50_000 }, pos: 0 }), 20, 0);
        const before = session.server_ms(20);
        const [{ send }] = session.doubt_clock(hour);
        session.received(JSON.stringify({ id: send.id, ok: { ts: 51_000 }, pos: 0 }), hour + 4000, 0);
        console.log(JSON.stringify([before, send.op, session.server_ms(hour + 4000)]));
    """)
    assert told == [50_010, "ping", 53_000]


def test_an_answer_stands_at_the_thing_it_is_about() -> None:
    asked = [
        {"op": "guess", "clue": "a"}, {"op": "guess", "clue": "a", "part": "b"},
        {"op": "hint", "clue": "a", "hint": "h"},
        {"op": "captain", "player": "p:bo"}, {"op": "rename", "name": "Owls"},
        {"op": "scan", "code": "X"},
        {"op": "scan", "code": "Y"}, {"op": "withdraw", "question": "q1"}, {"op": "ping"},
    ]  # fmt: skip
    answers = "{ 'clue:photo': undefined, 'clue:stone': { tone: 'wait', text: 'X' } }"  # one was put away
    told = node(
        "import { thing_of } from './player/things.js';"
        f"console.log(JSON.stringify({json.dumps(asked)}.map((one) => thing_of(one, {answers}))))"
    )
    assert told == [
        "clue:a", "clue:a.b", "hint:a:h", "member:p:bo", "rename", "clue:stone", "scan", "question:q1", "",
    ]  # fmt: skip
