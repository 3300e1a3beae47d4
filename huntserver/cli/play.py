"""`huntserver play`: a terminal client. Type a guess; pushes come in while you type.

On a terminal it is for people; with input from a file or a pipe it takes one command a line, waits for each answer and
prints plain lines. Survives a lost connection and a killed server: what was sent is sent again with its key.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import shlex
import sys
import threading
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from huntserver.cli.address import URL
from huntserver.cli.main import FAILED, UNREACHABLE, USAGE, fail
from huntserver.cli.play_words import HELP, OF_TEAMS, USES
from huntserver.cli.prose import shown
from huntserver.cli.refusals import refusal
from huntserver.client import TAKES, Client, Device, Refused, Unreachable, connect, guest_token

STALE = frozenset({"bad_token", "token_expired"})


class Play:
    """One player at a terminal."""

    def __init__(self, console: Console, hunt: str, people: bool) -> None:
        self.console = console
        self.hunt = hunt
        self.people = people
        self.page: dict[str, Any] = {}
        self.client: Client
        self.failures = 0
        self.present: dict[str, Any] = {}

    def say(self, text: str) -> None:
        """Print a line (Rich markup on a terminal)."""
        self.console.print(text, highlight=False)

    def tell(self, before: str, text: str) -> None:
        """Print what a host wrote behind a word of ours (Rich markup), further lines below its first."""
        lines = shown(text).split("\n")
        margin = " " * (len(before) - len(before.lstrip(" ")))
        self.console.print(Text.from_markup(before) + lines[0], highlight=False)
        for line in lines[1:]:
            self.console.print(Text(margin) + line, highlight=False)

    def on_state(self, state: str) -> None:
        """Tell about the connection."""
        self.say(
            "[yellow]connection lost, trying again ...[/]" if state == "lost" else "[green]back; nothing is lost[/]"
        )

    def on_message(self, message: dict[str, Any]) -> None:
        """Show a push."""
        if message.get("t") == "snapshot":
            self.page = message["data"]
        elif message.get("t") == "state" and message["ch"] == "presence":
            self.present |= message["data"]
        elif message.get("t") == "event":
            for event in message["events"]:
                if event.get("type") != "claimed" or message["ch"] == "hunt":  # told on both channels
                    self._event(event)
        elif message.get("t") == "sys" and message.get("op") == "refused":
            self.say("[b]you are not in this hunt any more[/]")
        elif message.get("t") == "sys" and message.get("op") == "goaway":
            self.say("[yellow]the server restarts; you will be back in a moment[/]")

    def _event(self, e: dict[str, Any]) -> None:
        name = escape(e.get("name") or e.get("team") or "")
        what = escape(e.get("title") or e.get("clue") or f"clue number {e.get('clue_number', '?')}")
        kind = e.get("type")
        if kind == "first_finder":
            self.say(f"[magenta]{name} is the first to solve {what}[/]")
        elif kind == "solved":
            self.tell(f"[green]solved: {what}, {e.get('points', 0)} points[/] ", e.get("text", ""))
        elif kind == "part_solved":
            part = f"{what}.{escape(e.get('part', ''))}"
            self.say(f"[green]done: {part}[/], {e.get('done', 0)} of {e.get('needed', 0)} parts")
        elif kind == "claimed":
            self.say(f"[magenta]{name} takes {what} (number {e.get('rank')})[/]")
        elif kind == "hint_taken":
            self.tell(f"[cyan]hint for {escape(e.get('clue', ''))}:[/] ", e.get("text", ""))
        elif kind == "question_answered" and e.get("question"):
            self.tell(f"[cyan]{e['question']['id']}, the hosts:[/] ", e["question"]["thread"][-1]["text"])
        elif kind in OF_TEAMS:
            self.say(f"[b]{name or 'you'} {OF_TEAMS[kind]}[/] {escape(e.get('text', ''))}".rstrip())
        elif kind == "adjusted":
            self.say(f"[b]{e.get('points', 0):+} points from the host[/]: {escape(e.get('reason', ''))}")
        elif kind == "removed":
            what = "in the standings again" if e.get("back") else "taken out of the standings"
            self.say(f"[b]your team is {what}[/]: {escape(e.get('reason', ''))}")
        elif kind == "announced":
            self.tell("[b]announcement:[/] ", e.get("text", ""))
        elif kind == "erratum_given":
            self.tell(f"[b]correction of {escape(e.get('clue', ''))}:[/] ", e.get("text", ""))
        elif kind in ("started", "paused", "unpaused", "ended", "extended", "published"):
            self.say(f"[b]the hunt is {kind}[/]")
        for clue in e.get("clues", ()):
            self._clue(clue)
        for treasure in e.get("treasures", ()):
            self._treasure(treasure)

    def _clue(self, c: dict[str, Any]) -> None:
        mark = "[green]done[/]" if c.get("solved") else f"{c.get('points', 0)} points"
        self.say(f"[b]{escape(c['id'])}[/]: [b]{escape(c['title'])}[/] ({escape(c['kind'])}, {mark})")
        if c.get("text") and not c.get("solved"):
            self.tell("    ", c["text"])
        self._asks(c)
        for hint in c.get("hints", ()):
            price = f"{hint.get('price', 0)} points: /hint {c['id']} {hint['id']}"
            self.tell(f"    hint {escape(hint['id'])}: ", hint.get("text") or price)

    def _asks(self, c: dict[str, Any]) -> None:
        """Print what a clue has beside its text: options, or parts with theirs."""
        asks = c.get("asks") or {}
        for option in asks.get("options", ()):
            self.say(f"    - {escape(option)}")
        parts, needed = asks.get("parts", ()), asks.get("needed", 0)
        done = {part["id"] for part in c.get("parts", ()) if part.get("done")}
        if parts:
            self.say(
                f"    {len(done)} of {needed} parts are done"
                + (f" ({len(parts)} to choose from)" * (needed < len(parts)))
            )
        for part in parts:
            mark = "[green]done[/]" if part["id"] in done else escape(part["kind"])
            title = f" {escape(part['title'])}" if part.get("title") else ""
            self.say(f"    [b]{escape(c['id'])}.{escape(part['id'])}[/]{title} ({mark})")
            if part.get("text") and part["id"] not in done:
                self.tell("        ", part["text"])
            for option in (part.get("asks") or {}).get("options", ()):
                self.say(f"        - {escape(option)}")

    def _treasure(self, t: dict[str, Any]) -> None:
        state = "yours" if t.get("mine") else f"{t.get('left', 0)} left: /claim {t['id']}"
        self.say(f"[magenta]treasure {escape(t['title'])}[/] ({state})")

    async def refresh(self) -> dict[str, Any]:
        """Ask for the page anew."""
        self.page = await self.client.question("page", hunt=self.hunt)
        return self.page

    async def show(self) -> None:
        """Print title, clues and treasures."""
        page = await self.refresh()
        self.say(f"[b u]{escape(page['title'])}[/] ({page['phase']})")
        for clue in page.get("clues", ()):
            self._clue(clue)
        for treasure in page.get("treasures", ()):
            self._treasure(treasure)

    async def board(self) -> None:
        """Print the standings."""
        seen = await self.client.question("board", hunt=self.hunt, top=20)
        table = Table("place", "team", "points", "solved")
        for row in seen["rows"]:
            table.add_row(str(row["place"]), escape(row["name"]), str(row["score"]), str(row["solved"]))
        self.console.print(table)

    async def command(self, line: str) -> bool:
        """Carry out one line; False to stop."""
        try:
            words = shlex.split(line)
        except ValueError:
            words = line.split()
        try:
            return await self._command(words, line)
        except Refused as refused:
            self.failures += 1
            wait = f" (again in {refused.after_ms / 1000:.1f} s)" if refused.after_ms else ""
            self.say(f"[red]{refused.code}: {escape(str(refused))}{wait}[/]")
        except Unreachable as error:
            self.failures += 1
            self.say(f"[red]{escape(str(error))}[/]")
        return True

    async def _command(self, words: list[str], line: str) -> bool:
        match words:
            case []:
                pass
            case ["/quit" | "/q"]:
                return False
            case ["/help" | "/?"]:
                self.say(HELP)
            case ["/clues"]:
                await self.show()
            case ["/board"]:
                await self.board()
            case ["/team"]:
                team = (await self.refresh()).get("team", {})
                self.say(f"{escape(team.get('name', ''))}: place {team.get('place')}, {team.get('score')} points"
                         + (f", invite code {team['invite']}" if team.get("invite") else ""))  # fmt: skip
                self._connected(team)
            case ["/me"]:
                me = await self.client.question("profile")
                self.say(f"{me['points']} points, {me['solves']} clues, {len(me['inventory'])} treasures")
                for item in me["inventory"]:
                    self.say(f"  {escape(item['title'])} (number {item['rank']}, {item['hunt']})")
            case ["/begin"]:
                await self.client.command("begin", hunt=self.hunt)
            case ["/leave"]:
                await self.client.command("leave_team", hunt=self.hunt)
                return False
            case ["/captain" | "/kick" | "/admit" as word, *who] if who:
                await self.client.command(word[1:], fields={"hunt": self.hunt, "player": " ".join(who)})
            case ["/invite"]:
                answer = await self.client.command("new_invite", hunt=self.hunt)
                self.say(f"your invite code is {answer['invite']} now")
            case ["/approval", "ask" | "open" as mode]:
                await self.client.command("approval", fields={"hunt": self.hunt, "mode": mode})
            case ["/scan", *code] if code:
                self._verdict(await self.client.command("scan", hunt=self.hunt, code=" ".join(code)))
            case ["/go", lat, lon] if (at := _position(lat, lon)) is not None:
                self._verdict(await self.client.command("checkin", hunt=self.hunt, lat=at[0], lon=at[1]))
            case ["/hint", clue, hint]:
                await self.client.command("hint", fields={"hunt": self.hunt, "clue": clue, "hint": hint})
            case ["/ask" | "/more" | "/withdraw" as word, about, *said] if said or word == "/withdraw":
                await self._ask(word, about, line.partition(about)[2].strip())
            case ["/claim", treasure]:
                got = await self.client.command("claim", hunt=self.hunt, treasure=treasure)
                self.say(f"[green]yours: number {got.get('rank')}[/]")
            case [word, *_] if word in USES:
                self.failures += 1
                self.say(f"[red]write {USES[word]}[/]")
            case [word, *_] if word.startswith("/"):
                self.failures += 1
                self.say(f"[red]{escape(word)} is not known[/]; /help lists what is")
            case [clue, _, *_]:
                text = line.strip().removeprefix(clue).strip()
                clue, _, part = clue.partition(".")
                fields = {"hunt": self.hunt, "clue": clue, "text": text} | ({"part": part} if part else {})
                self._verdict(await self.client.command("guess", fields=fields))
            case _:
                self.say("write the clue's id and your answer, or /help")
        return True

    async def _ask(self, word: str, about: str, text: str) -> None:
        """Ask the hosts about a clue, say more in a question, or withdraw it."""
        if word != "/ask":
            op, said = ("ask_more", {"text": text}) if word == "/more" else ("withdraw", {})
            await self.client.command(op, fields={"hunt": self.hunt, "question": about, **said})
            return
        answer = await self.client.command("ask", fields={"hunt": self.hunt, "clue": about, "text": text})
        self.say(f"your question is {answer['question']}; an answer costs {answer.get('price', 0)} points")

    def _connected(self, team: dict[str, Any]) -> None:
        """Print who of a team is connected, and how many of the hunt are, as far as it is known."""
        here = set(self.present.get("here", ()))
        for name, id in zip(team.get("members", ()), team.get("ids", ()), strict=False):
            self.say(f"  {escape(name)} ({'[green]connected[/]' if id in here else 'away'})")
        if self.present.get("count"):
            self.say(f"players of this hunt that are connected: {self.present['count']}")

    def _verdict(self, answer: dict[str, Any]) -> None:
        verdict = answer.get("verdict", "")
        if verdict == "correct" and answer.get("done", 0) < answer.get("needed", 0):
            self.say(f"[green]correct[/]: {answer['done']} of {answer['needed']} parts")
        elif verdict == "correct":
            self.say(f"[green]correct[/]: {answer.get('points', 0)} points, rank {answer.get('rank')}")
        elif verdict == "partial":
            self.say(f"[yellow]{escape(answer.get('reply') or 'keep going')}[/]")
        else:
            wait = answer.get("wait_ms", 0)
            why = f": {escape(answer['reply'])}" if answer.get("reply") else ""
            self.say(f"[red]wrong[/]{why}" + (f", next try in {wait / 1000:.0f} s" if wait else ""))


def _position(lat: str, lon: str) -> tuple[float, float] | None:
    try:
        return float(lat.rstrip(",")), float(lon)
    except ValueError:
        return None


async def _lines() -> asyncio.Queue[str | None]:
    """Return a queue of input lines, ended by None; read in a thread, for a terminal cannot be polled everywhere."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        for line in sys.stdin:
            loop.call_soon_threadsafe(queue.put_nowait, line.rstrip("\n"))
        loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return queue


