"""The clue kinds of this server. A new one is a file beside this one and a row here. Pure."""

from __future__ import annotations

from typing import Final

from huntserver.game.clues import choice, code, compound, location, manual, photo, survey, text
from huntserver.game.clues.kind import Kind

KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (text.KIND, code.KIND, location.KIND, choice.KIND, survey.KIND, manual.KIND, compound.KIND, photo.KIND)
}
"""By name, in the order in which their keys stand in a definition's normal form: add at the end."""
