"""`huntserver serve`: runs a server until a signal asks it to end, and says what to type next."""

from __future__ import annotations

import asyncio
import secrets
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from huntserver import telemetry
from huntserver.app import RunningServer, start, stop
from huntserver.config import Config
from huntserver.token_key import key_path, sign_in_link, tokens
from huntserver.workers.supervisor import Workers

HOST_TOKEN_COMMAND: Final = ".venv/bin/huntserver token --role host --sub host --name Host"


async def serve(config: Config, *, preload: Sequence[Path], announce: Callable[[str], None]) -> None:
    """Run a server until SIGTERM or SIGINT, then drain. See `app.start` for what it raises."""
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    run = secrets.token_hex(4)
    sink = telemetry.configure(config.telemetry.format, config.telemetry.level, run)
    server = await _unless_asked(asked, asyncio.ensure_future(start(config, preload, run=run, sink=sink)))
    if server is None:
        telemetry.LogReporter(run=run).note("stopped", why="asked to end before it served")
        return
    loop.add_signal_handler(signal.SIGHUP, _hung_up(server, asked, sys.stdin))
    announce(_welcome(config, server, [path.stem for path in preload]))
    await asked.wait()
    await stop(server)


async def serve_workers(
    config: Config, count: int, *, preload: Sequence[Path], announce: Callable[[str], None]
) -> None:
    """Run several processes behind one port until SIGTERM or SIGINT. Raises `ConfigError`, `PortInUse`,
    `KeyFileError`, `WorkersFailed`."""
    run = secrets.token_hex(4)
    telemetry.configure(config.telemetry.format, config.telemetry.level, run)
    reporter = telemetry.LogReporter(run=run)
    await Workers(config, count, preload, reporter).serve(announce)
    reporter.note("stopped")


def _hung_up(server: RunningServer, asked: asyncio.Event, stdin: TextIO | None) -> Callable[[], None]:
    """Return what SIGHUP does: the TLS pair is read again; without one, a terminal that went ends the server in order,
    and a service that is told to reload goes on. The system's own way is to end it without a drain."""
    if server.certificate is not None:
        return server.certificate.reload
    if stdin is not None and not stdin.closed and stdin.isatty():
        return asked.set
    return partial(server.reporter.note, "nothing_to_reload")


async def _unless_asked(asked: asyncio.Event, starting: asyncio.Future[RunningServer]) -> RunningServer | None:
    """Return the server once it has started, or None when it was asked to end before that: then all is undone."""
    ending = asyncio.ensure_future(asked.wait())
    either: list[asyncio.Future[Any]] = [starting, ending]
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
    return None if starting.cancelled() else starting.result()


def token_command(config: Config) -> str:
    """Return what prints a host's token of this server: with its key, where that lies elsewhere than by default."""
    key = key_path(config)
    return HOST_TOKEN_COMMAND + ("" if key == key_path(Config()) else f" --key-file {shlex.quote(str(key))}")


def _sign_in(config: Config, server: RunningServer) -> str:
    """Return a link that signs a host in, or, where what is printed is kept, how to have one printed."""
    if not sys.stdout.isatty():
        address = sign_in_link(config, "host", "host", "Host", port=server.port).partition("/host#")[0]
        return f"printed by: {token_command(config)} --link --url {address}"
    return sign_in_link(config, "host", "host", "Host", port=server.port)


def _welcome(config: Config, server: RunningServer, hunts: list[str]) -> str:
    """Return what to type next."""
    scheme = "wss" if server.certificate is not None else "ws"
    url = f"{scheme}://{config.server.host}:{server.port}/ws"
    mint = tokens(config, make=False)
    lines = [f"Serving {url}, log {config.log.url}. Stop with Ctrl-C."]
    lines += ["", "Run hunts in a browser (a link for one sign-in, 15 minutes long):", f"  {_sign_in(config, server)}"]
    if hunts:
        _, guest = mint.guest("Guest")
        # What is no terminal is kept: a file, a journal. A token that opens every hunt does not belong there.
        host = mint.mint("host", "host", "Host") if sys.stdout.isatty() else "printed by: " + token_command(config)
        lines += [
            "",
            "Play in another terminal:",
            *(f"  .venv/bin/huntserver play --url {url} --guest YOURNAME --hunt {hunt}" for hunt in hunts),
            "Watch as the host:",
            f"  .venv/bin/huntserver host overview --url {url} --hunt {hunts[0]} --token HOST_TOKEN",
            "",
            f"HOST_TOKEN  {host}",
            f"GUEST_TOKEN {guest}",
        ]
    return "\n".join(lines)