async def _play(url: str, token: str, hunt: str, join: dict[str, str], device: Device) -> int:
    people = sys.stdin.isatty()
    console = Console(highlight=False, soft_wrap=not people)
    play = Play(console, hunt, people)
    async with connect(
        url, token, device=device, on_message=play.on_message, on_state=play.on_state, takes=(*TAKES, "presence")
    ) as client:
        play.client = client
        play.page = await client.join(hunt, fields=join)
        if play.page.get("intro"):
            play.tell("", play.page["intro"])
        await play.show()
        if people:
            play.say("/help lists what you can do")
        lines = await _lines()
        while (line := await lines.get()) is not None:
            if not people and line:
                play.say(f"> {escape(line)}")
            if not await play.command(line):
                break
    return FAILED if play.failures and not people else 0


@click.command()
@URL
@click.option("--token", envvar="HUNTSERVER_TOKEN", help="player token (or HUNTSERVER_TOKEN)")
@click.option("--guest", help="play as a guest with this name")
@click.option("--hunt", required=True, help="id of the hunt")
@click.option("--team", help="make a team with this name")
@click.option("--invite", help="join a team by its invite code")
@click.option("--state", type=click.Path(path_type=Path), help="file that keeps this device's key counter and token")
def play(
    url: str, token: str | None, guest: str | None, hunt: str, team: str | None, invite: str | None, state: Path | None
) -> None:
    """Play a hunt in the terminal."""
    join = {k: v for k, v in (("team", team), ("invite", invite)) if v}
    try:
        if token is not None:
            with contextlib.closing(Device(state)) as device:
                sys.exit(asyncio.run(_play(url, token, hunt, join, device)))
        if guest is None:
            fail("give --guest NAME or --token TOKEN", USAGE)
        with contextlib.closing(Device(state)) as device:
            sys.exit(_as_guest(url, guest, hunt, join, state, device))
    except Refused as refused:
        fail(refusal(refused), FAILED)
    except Unreachable as error:
        fail(str(error), UNREACHABLE)
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}; give another file with --state", USAGE)
    except KeyboardInterrupt:
        sys.exit(130)


