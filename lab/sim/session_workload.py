"""The game over real sessions: every node has a gateway, every player the shipped client over connections that are cut.

The gateway (`lab/sim/session_gateway.py`) and the client's session (`lab/sim/session_player.py`) are the product's; the
network between them (`lab/sim/stream.py`) is a stream each way, in order, that ends when it is cut. Owns what is asked
at the end: nobody missed anything unnoticed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

from actors.shard.actor import Caller
from actors.shard.shard import Shard
from huntserver.client.session import SessionPhase
from huntserver.game.features.page import MembershipQuery, PageQuery
from lab.sim.game_workload import GameWorkload
from lab.sim.session_gateway import SimGateway
from lab.sim.session_player import SessionPlayer
from lab.sim.simulation import Simulation
from lab.sim.workload import Move

ALL_HEARD_S: Final = 4.0
"""After everything is answered: a session that was cut last comes back, and hears what it missed."""


class SessionDoor:
    """What the simulation asks of a workload that has sessions."""

    player = SessionPlayer

    @staticmethod
    def open(node: Any) -> SimGateway:
        """Return a node's gateway."""
        return SimGateway(node)

    @classmethod
    def check(cls, sim: Simulation) -> None:
        """At the end everybody who holds a valid token is in (I10), and who listens has heard everything, or was told
        a snapshot since (I4)."""
        sim.loop.run(lambda: not any(cls.away(sim)) and not any(cls.behind(sim)), ALL_HEARD_S)
        for name in cls.away(sim):
            sim.broken("I10", f"{name} holds a valid token, and has not got in")
        for text in cls.behind(sim):
            sim.broken("I4", f"{text}, and was not told")

    @staticmethod
    def away(sim: Simulation) -> Iterator[str]:
        """Yield who has not been greeted."""
        for player in sim.players:
            if isinstance(player, SessionPlayer) and player.session.phase is not SessionPhase.PLAYING:
                yield player.name

    @classmethod
    def served(cls, sim: Simulation) -> Iterator[Shard]:
        """Yield the shards of hunts, each where it is served."""
        yield from sim.alive()[-1].system.regions["hunt"].shards

    @classmethod
    def behind(cls, sim: Simulation) -> Iterator[str]:
        """Yield who has not heard everything of a hunt that it listens to."""
        for shard in cls.served(sim):
            for id, actor in shard.actors.items():
                if actor.seq and not actor.damaged:
                    for player in sim.players:
                        if isinstance(player, SessionPlayer) and id in player.hunts:
                            yield from filter(None, [player.behind(id, actor.state)])


class SessionWorkload(GameWorkload):
    """The game, over sessions."""

    door = SessionDoor

    def __init__(self, draw: random.Random) -> None:
        super().__init__(draw)
        self.rules = self.rules._replace(views=False)  # what is told is JSON; the game without sessions compares them

    def next(self, draw: random.Random, caller: Caller) -> Move | None:
        """Draw a command; what a membership is, sessions ask for themselves."""
        move = super().next(draw, caller)
        if move is not None and move.command.__class__ is MembershipQuery:
            return move._replace(command=PageQuery())
        return move
