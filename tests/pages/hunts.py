"""Small hunts for tests of the pages."""

from __future__ import annotations

from typing import Any

WAIT_A_LITTLE: dict[str, Any] = {"free": 0, "cool_down_s": 300}


def clue(id: str, **more: Any) -> dict[str, Any]:
    """Return a clue that `tea` solves."""
    return {"id": id, "title": f"Clue {id}", "answers": ["tea"], **more}


def teams(*clues: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a hunt for teams."""
    return {"title": "A walk", "teams": {"mode": "teams"}, "clues": list(clues or [clue("a"), clue("b")]), **more}


def solo(*clues: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a hunt for single players."""
    return {"title": "A walk alone", "clues": list(clues or [clue("a")]), **more}


RICH: dict[str, Any] = {
    "title": "The lighthouse keeper",
    "intro": "The lamp went out.\nThe log is torn.",
    "teams": {"mode": "teams", "size_max": 3},
    "schedule": {"duration_s": 7200},
    "clues": [
        clue("gate", text="Count the spikes.", points=10, first_bonus=[5, 3], solved_text="The gate creaks.",
             hints=[{"id": "wings", "text": "Both wings."}, {"id": "sum", "text": "Add them.", "price": 4}]),
        clue("verse", text="My first is in tea,\nmy second in leaf.", partial=[{"text": "leaf", "reply": "Nearly."}]),
        clue("stone", kind="code", answers=[], codes=["STONE-17"], unlock="gate", text="Under a stone."),
        clue("pier", kind="location", answers=[], location={"lat": 54.0, "lon": 10.0, "radius_m": 50}, text="A pier."),
        clue("lamp", points=30, unlock="gate and stone", final=True, attempts=WAIT_A_LITTLE),
    ],
    "treasures": [{"id": "shell", "title": "A shell", "quantity": 2, "points": 5, "unlock": "gate"}],
}  # fmt: skip
