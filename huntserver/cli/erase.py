"""`huntserver erase`: one person goes out of everything that the server keeps, and it is shown that it is so.

For who runs the server. Reads the log itself; what changes, the server does: if none runs and the log is a file, this
command runs one for as long as it takes. Every step may be repeated, so a command that was cut off is given again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from huntserver.cli.address import URL
from huntserver.cli.erase_report import Findings, look_at_models, look_for_words, plan_lines, remains, tidy_models
from huntserver.cli.main import CONFIG, DATA, FAILED, LOG, UNREACHABLE, USAGE, checked_config, fail, run
from huntserver.client import Refused, Unreachable, connect
from huntserver.client.http import http, http_base
from huntserver.config import Config, log_url
from huntserver.privacy.ring_file import ring_of
from huntserver.privacy.traces import Traces

ROUNDS: Final = 3
"""What a device was just sending when it was signed out may come behind the first round."""
OPERATOR_S: Final = 3600.0
MODELS_S: Final = 60.0
MODELS_AGAIN_S: Final = 0.1


@click.command()
@click.argument("person")
@CONFIG
@LOG
@DATA
@URL
@click.option("--token", envvar="HUNTSERVER_TOKEN", help="of the role admin (default: made with the token key)")
@click.option("--dry-run", is_flag=True, help="print what would be erased, and end")
@click.option("--check", is_flag=True, help="print what is left of the person anywhere, and end")
@click.option(
    "--team-names", is_flag=True, help="names that the player gave to teams go, also where others are in them"
)
@click.option("--text", multiple=True, help="a name or an address that is looked for, too, in all files of the server")
@click.option("--reason", help="kept in the audit trail of each hunt; do not name the person")
@click.option("--yes", is_flag=True, help="do not ask")
def erase(
    person: str,
    config: Path | None,
    log: str | None,
    data: Path | None,
    url: str,
    token: str | None,
    dry_run: bool,
    check: bool,
    team_names: bool,
    text: tuple[str, ...],
    reason: str | None,
    yes: bool,
) -> None:
    """Erase a player from all hunts for good; PERSON is the id, as `huntserver projections player` and hosts see it.

    Names, guesses, questions, check-ins and photos become unreadable, in the log and in every copy of it; points and
    places stay. Exit code 0: nothing is left; 1: something is, and it is said what.
    """
    if not person.removeprefix("p:") or "/" in person:
        fail(f"{person!r} is no player's id, such as p:gX3k9Qa2", USAGE)
    made = checked_config(config, log, data)
    given = person if person.startswith("p:") else f"p:{person}"
    work = _Work(made, given, url, token, reason, text, team_names=team_names)
    if check:
        run(work.check)
    else:
        run(lambda: work.erase(dry_run=dry_run, yes=yes))


class _Work:
    """One erasure."""

    def __init__(
        self,
        made: Config,
        person: str,
        url: str,
        token: str | None,
        reason: str | None,
        words: tuple[str, ...],
        *,
        team_names: bool,
    ) -> None:
        self._made = made
        self._person = person
        self._url = url
        self._token = token
        self._reason = reason
        self._team_names = team_names
        self._words = set(words)
        self._photos: set[str] = set()

    async def traces(self) -> Traces:
        """Read the log. Raises `Fault`."""
        from huntserver.cli.offline import fold
        from huntserver.logs import kinds, open_log

        ring = ring_of(self._made)
        found = Traces(self._person, ring)
        opened, snapshots = open_log(self._made, read_only=True)
        await opened.open()

        def seen(shard: Any, offset: int, record: Any, counts: bool) -> None:
            kind, _, hunt = getattr(record, "entity", "").partition("/")
            if kind == "hunt":
                found.see(hunt, record.pos, record.by, record.events)

        try:
            folded = await fold(opened, snapshots, kinds(self._made, ring), seen=seen, only="hunts")
        finally:
            await opened.close()
        found.settle(folded.states, team_names=self._team_names)
        for trace in found.in_order():
            self._words |= trace.words
            self._photos |= set(trace.photos)
        return found

    async def erase(self, *, dry_run: bool, yes: bool) -> int:
        """Say what there is, ask, and erase."""
        found = await self.traces()
        click.echo("\n".join(plan_lines(self._person, found, ring_of(self._made))))
        if dry_run:
            return 0
        if not found.hunts:
            return FAILED
        if not yes and not click.confirm(f"This erases {self._person} for good. Go on?"):
            fail("nothing was done; --yes does it without a question", FAILED)
        try:
            async with self._server() as url:
                await self._do(url)
                await self._models_follow()
        except Refused as refused:
            fail(f"{refused.code}: {refused}", FAILED)
        except Unreachable as error:
            fail(str(error), UNREACHABLE)
        return await self.check()

    async def _do(self, url: str) -> None:
        sealing = await self._step(url, "bar")
        for _ in range(ROUNDS):
            found = await self.traces()
            left = [trace for trace in found.in_order() if trace.open]
            for trace in left:
                await self._erase_in(url, trace.hunt, trace.teams)
            if not left:
                break
        self._delete_photos()
        found = await self.traces()
        if sealing:
            await self._step(url, "destroy", [holder for trace in found.in_order() for holder in trace.holders])

    async def _step(self, url: str, step: str, holders: list[str] | None = None) -> bool:
        """Ask the server for a step; False: it holds no keys."""
        body = json.dumps({"step": step, "person": self._person, "holders": holders or []}).encode()
        headers = {"authorization": f"Bearer {self._admin()}", "content-type": "application/json"}
        status, told = await asyncio.to_thread(http, "POST", f"{http_base(url)}/erase", body, headers, within_s=60.0)
        if status == 403 and "seals nothing" in str(told.get("msg")):
            return False
        if status != 200:
            raise Refused(told)
        return True

    async def _erase_in(self, url: str, hunt: str, teams: list[str]) -> None:
        fields = {"player": self._person, "teams": ",".join(teams)}
        said = {"reason": self._reason} if self._reason else {}
        async with connect(url, self._admin()) as client:
            try:
                await client.command("erase", fields={"hunt": hunt, **fields, **said})
            except Refused as refused:
                if refused.code not in ("no_such_player", "no_such_hunt"):
                    raise
        click.echo(f"  {hunt}: erased")

    def _delete_photos(self) -> None:
        from huntserver.media.stores import media_store

        store = media_store(self._made)
        for digest in sorted(self._photos):
            store.delete(digest)
        if self._photos:
            click.echo(f"  {len(self._photos)} photos deleted")

    def _admin(self) -> str:
        from huntserver.auth import KeyFileError, Tokens, load_key
        from huntserver.token_key import key_path

        if self._token is None:
            try:
                mint = Tokens(load_key(key_path(self._made), make=False))
            except KeyFileError as error:
                fail(f"{error}; or give a token of the role admin with --token", USAGE)
            self._token = mint.mint("admin", "operator", "Operator", OPERATOR_S)
        return self._token

    @contextlib.asynccontextmanager
    async def _server(self) -> AsyncIterator[str]:
        """Yield the address of the server that runs, or of one that runs for as long as this lasts."""
        with contextlib.suppress(Unreachable):
            await asyncio.to_thread(http, "GET", f"{http_base(self._url)}/healthz", None, {})
            yield self._url
            return
        if log_url(self._made.log.url)[0] != "sqlite":
            raise Unreachable(f"no server answers at {self._url}; start one, or give its address with --url")
        from huntserver.app import start, stop

        alone = msgspec.structs.replace(self._made.server, host="127.0.0.1", port=0, tls_certificate="", tls_key="")
        server = await start(msgspec.structs.replace(self._made, server=alone))
        try:
            yield f"ws://127.0.0.1:{server.port}/ws"
        finally:
            await stop(server)

    async def _models_follow(self) -> None:
        """Wait until the read models have folded what was just written; a minute at most, then it is said."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MODELS_S):
                while await asyncio.to_thread(look_at_models, self._made, self._person) not in ("", "none"):
                    await asyncio.sleep(MODELS_AGAIN_S)
        if await asyncio.to_thread(look_at_models, self._made, self._person) == "":
            await asyncio.to_thread(tidy_models, self._made)

    async def check(self) -> int:
        """Look for the person everywhere, and say what is left."""
        found = await self.traces()
        ring = ring_of(self._made)
        findings: list[Findings] = list(remains(self._person, found, ring))
        models = await asyncio.to_thread(look_at_models, self._made, self._person)
        findings.append(Findings("read models", models if models not in ("", "none") else ""))
        findings += await asyncio.to_thread(lambda: list(look_for_words(self._made, self._words)))
        for one in findings:
            click.echo(f"  {one.where:14} {one.left or 'nothing'}")
        left = [one for one in findings if one.left and not one.is_hint]
        verdict = "is not erased everywhere" if left else "is erased"
        click.echo(f"{self._person} {verdict}")
        return FAILED if left else 0
