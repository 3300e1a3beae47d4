"""`kill -9` at random moments under load: `python -m campaigns.kills --log sqlite --kills 100`.

Starts a real server, lets players play, kills it, starts it again, over and over; then stops it in order and gives the
verdict. Appends a row to `bench/ledger.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path

from campaigns.definition import campaign_hunt
from campaigns.ledger import append_row
from campaigns.players import Asked, Player
from campaigns.process import ServerProcess
from campaigns.verdict import Verdict, judge
from huntserver.auth import Tokens, load_key
from huntserver.config import Config, Data, LogChoice

HUNTS = 4
QUANTITIES = {"coin": 10, "crown": 1}


def _config(arguments: argparse.Namespace, folder: Path) -> Config:
    url = f"sqlite:{folder}/hunts.db" if arguments.log == "sqlite" else arguments.log
    choice = LogChoice(
        url=url, hunt_shards=8, player_shards=8, topic_prefix=f"kills-{secrets.token_hex(4)}", replication=1
    )
    return Config(log=choice, data=Data(dir=str(folder)))


def _write_config(config: Config, path: Path) -> None:
    log = config.log
    path.write_text(
        f'[log]\nurl = "{log.url}"\nhunt_shards = {log.hunt_shards}\nplayer_shards = {log.player_shards}\n'
        f'topic_prefix = "{log.topic_prefix}"\nreplication = {log.replication}\n'
        "[limits]\ncommands_per_s = 10000\ncommands_burst = 100000\nsnapshot_records = 200\nmarker_records = 1000\n"
    )


async def campaign(arguments: argparse.Namespace) -> tuple[Verdict, int, list[Player], float]:
    """Run it. Returns verdict, commands, players, and the longest time from kill to ready in s."""
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        folder = Path(name)
        config = _config(arguments, folder)
        _write_config(config, folder / "config.toml")
        hunts = []
        for i in range(HUNTS):
            hunts.append(folder / f"campaign{i}.toml")
            hunts[-1].write_text(campaign_hunt())
        server = ServerProcess(
            folder, config.log.url, hunts=tuple(hunts), extra=("--config", str(folder / "config.toml"))
        )
        await server.start()
        mint = Tokens(load_key(folder / "token.key", make=False))
        players = [
            Player(
                i, mint.mint("player", f"player{i}", f"P{i}"), f"campaign{i % HUNTS}", server.url, rng.getrandbits(30)
            )
            for i in range(arguments.players)
        ]
        playing = [asyncio.create_task(p.run(), name=f"player {p.number}") for p in players]
        longest = 0.0
        for kill in range(arguments.kills):
            await asyncio.sleep(0.1 + rng.random() * arguments.gap_s)
            await server.kill()
            began = time.monotonic()
            await server.start()
            longest = max(longest, time.monotonic() - began)
            if kill % 10 == 9:
                print(f"{kill + 1} kills, {sum(len(p.history) for p in players)} commands", flush=True)
        await asyncio.sleep(1.0)
        for player in players:
            player.stopping = True
        _, left = await asyncio.wait(playing, timeout=30)
        for task in left:
            task.cancel()
        await asyncio.sleep(1.0)
        code = await server.stop()
        history: list[Asked] = [asked for p in players for asked in p.history]
        verdict = await judge(config, history, QUANTITIES)
        if left:
            verdict.wrong("I10", f"{len(left)} players had no answer 30 s after the last kill")
        if code != 0:
            verdict.wrong("I10", f"the server ended with exit code {code}")
        for player in players:
            for gap in player.gaps:
                verdict.wrong("I4", gap)
        return verdict, len(history), players, longest


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", default="sqlite", help="sqlite, or kafka:HOST:PORT")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--players", type=int, default=20)
    parser.add_argument("--gap-s", type=float, default=0.8)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-ledger", action="store_true")
    arguments = parser.parse_args()
    began = time.monotonic()
    verdict, commands, _, longest = asyncio.run(campaign(arguments))
    print(
        f"{arguments.kills} kills, {commands} commands, {verdict.acknowledged} acknowledged, {verdict.records} records "
        f"({verdict.void} void), {verdict.reactions} reactions, {verdict.entities_compared} states compared, "
        f"longest restart {longest:.1f} s, {time.monotonic() - began:.0f} s in all"
    )
    for violation in verdict.violations[:20]:
        print("VIOLATION", violation)
    print(f"verdict: {len(verdict.violations)} violations")
    if not arguments.no_ledger:
        append_row(
            "kills " + arguments.log.partition(":")[0],
            commands,
            {"kill -9": arguments.kills},
            len(verdict.violations),
            "python -m campaigns.kills " + " ".join(sys.argv[1:]),
        )
    sys.exit(1 if verdict.violations else 0)


if __name__ == "__main__":
    main()
