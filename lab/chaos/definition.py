"""The hunt that campaigns play: twelve clues without cool-down, two treasures that run out."""

from __future__ import annotations

CROWNS = 1


def campaign_hunt(coins: int = 10) -> str:
    """Return the definition as TOML. `coins` is how many of the larger treasure there are."""
    clues = "".join(
        f'\n[[clues]]\nid = "c{i}"\ntitle = "Clue {i}"\ntext = "Say: right c{i}"\nkind = "text"\n'
        f'answers = ["right c{i}"]\npoints = {10 * i}\n[clues.attempts]\ncool_down_s = 0\n'
        for i in range(1, 13)
    )
    return (
        'title = "Campaign"\nintro = "For machines."\n[teams]\nmode = "solo"\n'
        f"{clues}"
        f'\n[[treasures]]\nid = "coin"\ntitle = "Coin"\nquantity = {coins}\npoints = 5\n'
        f'\n[[treasures]]\nid = "crown"\ntitle = "Crown"\nquantity = {CROWNS}\npoints = 50\n'
    )
