"""The laboratory: what proves the product. It may import all; none but tests import it, and no wheel has it."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
"""The checkout."""
