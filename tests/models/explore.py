"""Breadth-first search over the states of a model: safety, deadlock, livelock, and the trace that shows it.

A model is a start state and a function that gives the moves out of a state; states are hashable values. `search`
stops at the first unsafe state. `reach` keeps the whole graph, so that what must come to pass can be asked of it:
no state without a way to a good one (deadlock), no cycle of the protocol's own moves that opens tenures for ever
(livelock), at most so many tenures once faults have ended. Never random, never timed: the same model always gives
the same answer.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)

Label = tuple[object, ...]
Step = tuple[Label, S]
STATES_MAX = 400_000


class Verdict(enum.Enum):
    """What a search says of a model."""

    CLEAN = "clean"
    UNSAFE = "unsafe"
    DEADLOCK = "deadlock"
    LIVELOCK = "livelock"


class Kind(enum.Enum):
    """Who makes a move: the protocol must make progress by its own moves only."""

    PROTOCOL = "protocol"
    TENURE = "tenure"  # a move of the protocol that puts a tenure into the log
    FAULT = "fault"


class Move(NamedTuple, Generic[S]):
    """A step of a model in which progress is asked for."""

    kind: Kind
    label: Label
    state: S


class Found(NamedTuple):
    """The outcome of a search. `trace` leads from the start to what is wrong; a livelock's `cycle` goes on from there.

    `exhaustive` is False if the search ended at its bound of states with nothing found.
    """

    verdict: Verdict
    states: int
    exhaustive: bool = True
    why: str = ""
    trace: tuple[str, ...] = ()
    cycle: tuple[str, ...] = ()


def search(
    start: S,
    steps: Callable[[S], Iterable[Step[S]]],
    wrong: Callable[[S], str | None],
    *,
    states_max: int = STATES_MAX,
) -> Found:
    """Look at every state that can be reached, nearest first, until `wrong` names a fault in one.

    The trace found is therefore a shortest one. At `states_max` states the search gives up, not exhaustive.
    """
    parents: dict[S, tuple[S, Label] | None] = {start: None}
    todo = deque([start])
    while todo:
        state = todo.popleft()
        for label, after in steps(state):
            if after in parents:
                continue
            parents[after] = (state, label)
            why = wrong(after)
            if why:
                return Found(Verdict.UNSAFE, len(parents), False, why, _trace(parents, after))
            if len(parents) >= states_max:
                return Found(Verdict.CLEAN, len(parents), exhaustive=False)
            todo.append(after)
    return Found(Verdict.CLEAN, len(parents))


class Graph(Generic[S]):
    """All states of a model and the moves between them, in the order of their distance from the start."""

    def __init__(self, start: S, moves: Callable[[S], Iterable[Move[S]]], states_max: int) -> None:
        self.parents: dict[S, tuple[S, Label] | None] = {start: None}
        self.moves: dict[S, tuple[Move[S], ...]] = {}
        todo = deque([start])
        while todo:
            state = todo.popleft()
            self.moves[state] = out = tuple(moves(state))
            for move in out:
                if move.state not in self.parents:
                    self.parents[move.state] = (state, move.label)
                    assert len(self.parents) <= states_max, "the model is larger than its bound"
                    todo.append(move.state)
        self.component = _components({state: self.own(state) for state in self.moves})

    def own(self, state: S) -> list[S]:
        """Return where the protocol's own moves lead."""
        return [move.state for move in self.moves[state] if move.kind is not Kind.FAULT]

    def trace(self, state: S) -> tuple[str, ...]:
        """Return a shortest way from the start."""
        return _trace(self.parents, state)


def reach(start: S, moves: Callable[[S], Iterable[Move[S]]], *, states_max: int = STATES_MAX) -> Graph[S]:
    """Return the whole graph of a model; an AssertionError if it has more than `states_max` states."""
    return Graph(start, moves, states_max)


