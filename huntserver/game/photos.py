"""Photos that teams hand in: which wait for a host, how they look to a team, which are kept. Pure.

Whether a photo waits follows from the state: not once its clue is solved or its team is out, and again when that is
undone. It goes on waiting after the hunt's end, since it was handed in before: final places wait with it.
"""

from __future__ import annotations

from typing import Final

from huntserver.game.desk import Photo, PhotoVerdict
from huntserver.game.parts import PreparedPart
from huntserver.game.questions import HOLD_MS, desk
from huntserver.game.questions import waiting as questions_waiting
from huntserver.game.shown import PhotoView
from huntserver.game.state import Hunt, Phase, Team, parts_done

OPEN_MAX: Final = 1000
"""Photos of a hunt that wait at once."""
KEPT_MAX: Final = 2000
"""Photos of a hunt that are kept; beyond them the oldest that do not wait are forgotten. Of a team and a clue it is the
youngest."""
WHY_MAX: Final = 300
"""Characters of why a photo is rejected."""
PHASES: Final = (Phase.RUNNING, Phase.PAUSED, Phase.ENDED)


def photos(state: Hunt) -> list[Photo]:
    """Return all photos that are kept, oldest first."""
    kept = state.rest.desk
    return list(kept.photos.values()) if kept is not None else []


def found(state: Hunt, id: str) -> Photo | None:
    """Return the photo with this id (`p7`), or None."""
    kept, number = state.rest.desk, id[1:]
    if kept is None or id[:1] != "p" or not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    return kept.photos.get(int(number))


def part_of_photo(state: Hunt, photo: Photo) -> PreparedPart | None:
    """Return the part of a clue that a photo was handed in at, or None."""
    return state.plan.parts.by_address[f"{photo.clue}.{photo.part}"] if photo.part else None


def number_of(state: Hunt, photo: Photo) -> int:
    """Return the number under which tries at a photo's clue, or at its part, are kept."""
    part = part_of_photo(state, photo)
    return state.plan.clue_index[photo.clue] if part is None else part.number


def solves(state: Hunt, photo: Photo) -> bool:
    """Tell whether a photo would solve its clue, or do its part, if a host accepted it now."""
    team, index = state.teams[photo.team], state.plan.clue_index.get(photo.clue, -1)
    if team.out or index < 0 or team.solved >> index & 1 or photo.part in parts_done(team, photo.clue):
        return False
    return bool(team.unlocked >> index & 1) and state.phase in PHASES


def is_waiting(state: Hunt, photo: Photo) -> bool:
    """Tell whether a host is to look at a photo."""
    return not photo.verdict and solves(state, photo)


def waiting(state: Hunt) -> int:
    """Return how many photos wait for a host."""
    return sum(is_waiting(state, photo) for photo in photos(state))


def all_waiting(state: Hunt) -> int:
    """Return how many questions and photos wait for a host."""
    return questions_waiting(state) + waiting(state)


def latest(state: Hunt, team: Team, clue: str, part: str = "") -> Photo | None:
    """Return the youngest photo of a team at a clue, or at a part of it, or None."""
    own = [p for p in photos(state) if (p.team, p.clue, p.part) == (team.id, clue, part)]
    return own[-1] if own else None


def address(state: Hunt, photo: Photo) -> str:
    """Return where a photo is, relative to the site: for its team and those who run the hunt, with their token."""
    return f"hunts/{state.id}/photos/{photo.key}"


def photo_view(state: Hunt, photo: Photo) -> PhotoView:
    """Return a photo as its team and its hosts see it."""
    held = photo.held.at_ms + HOLD_MS if photo.held is not None and not photo.verdict else 0
    return PhotoView(
        f"p{photo.number}", photo.clue, photo.at_ms, photo.name, address(state, photo), photo.width, photo.height,
        photo.verdict, photo.why, held, photo.part,
    )  # fmt: skip


def photo_views(state: Hunt, team: Team) -> list[PhotoView]:
    """Return the youngest photo of a team at each clue and each part, oldest first."""
    own = {(p.clue, p.part): p for p in photos(state) if p.team == team.id and p.verdict != PhotoVerdict.TAKEN_BACK}
    return [photo_view(state, photo) for photo in own.values()]


def keep(state: Hunt, photo: Photo) -> None:
    """Put a photo on the desk, in the place of the team's last one at that clue."""
    kept = desk(state)
    kept.handed_in = photo.number
    place = (photo.team, photo.clue, photo.part)
    for number in [n for n, p in kept.photos.items() if (p.team, p.clue, p.part) == place]:
        del kept.photos[number]
    kept.photos[photo.number] = photo
    over = len(kept.photos) - KEPT_MAX
    if over > 0:
        for number in [n for n, p in kept.photos.items() if not is_waiting(state, p)][:over]:
            del kept.photos[number]


def hand_over(state: Hunt, team: Team, other: Team) -> None:
    """Give the photos of a team that is merged to the other one, where that has none of its own at the clue."""
    theirs = {(p.clue, p.part) for p in photos(state) if p.team == team.id}
    for photo in photos(state):
        if photo.team == other.id:
            if (photo.clue, photo.part) in theirs:
                del desk(state).photos[photo.number]
            else:
                photo.team = team.id
