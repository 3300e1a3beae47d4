"""A hunt's file with what lies beside it: what cannot be read of it is said."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from huntserver.game.definition.shape import Definition
from huntserver.game.definition.solvability import check_definition
from huntserver.hunt_source import SourceError, media_problems, read_source

HUNT = 'title = "H"\n[[clues]]\nid = "a"\ntitle = "A"\ntext = "![map](map.png)"\nanswers = ["x"]\n' + "# a note\n" * 99


def packed(folder: Path, **entries: bytes) -> bytearray:
    path = folder / "h.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name.replace("_", "."), body)
    return bytearray(path.read_bytes())


def in_both_headers(packing: bytearray, offset: int, value: int) -> None:
    packing[packing.find(b"PK\3\4") + offset] = value
    packing[packing.find(b"PK\1\2") + offset + 2] = value


def flip(packing: bytearray, at: int) -> None:
    for i in range(at, at + 12):
        packing[i] ^= 0xFF


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda packing: in_both_headers(packing, 6, 1), "encrypted"),
        (lambda packing: in_both_headers(packing, 8, 99), "compression method"),
        (lambda packing: flip(packing, 45), "decompressing"),
    ],
    ids=["encrypted", "unknown method", "damaged"],
)
def test_a_zip_that_cannot_be_unpacked_is_said_with_the_cure(
    tmp_path: Path, damage: Callable[[bytearray], None], said: str
) -> None:
    packing = packed(tmp_path, hunt_toml=HUNT.encode())
    damage(packing)
    (tmp_path / "h.zip").write_bytes(packing)
    with pytest.raises(SourceError, match=rf"hunt.toml cannot be unpacked \(.*{said}.*\); pack it anew"):
        read_source(tmp_path / "h.zip")


def test_a_medium_that_cannot_be_unpacked_is_a_fault_of_its_text(tmp_path: Path) -> None:
    packing = packed(tmp_path, hunt_toml=HUNT.encode(), map_png=bytes(range(256)) * 40)
    flip(packing, packing.find(b"map.png") + 20)
    (tmp_path / "h.zip").write_bytes(packing)
    source = read_source(tmp_path / "h.zip")
    definition = check_definition(source.data, source.style)
    assert isinstance(definition, Definition)
    (problem,) = media_problems(source, definition)
    assert "map.png cannot be unpacked" in problem.what
    assert "pack it anew" in problem.cure