def progress(graph: Graph[S], good: Callable[[S], bool]) -> Found:
    """Look for a state from which no good one can be reached without a fault, then for a cycle of tenures."""
    hopeful = _reaching(graph, good)
    for state in graph.moves:
        if state not in hopeful:
            why = "no way to a good state any more"
            return Found(Verdict.DEADLOCK, len(graph.moves), why=why, trace=graph.trace(state))
    for state, out in graph.moves.items():
        for move in out:
            if move.kind is Kind.TENURE and graph.component[state] == graph.component[move.state]:
                cycle = (_words(move.label), *_way(graph, move.state, state))
                why = "tenures are opened for ever without a fault"
                return Found(Verdict.LIVELOCK, len(graph.moves), why=why, trace=graph.trace(state), cycle=cycle)
    return Found(Verdict.CLEAN, len(graph.moves))


def restless(graph: Graph[S], settled: Callable[[S], bool]) -> tuple[str, ...] | None:
    """Return a trace to a state in which the protocol rests (or turns round) although it is not settled; else None."""
    leaves = {
        graph.component[state]
        for state in graph.moves
        if any(graph.component[after] != graph.component[state] for after in graph.own(state))
    }
    for state in graph.moves:
        if graph.component[state] not in leaves and not settled(state):
            return graph.trace(state)
    return None


def tenures_most(graph: Graph[S], since: Callable[[S], bool]) -> tuple[int, tuple[str, ...]]:
    """Return how many tenures a run without faults may open from a state that satisfies `since`, and a trace to one.

    Needs a graph without livelock. Components are numbered after all those that they lead to.
    """
    most: dict[int, int] = {}
    worst: tuple[int, tuple[str, ...]] = (0, ())
    for state in sorted(graph.moves, key=graph.component.__getitem__):
        here = graph.component[state]
        for move in graph.moves[state]:
            there = graph.component[move.state]
            if move.kind is not Kind.FAULT and there != here:
                most[here] = max(most.get(here, 0), most.get(there, 0) + (move.kind is Kind.TENURE))
        if most.get(here, 0) > worst[0] and since(state):
            worst = (most[here], graph.trace(state))
    return worst


def _words(label: Label) -> str:
    return " ".join(map(str, label))


def _trace(parents: dict[S, tuple[S, Label] | None], state: S) -> tuple[str, ...]:
    steps = []
    while (before := parents[state]) is not None:
        state = before[0]
        steps.append(_words(before[1]))
    return tuple(reversed(steps))


def _reaching(graph: Graph[S], good: Callable[[S], bool]) -> set[S]:
    """Return the states from which the protocol's own moves can lead to a good one."""
    before: dict[S, list[S]] = {}
    for state in graph.moves:
        for after in graph.own(state):
            before.setdefault(after, []).append(state)
    found = {state for state in graph.moves if good(state)}
    todo = list(found)
    while todo:
        for state in before.get(todo.pop(), ()):
            if state not in found:
                found.add(state)
                todo.append(state)
    return found


def _way(graph: Graph[S], start: S, end: S) -> tuple[str, ...]:
    """Return the labels of a shortest way from `start` to `end` by the protocol's own moves."""
    parents: dict[S, tuple[S, Label] | None] = {start: None}
    todo = deque([start])
    while todo and end not in parents:
        state = todo.popleft()
        for move in graph.moves[state]:
            if move.kind is not Kind.FAULT and move.state not in parents:
                parents[move.state] = (state, move.label)
                todo.append(move.state)
    return _trace(parents, end)


def _components(out: dict[S, list[S]]) -> dict[S, int]:
    """Number the strongly connected components, each after all those it leads to (Tarjan, without recursion)."""
    index: dict[S, int] = {}
    low: dict[S, int] = {}
    component: dict[S, int] = {}
    stack: list[S] = []
    components = 0
    for root, targets in out.items():
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        work = [(root, iter(targets))]
        while work:
            state, rest = work[-1]
            after = next(rest, None)
            if after is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[state])
                if low[state] == index[state]:
                    while (member := stack.pop()) != state:
                        component[member] = components
                    component[state] = components
                    components += 1
            elif after not in index:
                index[after] = low[after] = len(index)
                stack.append(after)
                work.append((after, iter(out[after])))
            elif after not in component:
                low[state] = min(low[state], index[after])
    return component
