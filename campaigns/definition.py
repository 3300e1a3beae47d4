"""The hunt that campaigns play: twelve clues without cool-down, two treasures that run out."""

from __future__ import annotations


def campaign_hunt() -> str:
    """Return the definition as TOML."""
    clues = "".join(
        f'\n[[clues]]\nid = "c{i}"\ntitle = "Clue {i}"\ntext = "Say: right c{i}"\nkind = "text"\n'
        f'answers = ["right c{i}"]\npoints = {10 * i}\n[clues.attempts]\ncool_down_s = 0\n'
        for i in range(1, 13)
    )
    return (
        'title = "Campaign"\nintro = "For machines."\n[teams]\nmode = "solo"\n'
        f"{clues}"
        '\n[[treasures]]\nid = "coin"\ntitle = "Coin"\nquantity = 10\npoints = 5\n'
        '\n[[treasures]]\nid = "crown"\ntitle = "Crown"\nquantity = 1\npoints = 50\n'
    )
