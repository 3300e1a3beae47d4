"""The two lanes of a mailbox."""

from __future__ import annotations

from actors.shard.mailbox import Mailbox


def test_lanes_are_bounded_keep_their_order_and_are_let_go_once_a_run_has_emptied_them() -> None:
    box = Mailbox(2, 1)
    nothing = box.ordinary
    for _ in range(2):  # a lane that was let go is as good as new
        assert [box.put("a"), box.put("b"), box.put("c")] == [True, True, False]
        assert [box.put_control("x"), box.put_control("y")] == [True, False]
        taken = box.ordinary.popleft()
        box.put_back(taken, control=False)
        assert [*box.control, *box.ordinary] == ["x", "a", "b"]
        box.control.popleft()
        box.served(1)
        assert box.control is nothing, "what an idle entity holds is told by its weight"
        assert len(box) == 2
        box.ordinary.clear()
        box.served(2)
        assert box.ordinary is nothing
    assert box.statistics()[2:] == (3, 6, 4)
