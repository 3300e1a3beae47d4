"""The command line starts with its three standard descriptors open, whatever it was given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import os, sys
os.close(int(sys.argv[1]))
from huntserver.cli.main import main
main.callback()
with open(sys.argv[2], "w") as file:
    print(file.fileno(), os.readlink("/proc/self/fd/" + sys.argv[1]), file=file)
"""


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_standard_descriptor_that_is_closed_is_no_file_of_the_servers(closed: int, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", START, str(closed), tmp_path / "told"], check=True)
    number, target = (tmp_path / "told").read_text().split()
    assert int(number) > 2
    assert target == "/dev/null"
