"""The command line: `huntserver COMMAND`. Errors are one line with the cure; exit codes are documented.

Owns arguments, texts and exit codes; every command does its work in a module of its own, imported when it is used.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, 3 something cannot be reached, 4 data damaged,
130 interrupted.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import click
import msgspec

from huntserver import __version__
from huntserver.cli.descriptors import hold_standard_descriptors
from huntserver.config import Config, ConfigError, LogChoice, Projections, load
from huntserver.config import check as check_config
from huntserver.suggestion import did_you_mean

FAILED, USAGE, UNREACHABLE, DAMAGED = 1, 2, 3, 4
INTERRUPTED = 130


def fail(text: str, code: int = FAILED) -> NoReturn:
    """End with one line on stderr; with several, where there are several faults."""
    for line in text.splitlines() or [""]:
        click.echo(f"huntserver: {line}", err=True)
    sys.exit(code)


def run(work: Callable[[], Coroutine[Any, Any, int | None]]) -> None:
    """Run a command's coroutine on uvloop; turn what it raises into one line and an exit code."""
    import uvloop

    from actors import faults

    try:
        sys.exit(uvloop.run(work()) or 0)
    except _of_usage() as error:
        fail(str(error), USAGE)
    except faults.LogDamaged as error:
        fail(f"{error.code}: {error}", DAMAGED)
    except faults.Fault as error:
        fail(f"{error.code}: {error}", UNREACHABLE if error.code == "log_unavailable" else FAILED)
    except OSError as error:
        fail(f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}", UNREACHABLE)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _of_usage() -> tuple[type[Exception], ...]:
    """Return what a configuration raises: asked for when something was raised, as its libraries take time to load."""
    from huntserver.auth import IssuerError, KeyFileError
    from huntserver.limits import LimitError

    return ConfigError, IssuerError, KeyFileError, LimitError


LAZY = {
    "play": "huntserver.cli.play",
    "host": "huntserver.cli.roster",  # the group, with all its commands
    "replay": "huntserver.cli.log",
    "inspect": "huntserver.cli.log",
    "copies": "huntserver.cli.log",
    "accept-loss": "huntserver.cli.log",
    "skip-record": "huntserver.cli.skip_record",
    "check": "huntserver.cli.check",
    "import": "huntserver.cli.imports",
    "erase": "huntserver.cli.erase",
    "export": "huntserver.cli.export",
    "bundle": "huntserver.cli.bundle",
    "verify": "huntserver.cli.bundle",
    "load": "huntserver.cli.load",
    "rehearse": "huntserver.cli.rehearse",
    "ghost": "huntserver.cli.ghost",
    "media": "huntserver.cli.media",
    "why": "huntserver.cli.why",
    "what-if": "huntserver.cli.what_if",
    "projections": "huntserver.cli.projections",
    "cluster": "huntserver.cli.cluster",
}


NAMED = {"import": "import_", "what-if": "command"}
"""Functions whose name is a word of the language, or that of what they show."""


class Commands(click.Group):
    """Finds the larger commands when they are used: `serve` should not load what `play` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names."""
        return sorted([*super().list_commands(ctx), *LAZY])

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command by its name."""
        if name not in LAZY:
            return super().get_command(ctx, name)
        command: click.Command = getattr(importlib.import_module(LAZY[name]), NAMED.get(name, name.replace("-", "_")))
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line; what cannot be written or read is one line, not a traceback."""
        try:
            return super().main(*args, **extra)
        except OSError as error:
            with contextlib.suppress(OSError):  # stderr may be what is full
                name = f"{error.filename}: " if error.filename else "cannot write the output: "
                click.echo(f"huntserver: {name}{error.strerror or error}", err=True)
            _no_more_output()
            sys.exit(UNREACHABLE)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; an interrupt ends it with 130, as shells count it, a question that nobody answers with 1."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        except click.Abort:
            if sys.stdin is not None and sys.stdin.isatty():
                sys.exit(INTERRUPTED)
            click.echo(err=True)
            fail("nobody answered the question; nothing was done; --yes does it without one", FAILED)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a command line; one that is unknown is told with the nearest."""
        if (near := did_you_mean(args[0], self.list_commands(ctx))) and args[0] not in self.list_commands(ctx):
            ctx.fail(f"no such command {args[0]!r}, {near}")
        return super().resolve_command(ctx, args)


def _no_more_output() -> None:
    """Let what is still buffered for a full disk go nowhere: it would be tried, and complained of, once more."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """A real-time treasure-hunt server.

    Exit codes: 0 done, 1 refused or failed, 2 usage or configuration, 3 cannot reach, 4 damaged data, 130 interrupted.
    """
    hold_standard_descriptors()


def configured(
    config: Path | None,
    log: str | None,
    data: Path | None,
    store: str | None = None,
    cluster: Mapping[str, Any] | None = None,
    **server: Any,
) -> Config:
    """Return the configuration of a file with the command line's values over it."""
    if config is None and Path("config.toml").is_file():
        config = Path("config.toml")
    base = load(config)
    given = {k: v for k, v in server.items() if v is not None}
    made = msgspec.structs.replace(base, server=msgspec.structs.replace(base.server, **given))
    told = {k: v for k, v in (cluster or {}).items() if v is not None}
    made = msgspec.structs.replace(made, cluster=msgspec.structs.replace(made.cluster, **told))
    if data is not None:
        made = msgspec.structs.replace(made, data=msgspec.structs.replace(made.data, dir=str(data)))
        if log is None and made.log.url == LogChoice().url:
            log = f"sqlite:{data}/hunts.db"
        if made.projections.store == Projections().store:
            made = msgspec.structs.replace(
                made, projections=msgspec.structs.replace(made.projections, store=f"sqlite:{data}/projections.db")
            )
    if store is not None:
        kept = "" if store == "off" else store
        made = msgspec.structs.replace(made, projections=msgspec.structs.replace(made.projections, store=kept))
    if log is not None:
        from huntserver.config import log_url

        log_url(log)
        made = msgspec.structs.replace(made, log=msgspec.structs.replace(made.log, url=log))
    check_config("command line", made)
    return made


