"""The ring: a tail is exactly what was missed, or none at all."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.entity import Push
from huntserver.gateway.ring import Ring
from tests.gateway.rig import frames_in

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
    kept: list[tuple[str, int]] = []
    for seq, (channels, shown) in enumerate(records, 1):
        for channel in channels:
            if shown:
                ring.add(seq, 0, Push(channel, last[channel], ({"n": seq},)))
                kept.append((channel, seq))
            truth.append((channel, seq))
            last[channel] = seq
        ring.shrink(bytes_max)
    kept = kept[len(kept) - len(ring) :]
    seen = {channel: own.get(channel, since) for channel in CHANNELS}
    missed = [(ch, seq) for ch, seq in truth if ch in listened and seq > seen[ch]]
    got = seqs(ring.tail(seen, {ch: last[ch] for ch in listened}, False, pushes_max=100, bytes_max=10**6))
    if set(missed) <= set(kept):
        assert got is not None
        assert sorted(got) == sorted(missed)
        assert [seq for _, seq in got] == sorted(seq for _, seq in got)
    else:
        assert got is None


def test_what_is_dropped_leaves_no_weight_and_no_chain() -> None:
    ring = Ring("h")
    for seq in range(1, 2000):
        kept = ring.add(seq, 0, Push("hunt", seq - 1, ({"text": "x" * 50},)))
        kept.frame("h", False)
        kept.frame("h", True)
        ring.settle(kept)
        ring.shrink(5000)
        assert ring.bytes <= 5000
    assert len(ring) > 5
    chain, at = 0, ring._newest["hunt"]
    while at.before is not None:
        chain, at = chain + 1, at.before
    assert chain <= len(ring)
    ring.shrink(0)
    assert (len(ring), ring.bytes) == (0, 0)


def test_both_encodings_say_the_same() -> None:
    import json

    import msgspec

    kept = Ring("h").add(3, 7, Push("hunt", 1, ({"text": "é😀"},)))
    ((_, packed),) = frames_in(kept.frame("h", True))
    ((_, plain),) = frames_in(kept.frame("h", False))
    assert msgspec.msgpack.decode(packed) == json.loads(plain)
