"""`huntserver load`: many players against a server, measured and judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from rich.console import Console

from huntserver.cli.address import ServerAddress
from huntserver.cli.main import CONFIG, DAMAGED, FAILED, UNREACHABLE, USAGE, checked_config, fail
from huntserver.load.plan import BOUNDS, SCENARIOS, PlanError, address, is_loopback

if TYPE_CHECKING:
    from huntserver.load.results import Results
    from huntserver.load.run import LoadOptions

EPILOG = "\b\nScenarios:\n" + "\n".join(f"  {name:16} {s.about}" for name, s in SCENARIOS.items())


def _bounds(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        for b in BOUNDS:
            click.echo(f"--{b.name:14} {b.least:>8,g} to {b.most:>9,g}  {b.reason}")
        ctx.exit()


@click.command(epilog=EPILOG, context_settings={"max_content_width": 120})
@click.argument("url", required=False, type=ServerAddress())
@click.option(
    "--scenario", type=click.Choice(list(SCENARIOS)), default="steady", show_default=True, help="what is played (below)"
)
@click.option("--players", type=int, help="how many (default: the scenario's)")
@click.option("--hunts", type=int, help="over how many hunts they are spread (default: the scenario's)")
@click.option("--rate", type=float, help="commands per second of all players; 0: as fast as they are answered")
@click.option("--seconds", type=float, default=30, show_default=True, help="length, after a second of warming up")
@click.option("--processes", type=int, default=1, show_default=True, help="of the generator: one for each spare core")
@click.option("--outstanding", type=int, default=1, show_default=True, help="with --rate 0: unanswered per player")
@click.option("--right-every", type=int, default=50, show_default=True, help="one guess in so many is right; 0: none")
@click.option("--addresses", type=int, default=1, show_default=True, help="spread over 127.0.0.2, .3, ...")
@click.option("--announcers", type=int, help="sessions of the host that announce (slow-readers, fan-out)")
@click.option("--storm-every", type=float, help="reconnect-storm, soak: seconds between the breaks")
@click.option("--witnesses", type=int, help="players whose history is kept and judged (default: all up to 3,000/s)")
@click.option("--seed", type=int, default=1, show_default=True, help="of the schedule")
@click.option("--key-file", type=click.Path(path_type=Path), help="the server's token.key: makes all tokens")
@click.option("--token", default="", envvar="HUNTSERVER_TOKEN", help="instead: a host's token; players are guests")
@click.option("--tokens", type=click.Path(path_type=Path), help="players' tokens, one a line")
@click.option("--log", help="the server's log, for the verdict: sqlite:PATH or kafka:HOST:PORT; without URL: its log")
@CONFIG
@click.option("--ceiling", is_flag=True, help="measure a bare echo server too, so that results are ratios")
@click.option("--no-verdict", is_flag=True, help="do not judge; the figures then do not count")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="write the report as JSON")
@click.option("--html", "html_file", type=click.Path(path_type=Path), help="write it as one HTML file with plots")
@click.option("--keep", type=click.Path(path_type=Path), help="new folder for histories (and the data of our server)")
@click.option("--yes", is_flag=True, help="aim at a host that is not this machine")
@click.option(
    "--bounds", is_flag=True, is_eager=True, expose_value=False, callback=_bounds, help="print what is allowed, and why"
)
def load(url: str | None, config: Path | None, log: str | None, **given: Any) -> None:
    """Play on the server at URL (ws://HOST:PORT/ws) with many players, measure, and judge what happened.

    Without URL a server is started for the run and stopped after it. Latency counts from the moment when a command was
    meant to leave, so a slow server cannot hide. Exit status 1 when the verdict finds a violation.
    """
    from huntserver.load.report_html import page
    from huntserver.load.report_text import text

    results = _performed(_asked(url, config, log, given))
    click.echo(text(results), nl=False)
    if given["json_file"] is not None:
        _write(given["json_file"], msgspec.json.format(msgspec.json.encode(results), indent=1))
    if given["html_file"] is not None:
        _write(given["html_file"], page(results).encode())
    raise SystemExit(FAILED if results.verdict is not None and not results.verdict["holds"] else 0)


def _write(file: Path, made: bytes) -> None:
    try:
        file.write_bytes(made)
    except OSError as error:
        fail(f"{file}: cannot be written ({error.strerror}); the report is above", USAGE)
    click.echo(f"wrote {file}")


def _performed(asked: LoadOptions) -> Results:
    """Run it; turn what it raises into one line and an exit code."""
    from actors.faults import Fault, LogDamaged
    from huntserver import client
    from huntserver.auth import KeyFileError
    from huntserver.load.conductor import LoadError
    from huntserver.load.progress import Progress
    from huntserver.load.run import LoadRun
    from huntserver.load.server_process import NotServing

    try:
        run = LoadRun(asked)
        with Progress(run.plan, Console(stderr=True)) as shown:
            return run.perform(say=shown.say, tell=shown.tell)
    except (PlanError, KeyFileError) as error:
        fail(str(error), USAGE)
    except client.Refused as refused:
        fail(f"the server refused to set up the hunts: {refused.code}: {refused}; is the token a host's?")
    except client.Unreachable:
        fail(
            f"no server answers at {asked.url}; start one, or leave the address out: then the run starts its own",
            UNREACHABLE,
        )
    except LogDamaged as error:
        fail(f"{error.code}: {error}", DAMAGED)
    except Fault as error:
        fail(f"{error.code}: {error}", UNREACHABLE)
    except (LoadError, NotServing, ValueError) as error:
        fail(str(error))
    except OSError as error:
        fail(f"{error.strerror or error}", UNREACHABLE)
    except KeyboardInterrupt:
        fail("stopped; nothing is reported", 130)


def _asked(url: str | None, config: Path | None, log: str | None, given: dict[str, Any]) -> LoadOptions:
    """Return what the command line asks for, or end with what is wrong with it."""
    from huntserver.load.run import LoadOptions

    tokens: tuple[str, ...] = ()
    try:
        for named in ("json_file", "html_file"):
            if given[named] is not None and not given[named].resolve().parent.is_dir():
                raise PlanError(f"{given[named]}: there is no folder {given[named].parent}; make it first")
        if url is None:
            if given["key_file"] or given["token"] or given["tokens"]:
                raise PlanError("--key-file, --token and --tokens belong to a server that runs; give its URL")
        else:
            host, _, _ = address(url)
            if not is_loopback(host) and not given["yes"]:
                raise PlanError(
                    f"{host} is not this machine; a load run can bring a server down: give --yes if it is yours"
                )
        if given["tokens"] is not None:
            tokens = tuple(given["tokens"].read_text().split())
    except PlanError as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"{given['tokens']}: cannot be read ({error.strerror})", USAGE)
    judged = checked_config(config, log, None) if url is not None and (log or config) else None
    if url is None and log and log != "sqlite":
        checked_config(None, log, None)
    names = ("scenario", "players", "hunts", "rate", "seconds", "outstanding", "right_every", "processes", "addresses",
             "announcers", "witnesses", "key_file", "token", "ceiling", "keep", "seed")  # fmt: skip
    return LoadOptions(
        url=url, log=judged, log_url=log or "sqlite", tokens=tokens, storm_s=given["storm_every"],
        judge=not given["no_verdict"], **{name: given[name] for name in names},
    )  # fmt: skip