CONFIG = click.option("--config", type=click.Path(path_type=Path), help="configuration file (default config.toml)")
LOG = click.option("--log", help="sqlite:PATH or kafka:HOST:PORT[,HOST:PORT]")
DATA = click.option("--data", type=click.Path(path_type=Path), help="data folder (token key, dormant entities)")


def checked_config(*arguments: Any, **named: Any) -> Config:
    """Return the configuration, or end with its fault."""
    try:
        return configured(*arguments, **named)
    except ConfigError as error:
        fail(str(error), USAGE)


@contextlib.contextmanager
def _ending_early() -> Iterator[None]:
    """Take a signal that comes before the loop has its own way to take it."""

    def end(number: int, frame: Any) -> NoReturn:
        click.echo("huntserver: asked to end before it served", err=True)
        sys.exit(0)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, taken in before.items():
            signal.signal(number, taken)


@main.command()
@CONFIG
@LOG
@DATA
@click.option("--host", help="address to listen on")
@click.option("--port", type=int, help="port to listen on")
@click.option("--hunt", "hunts", type=click.Path(path_type=Path), multiple=True, help="hunt file to load and start")
@click.option("--projections", "store", help="store of the read models: sqlite:PATH, postgresql://..., or off")
@click.option("--limit", "limits", multiple=True, help="NAME=VALUE over the limits table; may be given again")
@click.option("--roles", help="of a node in a cluster, with commas: gateway,hunts,players,projections")
@click.option("--link", help="HOST:PORT for the links of other nodes: be a node of a cluster (cluster.listen)")
@click.option("--workers", type=int, default=1, help="processes behind one port, on a log in Kafka")
@_ending_early()
def serve(
    config: Path | None,
    log: str | None,
    data: Path | None,
    host: str | None,
    port: int | None,
    hunts: tuple[Path, ...],
    store: str | None,
    limits: tuple[str, ...],
    roles: str | None,
    link: str | None,
    workers: int,
) -> None:
    """Run a server until Ctrl-C or SIGTERM, then drain. One process on SQLite needs nothing else."""
    cluster = {"roles": tuple(roles.split(",")) if roles is not None else None, "listen": link}
    made = checked_config(config, log, data, store, cluster=cluster, host=host, port=port)
    overrides: dict[str, float] = dict(made.limits)
    for given in limits:
        name, _, value = given.partition("=")
        try:
            overrides[name] = float(value)
        except ValueError:
            fail(f"--limit {given!r} is not NAME=NUMBER", USAGE)
    made = msgspec.structs.replace(made, limits=overrides)

    async def work() -> None:
        from huntserver.cli.serve import serve as serve_until_stopped
        from huntserver.cli.serve import serve_workers
        from huntserver.listening import PortInUse
        from huntserver.workers.supervisor import WorkersFailed

        try:
            if workers == 1:
                await serve_until_stopped(made, preload=hunts, announce=click.echo)
            else:
                await serve_workers(made, workers, preload=hunts, announce=click.echo)
        except PortInUse as error:
            fail(str(error))
        except WorkersFailed as error:
            fail(str(error), error.code)

    run(work)


@main.command()
@CONFIG
@DATA
@click.option("--role", type=click.Choice(["player", "host", "admin"]), default="player", show_default=True)
@click.option("--sub", required=True, help="id of the player or host")
@click.option("--name", default="", help="display name")
@click.option("--ttl", default="30d", show_default=True, help="how long it is valid: 90s, 15m, 12h, 30d")
@click.option("--key-file", type=click.Path(path_type=Path), help="token key (default: of the configuration)")
@click.option("--link", is_flag=True, help="a link for a host's browser instead: one sign-in, within 15 minutes")
@click.option("--url", default="", help="with --link: the server's address as browsers reach it")
def token(
    config: Path | None,
    data: Path | None,
    role: str,
    sub: str,
    name: str,
    ttl: str,
    key_file: Path | None,
    link: bool,
    url: str,
) -> None:
    """Mint a token with the server's key and print it; with --link, a link that signs a host in at the console."""
    from huntserver.auth import KeyFileError, Tokens, load_key
    from huntserver.token_key import key_path, sign_in_link

    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    if not ttl[:-1].isdigit() or ttl[-1:] not in units:
        fail(f"--ttl {ttl!r} is not a number with s, m, h or d", USAGE)
    made = checked_config(config, None, data)
    if key_file is not None:
        made = msgspec.structs.replace(made, auth=msgspec.structs.replace(made.auth, key_file=str(key_file)))
    try:
        if link:
            click.echo(sign_in_link(made, role, sub, name, url=url))
            return
        mint = Tokens(load_key(key_file or key_path(made), make=False))
        click.echo(mint.mint(role, sub, name, int(ttl[:-1]) * units[ttl[-1]]))
    except (KeyFileError, ValueError) as error:
        fail(str(error), USAGE)


@main.command()
def limits() -> None:
    """Print every bound with its value and reason."""
    import actors.limits
    from huntserver.limits import REASONS, Limits, table

    def show(bounds: Any, reasons: Mapping[str, str]) -> None:
        for row in table(bounds, reasons):
            click.echo(f"{row.name:34} {row.value:>12}  {row.reason}")

    show(Limits(), REASONS)
    click.echo("\nof the runtime:")
    show(actors.limits.DEFAULT, actors.limits.REASONS)


if __name__ == "__main__":
    main()
