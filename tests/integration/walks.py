"""Pages whose commands are run as they stand: each `$ ` line, and the lines of its output that the page shows."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from subprocess import PIPE

from lab import ROOT

MARK = "@@@"
WITHIN_S = 500
Step = tuple[str, list[str]]


def steps_of(text: str) -> list[Step]:
    """Return each command of a page with the lines that its output must hold, in order."""
    found: list[Step] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif line:
                found[-1][1].append(line.strip())
    return found


def section(page: Path, heading: str) -> str:
    """Return a page's text below a heading, up to the next one of its level or above."""
    level = heading.partition(" ")[0]
    _, found, rest = page.read_text().partition(f"\n{heading}\n")
    assert found, f"{page} has no {heading!r}"
    end = re.search(rf"^#{{1,{len(level)}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def run(steps: Sequence[Step], *, at_the_end: str, logs: Sequence[Path] = ()) -> None:
    """Run the commands in one shell, in the checkout, and compare what they print; `at_the_end` clears away.

    `logs` are shown when something was not printed.
    """
    script = f"cd {ROOT}\ntrap '{at_the_end}' EXIT\n"
    script += "".join(f"{command}\necho '{MARK}'\n" for command, _ in steps)
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLUMNS": "200", "NO_COLOR": "1"}
    shell = subprocess.Popen(
        ["bash", "-c", script], stdout=PIPE, stderr=PIPE, text=True, env=environment, start_new_session=True
    )
    try:
        printed, told = shell.communicate(timeout=WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)  # what it started, too
        printed, told = shell.communicate()
        told += f"\nended after {WITHIN_S} s"
    outputs = printed.split(f"{MARK}\n")
    for (command, expected), output in zip(steps, outputs, strict=False):
        at = 0
        for line in expected:
            found = output.find(line, at)
            tails = "".join(log.read_text()[-1500:] for log in logs if log.exists())
            assert found >= 0, f"$ {command}\nprinted:\n{output}\nnot {line!r}\n{told[-1500:]}\n{tails}"
            at = found + len(line)
    assert len(outputs) >= len(steps), told[-2000:]
