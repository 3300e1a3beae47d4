"""How long hunts waited because of a fault, from what players sent and heard."""

from __future__ import annotations

from lab.chaos.waits import SentCommand, Waits, Window, longest, of

S = 1_000_000_000


def test_a_hunts_wait_is_its_longest_command_counted_from_the_fault_and_only_of_hunts_that_were_hurt() -> None:
    window = Window("kill", 10 * S, 20 * S, frozenset({"a", "b"}))
    sent = [
        SentCommand("a", 2 * S, 3 * S),  # before
        SentCommand("a", 9 * S, 12 * S),  # in flight: 2 s of its wait are the fault's
        SentCommand("a", 11 * S, 14 * S),
        SentCommand("a", 13 * S, 0),  # never answered: the verdict's to find
        SentCommand("a", 21 * S, 29 * S),  # after
        SentCommand("b", 15 * S, 15 * S + S // 2),
        SentCommand("c", 10 * S, 19 * S),  # another node's
    ]
    assert longest(sent, [window]) == {"kill": [3.0, 0.5]} or longest(sent, [window]) == {"kill": [0.5, 3.0]}
    assert longest(sent, []) == {}


def test_percentiles_are_waits_that_were_measured() -> None:
    assert of([]) == Waits(0, 0.0, 0.0, 0.0)
    assert of([3.0, 1.0, 2.0]) == Waits(3, 2.0, 3.0, 3.0)
    assert of([float(n) for n in range(1, 101)]) == Waits(100, 50.0, 99.0, 100.0)
