"""What a server refused, as a line of the terminal."""

from __future__ import annotations

import click

from huntserver.client.errors import Refused


def refusal(refused: Refused) -> str:
    """Return a server's refusal in one line; where there is no such hunt, with the one that was asked for."""
    context = click.get_current_context(silent=True)
    hunt = context.params.get("hunt") if context is not None else None
    text = f"there is no hunt {hunt!r}" if refused.code == "no_such_hunt" and hunt else str(refused)
    return f"{refused.code}: {text}"
