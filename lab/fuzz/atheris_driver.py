"""The coverage-guided fuzzer's own process: `python -m lab.fuzz.atheris_driver TARGET [options and folders]`.

Ends by itself when libFuzzer is done; `python -m lab.fuzz` starts it and reads what it prints.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from zlib import crc32

import atheris

ECHOES = 1024


def _echoes() -> list[Callable[[], int]]:
    """Return functions of which the fuzzer sees which one ran: what a C decoder says becomes coverage."""
    space: dict[str, Callable[[], int]] = {}
    exec("\n".join(f"def echo{i}():\n    return {i}" for i in range(ECHOES)), space)
    return [atheris.instrument_func(space[f"echo{i}"]) for i in range(ECHOES)]


def main() -> None:
    """Fuzz one target."""
    with atheris.instrument_imports(include=["huntserver", "actors", "websockets"]):
        from lab.fuzz import targets
        from lab.fuzz.mutation import mutate
    name = sys.argv[1]
    echoes = _echoes()
    targets.noted = lambda text: (echoes[crc32(text.encode()) % ECHOES](), None)[1]
    target = targets.TARGETS[name]

    def change(data: bytes, size_max: int, seed: int) -> bytes:
        return mutate(name, data, size_max, seed, atheris.Mutate)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], target, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
