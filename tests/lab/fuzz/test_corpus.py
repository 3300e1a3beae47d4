"""The corpus through every target, without a fuzzer; and that the targets can fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.faults import LogDamaged
from lab import ROOT
from lab.fuzz import targets
from lab.fuzz.mutation import mutate
from lab.fuzz.seeds import dictionary, seeds
from lab.fuzz.targets import TARGETS, cut, joined

CORPUS = ROOT / "lab" / "fuzz" / "corpus"
FILES_MAX = 300
FILE_BYTES_MAX = 8192


def one_byte_turned(data: bytes, size_max: int) -> bytes:
    """Change one byte; which one depends on the input alone."""
    at = sum(data) % max(len(data), 1)
    return data[:at] + bytes((data[at] ^ 0x41,)) + data[at + 1 :] if data else b"\x80"


def inputs(target: str) -> list[Path]:
    return sorted((CORPUS / target).iterdir())


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_every_input_of_the_corpus_keeps_the_targets_promises(target: str) -> None:
    assert inputs(target)
    for path in inputs(target):
        TARGETS[target](path.read_bytes())


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_fuzzing_begins_with_inputs_that_are_taken(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(targets, "noted", said.append)
    for data in seeds(target):
        TARGETS[target](data)
    refused = ("not valid", "bad_", "expected", "Invalid", "not a ", "Object", "Expected", "unknown")
    assert [s for s in said if s.startswith(refused)] == []
    assert said or target in ("lane", "rule")


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_changed_inputs_keep_the_targets_promises(target: str) -> None:
    for data in seeds(target):
        for seed in range(20):
            made = mutate(target, data, 6000, seed, one_byte_turned)
            assert len(made) <= 6000
            TARGETS[target](made)


def test_the_corpus_is_small_and_belongs_to_targets() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert len(files) < FILES_MAX
    assert {path.parent.name for path in files} == set(TARGETS)
    assert [p.name for p in files if p.stat().st_size > FILE_BYTES_MAX] == []


def test_parts_are_cut_as_they_were_joined() -> None:
    assert cut(joined([b"a", b"", b"x" * 300])) == [b"a", b"", b"x" * 300]
    assert cut(b"") == [b""]


def test_the_dictionary_names_operations_and_fields() -> None:
    assert '"guess"\n' in dictionary("command_json")
    assert '"unlock"\n' in dictionary("hunt_file")


@pytest.mark.parametrize(
    ("target", "place", "broken", "data"),
    [
        ("command_json", "explain", lambda e, p, packed: (-1, None), b"{"),
        ("command_json", "decode_json", lambda data: dict[str, str]()["op"], b"{}"),
        ("hunt_file", "check_definition", lambda data, style: [("", "", "")], b"T"),
        ("rule", "compile_rule", lambda rule, index: lambda solved, s: False, b"c1"),
        ("config", "parse_config", lambda data, name: 7, b""),
        ("record", "encode", lambda record: b"{}", b'H{"type":"probe","nonce":"n","seq":1,"at":2}'),
        ("pattern", "MATCH_S_MAX", -1.0, b"a\nb"),
    ],
)
def test_a_target_fails_when_its_decoder_is_broken(
    target: str, place: str, broken: object, data: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, place, broken)
    with pytest.raises((AssertionError, AttributeError, KeyError, LogDamaged)):
        TARGETS[target](data)
