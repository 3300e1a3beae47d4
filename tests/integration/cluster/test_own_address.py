"""A node whose advertised address is answered by another one is told so, and one that is answered by nobody is not."""

from __future__ import annotations

from actors.cluster.links.own_address import answered_by_another
from actors.cluster.member import Member
from lab.machines.servers import free_port
from tests.integration.cluster.test_links import LinkNode, until


async def test_an_address_that_another_node_answers_is_told_with_its_run_and_nobody_is_none() -> None:
    node = LinkNode("r1", free_port())
    await node.start()
    try:
        here = node.me.node
        assert await answered_by_another(node.me, "log", {"t": 4}, None) == ""
        assert node.told.names() == []  # and nothing is refused by it
        why = await answered_by_another(Member(here, "r2"), "log", {"t": 4}, None)
        assert why == f"{here} is answered by another node (run r1); each node needs an address of its own"
        assert node.links.up == {}
        other = Member(f"localhost:{node.links.port}", "r2")  # leads to a node that is known by another name
        assert f"is answered by {here} (run r1)" in await answered_by_another(other, "another log", {"t": 9}, None)
    finally:
        await node.end()
    await until(lambda: not node.links.up)
    assert await answered_by_another(Member(here, "r2"), "log", {"t": 4}, None) == ""