def _as_guest(url: str, name: str, hunt: str, join: dict[str, str], state: Path | None, device: Device) -> int:
    """Play as the guest of an earlier game from this machine, or as a new one where the server knows that no more."""
    home = Path(os.environ.get("XDG_STATE_HOME", Path.home() / ".local" / "state")) / "huntserver"
    place = state or home / "guest"
    kept = place.with_name(f"{place.name}.{_in_a_file_name(name)}.token")
    known = kept.is_file()
    try:
        return asyncio.run(_play(url, _kept_guest(kept, url, name), hunt, join, device))
    except Refused as refused:
        if not known or refused.code not in STALE:
            raise
        click.echo(f"{name} is a new guest now: the server does not take the old token ({refused.code})", err=True)
        kept.unlink()
        return asyncio.run(_play(url, _kept_guest(kept, url, name), hunt, join, device))


def _in_a_file_name(name: str) -> str:
    """Return what stands for a guest's name in a file's."""
    return name if re.fullmatch(r"[\w-]{1,40}", name) else hashlib.sha256(name.encode()).hexdigest()[:16]


def _kept_guest(path: Path, url: str, name: str) -> str:
    """Return the guest's token of an earlier game from this machine, or a new one, kept with mode 0600."""
    name_of = f"{url}\n"
    if path.is_file() and path.read_text().startswith(name_of):
        return path.read_text().removeprefix(name_of).strip()
    token = guest_token(url, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(name_of + token + "\n")
    return token
