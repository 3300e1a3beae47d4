"""The rows of a benchmark: name, value, unit, and what each is a ratio to."""

from __future__ import annotations

from typing import Any


class Rows:
    """The results, in the order in which they were measured; each is printed as it comes."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, name: str, value: float, unit: str, to: str = "") -> None:
        """Add a row and print it."""
        row: dict[str, Any] = {"name": name, "value": round(value, 3), "unit": unit, "ratio_to": to, "ratio": None}
        if to in self:
            row["ratio"] = round(value / self.value(to), 3)
        self.rows.append(row)
        ratio = f"{row['ratio']:.2f} of {to}" if row["ratio"] is not None else ""
        print(f"{name:34} {value:>14,.2f} {unit:12} {ratio}", flush=True)

    def __contains__(self, name: str) -> bool:
        return any(row["name"] == name for row in self.rows)

    def value(self, name: str) -> float:
        """Return a row's value. Raises StopIteration when it was not measured."""
        return float(next(r["value"] for r in self.rows if r["name"] == name))
