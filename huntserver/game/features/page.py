"""What one player sees of a hunt, and which channels a session may listen to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from actors.entity import Context, Rejected
from huntserver.game import curtain, views
from huntserver.game.channels import channels
from huntserver.game.command import Query
from huntserver.game.definition.shape import Ghost
from huntserver.game.feature import AnswersTo, Feature
from huntserver.game.locks import Lock
from huntserver.game.permission import NOT_JOINED, Role, not_there, role_of
from huntserver.game.photos import photo_views
from huntserver.game.plan import CHECK_INS, CODES
from huntserver.game.questions import help_view, question_views
from huntserver.game.shown import (
    ClueView,
    HelpView,
    OwnClue,
    OwnTreasure,
    PhotoView,
    QuestionView,
    RoundView,
    TreasureView,
)
from huntserver.game.state import Hunt, Phase, Team
from huntserver.game.texts import INLINE_BYTES_MAX


class PageQuery(Query, tag="page", frozen=True):
    """All that one player may see of a hunt: title, phase, times, clues, hints, team, treasures, seqs of channels.

    `texts`: what is the same for all may be named by digest, to be had by HTTP (`Page.texts`).
    """

    texts: bool = False


class TextsQuery(Query, tag="texts", frozen=True):
    """What a digest of a page stands for: asked by whoever knows it."""

    digest: str


class TextsView(msgspec.Struct, frozen=True):
    """A block of texts, as JSON (`huntserver.game.texts.TextBlock`); empty where no page has named its digest."""

    body: str


class MembershipQuery(Query, tag="membership", frozen=True):
    """What a session needs to know to listen: may it, which team, the last seq of each of its channels."""


class TeamView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """The asker's own team. The first of `members` (names) made it: the captain. `place` 0: out of the standings.

    `codes_wait_until_ms`, `check_ins_wait_until_ms`: none is taken before, because some were wrong.
    """

    id: str
    name: str
    score: int
    place: int
    members: tuple[str, ...]
    bracket: str = ""
    invite: str = ""
    finished: bool = False
    out: bool = False
    codes_wait_until_ms: int = 0
    check_ins_wait_until_ms: int = 0
    ids: tuple[str, ...] = ()
    """The ids of `members`, in teams; the first is the captain's."""

    approval: bool = False
    """Who comes by the invite code asks first; `asking`: who does, as (id, name)."""

    asking: list[tuple[str, str]] = []
    unofficial: bool = False
    """The team plays without counting: it has no place, and nobody else sees it."""


class AnnouncementView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a host said, and when."""

    at_ms: int
    text: str


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that one player may see of a hunt; before joining: what it is, when, and how to enter.

    `channels` are those the asker may listen to, with the seq of the last push of each.
    """

    hunt: str
    title: str
    intro: str
    phase: str
    now_ms: int
    mode: str
    channels: dict[str, int]
    opens_ms: int = 0
    starts_ms: int = 0
    started_ms: int = 0
    ends_ms: int = 0
    paused_ms: int = 0
    brackets: list[str] = []
    clues_total: int = 0
    players: int = 0
    host: bool = False
    role: str = ""
    """What the asker is in this hunt: owner, host, reviewer, spectator, or nothing of it."""

    team: TeamView | None = None
    clues: list[ClueView] = []
    treasures: list[TreasureView] = []
    announcements: list[AnnouncementView] = []
    asking: str = ""
    """The name of the team that the asker waits to be let into."""

    texts: list[str] = []
    """Digests of the blocks that hold what is the same for all of `own` and `own_treasures`, which then stand in the
    place of `clues` and `treasures`; perhaps of `intro`, too."""

    rounds: list[RoundView] = []
    own_start: bool = False
    """Every team begins for itself; this one did at `began_ms` (0: not yet), and plays for `limit_s` (0: no limit)."""

    began_ms: int = 0
    limit_s: int = 0
    frozen_ms: int = 0
    """Since when the standings are frozen; `team.place` is the one that the team had then."""

    own: Sequence[OwnClue] = ()
    own_treasures: list[OwnTreasure] = []
    locks: list[Lock] = []
    """What opens clues, by numbers, whether they are open to the team or not; of the first ones of the file."""

    zero_ms: int = 0
    """Wall time of second 0 of play: the start, moved by pauses. `after_s` of a lock counts from it."""
    help: HelpView | None = None
    questions: list[QuestionView] = []
    """What the team asked the hosts: what is open, and five that are closed."""

    photos: list[PhotoView] = []
    """The youngest photo that the team handed in at each clue."""

    ghosts: list[Ghost] = []
    """Teams of another playing, to race: (seconds since `zero_ms`, points, solved), rising. In no standings."""


