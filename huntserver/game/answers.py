"""The bound of what players write as an answer. How answers are judged stands in `judging`. Pure."""

from typing import Final

GUESS_MAX: Final = 200
"""Characters of a guess."""
