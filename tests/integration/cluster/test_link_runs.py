"""One address and one run of its node after the other: which of them is gone, and which is reached."""

from __future__ import annotations

import asyncio
from typing import Any

from actors.cluster.links import frames as f
from tests.integration.cluster.test_links import LinkNode, pair, until


async def test_a_run_whose_port_refused_is_gone_although_the_next_one_listens_there_and_has_no_link_yet() -> None:
    """Who is second in line to take its shards over comes to that after two seconds; the next run listened by then."""
    async with pair() as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        await one.end()
        await until(lambda: any(reset[:2] == ("r1", True) for reset in two.placement.resets))
        came = list[Any]()
        server = await asyncio.start_server(lambda reader, writer: came.append(writer), "127.0.0.1", one.links.port)
        await until(lambda: len(came) > 2)
        assert two.placement.resets[-1][:2] == ("r1", True)
        server.close()
        for writer in came:
            writer.close()


async def test_a_node_that_started_anew_is_reached_while_its_former_run_is_still_a_member_and_that_one_is_gone() -> (
    None
):
    async with pair() as (one, two):
        await until(lambda: bool(one.links.up and two.links.up))
        await two.end()
        port = int(two.me.node.rpartition(":")[2])
        again = LinkNode("r3", port)
        one.placement.others = [two.me, again.me]  # the group has not dropped the former run yet
        again.knows(one)
        await again.start()
        try:
            await until(lambda: one.links.link(again.me) is not None and again.links.link(one.me) is not None)
            await until(lambda: ("r2", True, True) in one.placement.resets)
            link, taken = one.links.link(again.me), len(again.frames.came)
            for n in range(50):  # the former run is looked for meanwhile, and nothing happens to the link
                assert link is not None
                link.send(f.LinkView(n, 0, b""))
                await asyncio.sleep(0.02)
            await until(lambda: [len(n) for n in again.frames.numbers()][-1] == 50)
            assert (one.links.link(again.me), len(again.frames.came)) == (link, taken)
            assert [reset for reset in one.placement.resets if reset[0] == "r3"] == []
        finally:
            await again.end()
