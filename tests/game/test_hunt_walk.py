"""Long random hunts, from seeds: the steps and promises of the machine, with every kind of event."""

from __future__ import annotations

import functools
import typing
from random import Random

import msgspec

from huntserver.game.features.clearing import ClearCoolDown
from huntserver.game.features.erasing import Erase, is_known
from huntserver.game.features.handing_in import TakeBack
from huntserver.game.features.queueing import TakeUp
from huntserver.game.features.rescheduling import Unstart
from huntserver.game.features.schedule import Extend, Pause, Unpause
from huntserver.game.hunt import HuntEvent
from lab.rigs.game import OWNER, Record, hand_in
from tests.game.moves import CURTAIN, DARKROOM, DESK, HOSTS_OF_TEAMS, SECOND_THOUGHTS, TEAM_COMMANDS
from tests.game.test_hunt_machine import HuntMachine

GUESSES = [("c1", "almost"), ("c1", "secretgamma"), ("c3", "almost"), ("c3", "secretgamma")]
PART_MOVES = [("word", "secretepsilon"), ("word", "wrong"), ("pick", "elm")]
INVARIANTS = [name for name, held in vars(HuntMachine).items() if hasattr(held, "hypothesis_stateful_invariant")]


def ask_and_answer(machine: HuntMachine) -> None:
    """Let a team ask, a host do all that one does with a question, and the team withdraw the next; photos likewise."""
    machine.solves_the_first(0)
    machine.asks_the_hosts(0, 3)
    for command in DESK:
        machine.hosts_answer(command, 0)
    machine.asks_the_hosts(0, 9)
    for picture, command in zip("abc", DARKROOM, strict=True):
        machine.send(hand_in("c5", picture), 0)
        machine.send(TakeUp(f"p{youngest_photo(machine)}"), OWNER, "host")
        machine.send(msgspec.structs.replace(command, photo=f"p{youngest_photo(machine)}"), OWNER, "host")
        machine.waits(5)
    machine.send(hand_in("c5", "d"), 1)
    machine.send(TakeBack(f"p{youngest_photo(machine)}"), 1)


def erase_one(machine: HuntMachine, step: int) -> None:
    """Erase the player who has been known for longest, at three steps of a walk."""
    if step not in (60, 120, 240):
        return
    state = machine.table.state
    known = [by for by in (*state.members, *state.more.left, *state.more.asking) if by not in state.rest.erased]
    for person in known[:1]:
        machine.send(Erase(person), "h:admin", "admin")
        assert not is_known(machine.table.state, person)


def youngest_photo(machine: HuntMachine) -> int:
    """Return the number of the photo that was handed in last."""
    desk = machine.table.state.rest.desk
    return desk.handed_in if desk is not None else 0


TAKEN_BACK = [(team, *what) for team in ("t1", "t2") for what in (("c1", ""), ("c2", ""), ("c4", ""), ("c4", "tag"))]


def walk(seed: int) -> set[str]:
    """Play at random from a seed; return the kinds of events that happened."""
    return {type(event).__name__ for record in history(seed) for event in record.events}


@functools.cache
def history(seed: int) -> list[Record]:
    """Play at random from a seed; return what was written."""
    random = Random(seed)
    machine = HuntMachine()
    machine.begin(players=4, started=True)
    steps = [
        lambda: machine.joins(random.randrange(10), random.choice(["Owls", "Bats", None]), None),
        lambda: machine.joins_by_invite(random.randrange(10), random.randrange(4)),
        lambda: machine.guesses(random.randrange(8), *random.choice(GUESSES)),
        lambda: machine.guesses_wrong(random.randrange(8), random.randrange(100)),
        lambda: machine.solves_the_first(random.randrange(8)),
        lambda: machine.scans(random.randrange(8), random.choice(["secretbeta", "nope", "nope 2"])),
        lambda: machine.tries_a_part(random.randrange(8), random.choice(PART_MOVES)),
        lambda: machine.awards_a_part(random.choice(["t1", "t2"]), random.choice(["tag", "pick"]), random.randrange(9)),
        lambda: machine.takes_the_hint(random.randrange(8)),
        lambda: machine.claims(random.randrange(8), random.choice(["coin", "crown"])),
        lambda: machine.hosts(random.choice([Pause(), Unpause(), Unpause(), Extend(900)])),
        lambda: machine.adjusts(random.choice(["t1", "t2"]), random.randint(-5, 9)),
        lambda: machine.disqualifies(random.choice(["t1", "t2"]), random.randrange(6)),
        lambda: machine.has_second_thoughts(random.choice(SECOND_THOUGHTS)),
        lambda: machine.gives_extra_time(random.choice(["t1", "t2"]), random.choice([60, -60])),
        lambda: machine.send(ClearCoolDown(random.choice(["t1", "t2"])), OWNER, "host"),
        lambda: machine.accepts(random.randrange(100)),
        lambda: machine.amends(random.randrange(5, 12), random.choice(["keep", "compensate"]), random.random() < 0.3),
        lambda: machine.awards(random.choice(["t1", "t2"]), random.choice(["c1", "c2", "c3"])),
        lambda: machine.takes_a_solve_back(*random.choice(TAKEN_BACK)),
        lambda: machine.corrects("c1"),
        lambda: machine.reschedules(random.choice([None, 100]), random.random() < 0.5),
        lambda: machine.ends(random.randrange(4)),
        lambda: machine.renames(random.choice(["t1", "t2"]), random.choice(["Owls", "Bats", "Newts"])),
        lambda: machine.changes_teams(random.randrange(10), random.choice(TEAM_COMMANDS)),
        lambda: machine.who_asks_is_answered(random.random() < 0.7),
        lambda: machine.the_youngest_member_leads(random.choice(["t1", "t2"])),
        lambda: machine.others_run_it_too(random.choice(["host", "reviewer", "spectator"]), random.randrange(3)),
        lambda: machine.is_enrolled(random.choice(["t1", "t2"]), random.choice(["young", "old"])),
        lambda: machine.pairs_a_device(random.randrange(10)),
        lambda: machine.sorts_teams(random.choice(HOSTS_OF_TEAMS)),
        lambda: machine.draws_the_curtain(random.choice(CURTAIN)),
        lambda: machine.asks_the_hosts(random.randrange(8), random.randrange(1, 10)),
        lambda: machine.hosts_answer(random.choice(DESK), random.randrange(2)),
        lambda: machine.waits(random.choice([1, 5, 60, 300])),
        lambda: machine.is_stored_and_comes_back(),
    ]
    if seed % 4 == 0:  # later somebody has solved something
        machine.has_second_thoughts(Unstart())
        machine.reschedules(100, False)
        machine.waits(300)
    if seed % 4 == 1:
        ask_and_answer(machine)
    for step in range(250):
        random.choice(steps)()
        erase_one(machine, step if seed % 4 == 3 else 0)
        if step % 10 == 0:
            for name in INVARIANTS:
                getattr(machine, name)()
    machine.ends(0)
    machine.waits(5)
    machine.teardown()
    return machine.table.log


def test_long_random_hunts_keep_the_promises_too() -> None:
    seen: set[str] = set()
    assert len(INVARIANTS) >= 8
    for seed in range(16):
        seen |= walk(seed)
    of_own_starts = {"Begun", "BeginningUndone", "TeamReleased"}  # in hunts of their own: `test_beginning`
    of_media = {"MediumAdded", "MediumRemoved"}
    assert seen == {t.__name__ for t in typing.get_args(HuntEvent)} - {"Announced"} - of_own_starts - of_media