class Membership(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which channels the asker may listen to, with the seq of the last push of each. `team` is empty for hosts.

    `since`: the seq at which the asker came to this team from another; who saw less knows nothing of it.
    """

    ok: bool
    team: str
    channels: dict[str, int]
    since: int = 0


def membership(state: Hunt, query: Any, ctx: Context) -> Membership | Rejected:
    """Answer a `MembershipQuery`."""
    team = state.members.get(ctx.by)
    role = role_of(state, ctx) if state.phase is not Phase.NONE else Role.NOBODY
    if team is None and not role:
        return not_there(state) or NOT_JOINED
    since = state.more.moved.get(ctx.by, 0)
    return Membership(True, team.id if team else "", _channels(state, team, role), since)


def _channels(state: Hunt, team: Team | None, role: Role) -> dict[str, int]:
    return channels(state, team, host=role >= Role.REVIEWER, watches=role >= Role.SPECTATOR)


def page(state: Hunt, query: Any, ctx: Context) -> Page | Rejected:
    """Answer a `PageQuery`."""
    role = role_of(state, ctx) if state.phase is not Phase.NONE else Role.NOBODY
    if not role:
        refused = not_there(state)
        if refused is not None:
            return refused
    return page_of(state, state.members.get(ctx.by), ctx.now_ms, by=ctx.by, role=role, texts=query.texts)


def texts(state: Hunt, query: Any, ctx: Context) -> TextsView:
    """Answer a `TextsQuery`."""
    return TextsView(state.plan.texts.body(query.digest).decode())


def page_of(
    state: Hunt,
    team: Team | None,
    now_ms: int,
    *,
    by: str = "",
    role: Role = Role.NOBODY,
    texts: bool = False,
) -> Page:
    """Return the page of a team, or of somebody (`by`) who is in none and may have a role; with `texts`, a large one by
    digest."""
    plan, d = state.plan, state.definition
    by_digest = texts and team is not None and plan.texts.bytes_of(team.unlocked) > INLINE_BYTES_MAX
    intro = plan.texts.intro_digest() if by_digest else ""
    inline = not by_digest or team is None or views.earned_bytes(state, team) <= INLINE_BYTES_MAX
    return Page(
        hunt=state.id,
        title=d.title,
        intro="" if intro else plan.intro,
        phase=state.phase.name.lower(),
        now_ms=now_ms,
        mode=d.teams.mode,
        channels=_channels(state, team, role),
        opens_ms=plan.opens_ms,
        starts_ms=state.starts_ms,
        started_ms=state.started_ms,
        ends_ms=state.ends_of(team),
        paused_ms=state.paused_ms,
        brackets=d.brackets,
        clues_total=len(d.clues),
        players=len(state.members),
        host=role >= Role.REVIEWER,
        role=role.name.lower() if role else "",
        team=_team_view(state, team) if team else None,
        clues=views.clue_views(state, team, team.unlocked) if team and not by_digest else [],
        treasures=views.treasure_views(state, team, team.unlocked) if team and not by_digest else [],
        announcements=[
            AnnouncementView(at, a.text)
            for at, a in state.announced
            if not (a.team or a.bracket)
            or (team is not None and (a.team == team.id or a.bracket == team.bracket != ""))
        ],
        rounds=views.round_views(state, team.unlocked) if team else [],
        own_start=plan.own_start,
        began_ms=state.began_ms(team) if plan.own_start and team is not None and team.has_begun else 0,
        limit_s=d.schedule.limit_s or 0,
        frozen_ms=state.rest.curtain.at_ms if state.rest.curtain is not None else 0,
        asking=_asks(state, by) if team is None else "",
        texts=[*([intro] if intro else []), *_digests(state, team, inline=inline)] if team and by_digest else [],
        own=views.own_clues(state, team, inline=inline) if team and by_digest else (),
        own_treasures=views.own_treasures(state, team, team.unlocked) if team and by_digest else [],
        locks=plan.locks if team else [],
        zero_ms=_zero_ms(state, team) if (plan.locks or d.ghosts) and team else 0,
        help=help_view(state),
        questions=question_views(state, team) if team else [],
        photos=photo_views(state, team) if team else [],
        ghosts=d.ghosts if team else [],
    )


def _digests(state: Hunt, team: Team, *, inline: bool) -> list[str]:
    if inline:
        return state.plan.texts.digests(team.unlocked)
    return state.plan.texts.digests(team.unlocked, team.solved, team.hints)


def _asks(state: Hunt, by: str) -> str:
    team = state.teams.get(state.more.asking.get(by, ("", ""))[0])
    return team.name if team is not None and not team.is_dissolved else ""


def _zero_ms(state: Hunt, team: Team) -> int:
    """Return when a team's play time was 0; 0: it has not begun, where every team does so for itself."""
    return 0 if state.plan.own_start and not team.has_begun else state.began_ms(team)


def _waits(state: Hunt, team: Team, way: int) -> int:
    attempt = (team.attempts or {}).get(way)
    return state.zero_ms + attempt.until if attempt is not None and attempt.until else 0


def _team_view(state: Hunt, team: Team) -> TeamView:
    return TeamView(
        id=team.id,
        name=team.name,
        score=team.score,
        place=curtain.place(state, team),
        members=team.names or (team.name,),
        bracket=team.bracket,
        invite=team.invite,
        finished=bool(team.solved & state.plan.final),
        out=team.out,
        codes_wait_until_ms=_waits(state, team, CODES),
        check_ins_wait_until_ms=_waits(state, team, CHECK_INS),
        ids=team.members if team.names else (),
        approval=team.more is not None and team.more.approval,
        asking=[(by, name) for by, (of, name) in state.more.asking.items() if of == team.id],
        unofficial=team.is_unofficial,
    )


FEATURE: Final = Feature(
    answers=(
        AnswersTo(PageQuery, page, Page),
        AnswersTo(MembershipQuery, membership, Membership, wire=False),
        AnswersTo(TextsQuery, texts, TextsView, wire=False),
    ),
)
