"""The ring: a tail is exactly what was missed, or none at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.entity import Push
from huntserver.gateway.ring import Ring
from lab.rigs.gateway import frames_in

CHANNELS = ("hunt", "host", "team:a", "team:b")


def seqs(frames: list[bytes] | None) -> list[tuple[str, int]] | None:
    """Return (channel, seq) of each frame."""
    if frames is None:
        return None
    import json

    found = []
    for data in frames:
        ((opcode, payload),) = frames_in(data)
        assert opcode == 1
        message = json.loads(payload)
        found.append((message["ch"], message["seq"]))
    return found


@settings(max_examples=300, deadline=None)
@given(
    records=st.lists(
        st.tuples(st.lists(st.sampled_from(CHANNELS), max_size=3, unique=True), st.booleans()), max_size=30
    ),
    since=st.integers(min_value=0, max_value=32),
    own=st.dictionaries(st.sampled_from(CHANNELS), st.integers(min_value=0, max_value=32), max_size=2),
    listened=st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True),
    bytes_max=st.sampled_from((600, 1800, 6000, 10**6)),
)
def test_a_tail_is_exact_or_refused_whatever_was_dropped_or_never_shown(
    records: list[tuple[list[str], bool]], since: int, own: dict[str, int], listened: list[str], bytes_max: int
) -> None:
    ring = Ring("h")
    last = dict.fromkeys(CHANNELS, 0)
    truth: list[tuple[str, int]] = []
    held: list[list[tuple[str, int]]] = []
    for seq, (channels, shown) in enumerate(records, 1):
        if shown and channels:
            ring.add(seq, 0, [Push(channel, last[channel], ({"n": seq},)) for channel in channels])
            held.append([(channel, seq) for channel in channels])
        for channel in channels:
            truth.append((channel, seq))
            last[channel] = seq
        ring.shrink(bytes_max)
    kept = [push for record in held[len(held) - len(ring) :] for push in record]
    seen = {channel: own.get(channel, since) for channel in CHANNELS}
    missed = [(ch, seq) for ch, seq in truth if ch in listened and seq > seen[ch]]
    got = seqs(ring.tail(seen, {ch: last[ch] for ch in listened}, False, pushes_max=100, bytes_max=10**6))
    if set(missed) <= set(kept):
        assert got is not None
        assert sorted(got) == sorted(missed)
        assert [seq for _, seq in got] == sorted(seq for _, seq in got)
    else:
        assert got is None


def test_what_is_dropped_leaves_no_weight() -> None:
    ring = Ring("h")
    for seq in range(1, 2000):
        ring.add(seq, 0, (Push("hunt", seq - 1, ({"text": "x" * 50},)), Push("host", seq - 1, ({"n": seq},))))
        for kept in ring.kept(seq)[: seq % 3]:
            kept.frame("h", False)
            kept.frame("h", True)
            ring.settle(kept)
        ring.shrink(5000)
        assert ring.bytes <= 5000
    assert len(ring) > 3
    ring.shrink(0)
    assert (len(ring), ring.bytes) == (0, 0)


def test_a_ring_begins_anew_after_a_wide_gap() -> None:
    ring = Ring("h")
    ring.add(1, 0, (Push("hunt", 0, ({},)),))
    ring.add(2, 0, (Push("hunt", 1, ({},)),))
    ring.add(10**9, 0, (Push("hunt", 2, ({},)),))
    assert len(ring) == 1
    assert ring.tail({"hunt": 1}, {"hunt": 10**9}, False, pushes_max=9, bytes_max=999) is None
    assert seqs(ring.tail({"hunt": 2}, {"hunt": 10**9}, False, pushes_max=9, bytes_max=999)) == [("hunt", 10**9)]
    ring.shrink(0)
    assert (len(ring), ring.bytes) == (0, 0)


def test_both_encodings_say_the_same() -> None:
    import json

    import msgspec

    ring = Ring("h")
    ring.add(3, 7, (Push("hunt", 1, ({"text": "é😀"},)),))
    (kept,) = ring.kept(3)
    ((_, packed),) = frames_in(kept.frame("h", True))
    ((_, plain),) = frames_in(kept.frame("h", False))
    assert msgspec.msgpack.decode(packed) == json.loads(plain)
