"""A definition that is mended while the hunt runs, and what happens to what teams have done already. Pure.

Three ways, chosen by the host: `keep` leaves solves as they are; `rejudge` lets every team whose earlier guess is right
now solve the clue, one a record, so that nobody is held up; `compensate` gives those who have solved a clue the
difference of its points.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from actors.entity import Context, Decision, Rejected, Timer
from huntserver.game import amend, views
from huntserver.game.channels import Telling
from huntserver.game.clues.kind import GuessJudge
from huntserver.game.command import HostCommand, Query
from huntserver.game.commitment import commitment
from huntserver.game.definition.file import DEFINITION_BYTES_MAX
from huntserver.game.definition.shape import Clue, Definition, source
from huntserver.game.definition.solvability import check_definition
from huntserver.game.event import Author, GameEvent, HostEvent
from huntserver.game.feature import AnswersTo, Feature, Makes, SentBy, Takes, Times
from huntserver.game.features.completing import part_of, solve_part
from huntserver.game.features.solving import solve
from huntserver.game.media import missing
from huntserver.game.permission import RIGHTS, act, given_clue, not_host
from huntserver.game.plan import Plan, plan_of, plan_with_answers
from huntserver.game.shown import Shown
from huntserver.game.state import Hunt, Phase, Team, parts_done
from huntserver.game.unusual import AuditLine

Existing: TypeAlias = Literal["keep", "rejudge", "compensate"]
PHASES: Final = (Phase.PUBLISHED, Phase.RUNNING, Phase.PAUSED)
"""After the end a hunt is reopened first: its final places are told."""
LOOKED_AT: Final = 500
"""Teams looked at for one record of re-judging."""

REJUDGE_EVERY_MS: Final = 5
PROBLEMS_SHOWN: Final = 20
CHANGES_KEPT: Final = 10
"""Clues of an amendment that its record names."""

REJUDGING: Final = Rejected("wrong_phase", "guesses are being judged anew; try again", True, 1000)


class Accept(HostCommand, tag="accept", frozen=True):
    """Accept a text as an answer of a clue, or of a part of it, for everybody: teams that tried it have solved it."""

    clue: str
    text: str
    part: str = ""


class AwardSolve(HostCommand, tag="award", frozen=True):
    """Let a team have solved a clue that is open to it, or have done a part of one."""

    team: str
    clue: str
    part: str = ""


class PreviewQuery(Query, tag="preview", frozen=True):
    """What an amended definition would change: clues, keys, teams that solved or tried them. Hosts only.

    `base`: as of `define`.
    """

    definition: str
    base: str = ""


class Preview(msgspec.Struct, frozen=True):
    """The clues that change: id, keys, teams that have solved it, that have tried it in vain, difference of points."""

    changes: list[amend.Change]


class Amended(HostEvent, tag="amended", frozen=True, gc=False):
    """The hunt has another definition; `marks` are of guesses at a clue that are right now (CRC-32, big-endian), or at
    a part of one (CLUE.PART).

    `paid`: by how much the points of a clue that teams have solved changed, where that is compensated. `changed`: the
    keys that changed, by clue; `accepted`: the answer that was added to one (both for the trail alone). `written`: the
    TOML that the definition was read of, if any.
    """

    digest: str
    definition: str
    marks: dict[str, list[bytes]] = {}
    paid: dict[str, int] = {}
    changed: dict[str, tuple[str, ...]] = {}
    accepted: str = ""
    written: str = ""


class Rejudged(GameEvent, tag="rejudged", frozen=True, gc=False):
    """Teams before the `team`-th have been looked at for guesses that are right now; -1: all of them."""

    team: int


def conflict(state: Hunt, base: str) -> Rejected | None:
    """Refuse a text that was made from another definition than the hunt has now, and name who gave it that one."""
    if not base or base == state.digest:
        return None
    acts = [line for line in state.more.audit if line.what == Amended.__struct_config__.tag]
    known = next((n + 1 for n, line in enumerate(acts) if base in line.detail), 0)
    since = tuple(map(_in_words, acts[known:]))
    return Rejected(
        "conflict", "the hunt has another definition than this one was made from", why=since[-PROBLEMS_SHOWN:]
    )


def _in_words(line: AuditLine) -> str:
    """Say what a line of the trail did to a definition: who, at which clues, which keys or answer."""
    try:
        fields = msgspec.json.decode(line.detail)
    except ValueError:  # cut short
        fields = {}
    changed = "; ".join(f"{clue}: {', '.join(keys)}" for clue, keys in fields.get("changed", {}).items())
    answer = f" ({fields['accepted']!r} accepted)" if "accepted" in fields else ""
    return f"{line.by} changed {changed or 'it'}{answer}"


def amended(
    state: Hunt, text: str, existing: Existing, ctx: Context, author: Author, *, written: str = ""
) -> Decision | Rejected:
    """Return the decision that a published hunt has another definition (JSON text, checked already)."""
    if state.phase not in PHASES:
        return Rejected("wrong_phase", "the hunt has ended; reopen it first", retry=True)
    checked = _checked(state, text)
    if isinstance(checked, Rejected):
        return checked
    if state.more.rejudging:
        return REJUDGING
    text = source(checked)
    return _amended(
        state, amend.changes(state, checked), plan_of(text), text, existing=existing, author=author, written=written
    )


def _amended(
    state: Hunt,
    changes: Sequence[amend.Change],
    plan: Plan,
    text: str,
    *,
    existing: Existing,
    author: Author,
    accepted: str = "",
    written: str = "",
) -> Decision:
    checked = plan.definition
    marks: dict[str, list[bytes]] = {}
    if existing == "rejudge":
        clues = {c.id: c for c in checked.clues}
        touched = [clues[c.clue] for c in changes if c.what != ("new",)]
        for clue in touched:
            marks |= amend.rejudged_marks(state, plan, clue)
    paid = {c.clue: c.points for c in changes if c.points and c.solved} if existing == "compensate" else {}
    digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    changed = {c.clue: c.what for c in changes[:CHANGES_KEPT]}
    event = Amended(digest, text, marks, paid, changed, accepted, written, personal=author)
    answer = {"digest": digest, "clues": len(checked.clues), "changed": len(changes), "existing": existing}
    return Decision((event,), answer)


def _checked(state: Hunt, text: str) -> Definition | Rejected:
    """Return an amended definition, or everything that speaks against it."""
    checked = check_definition(text.encode(), "json")
    found = (
        checked if isinstance(checked, list) else amend.problems(state, checked) + missing(checked, state.rest.media)
    )
    if not found and not isinstance(checked, list):
        return checked
    shown = tuple(map(str, found[:PROBLEMS_SHOWN]))
    return Rejected("bad_definition", shown[0], why=shown)


def accept(state: Hunt, command: Accept, ctx: Context) -> Decision | Rejected:
    """Accept one more answer, for everybody."""
    refused = not_host(state, ctx, *PHASES, least=RIGHTS["accept"])
    if refused is not None:
        return refused
    found = answered_in_words(state, command.clue, command.part)
    if isinstance(found, Rejected):
        return found
    index, _, judge = found
    clue = state.definition.clues[index]
    if judge.read(command.text)[2]:
        return Rejected("wrong_phase", "this is an accepted answer already")
    definition = amend.with_answer(state.definition, clue, command.text, command.part)
    text = source(definition)
    problems = _answer_problems(index, definition.clues[index], text)
    if problems:
        return Rejected("bad_definition", problems[0], why=problems)
    if state.more.rejudging:
        return REJUDGING
    plan = plan_with_answers(state.plan, index, definition, text)
    change = amend.Change(clue.id, ("answers",), state.solves[index], state.tried[index], 0)
    author = act(ctx, command)
    return _amended(state, [change], plan, text, existing="rejudge", author=author, accepted=command.text)


def answered_in_words(state: Hunt, clue: str, part: str) -> tuple[int, int, GuessJudge] | Rejected:
    """Return a clue's number, the number under which tries at it or its part are kept, and what judges them."""
    index = state.plan.clue_index.get(clue)
    if index is None:
        return Rejected("no_such_clue", "there is no such clue")
    number, kind, judge = index, state.plan.kinds[index], state.plan.judges[index]
    if part or kind.made_of is not None:
        found = part_of(state, index, part)
        if isinstance(found, Rejected):
            return found
        number, kind, judge = found.number, found.kind, found.judge
    if kind.name != "text" or judge is None:
        return Rejected("wrong_kind", "only clues that are answered in words take another answer")
    return index, number, judge


def _answer_problems(index: int, clue: Clue, text: str) -> tuple[str, ...]:
    """Return what speaks against one clue's answers, the rest of the file being good: judged alone."""
    if len(text.encode()) > DEFINITION_BYTES_MAX:
        return (f"the hunt is larger than {DEFINITION_BYTES_MAX} bytes with it",)
    alone = Definition(title="-", clues=[msgspec.structs.replace(clue, unlock="", hints=[])])
    checked = check_definition(source(alone).encode(), "json")
    found = checked if isinstance(checked, list) else []
    return tuple(str(p._replace(path=p.path.replace("clues[0]", f"clues[{index}]"))) for p in found[:PROBLEMS_SHOWN])


def award(state: Hunt, command: AwardSolve, ctx: Context) -> Decision | Rejected:
    """Let a team have solved a clue."""
    found = given_clue(state, command.team, command.clue, ctx)
    if isinstance(found, Rejected):
        return found
    team, index = found
    if not team.unlocked >> index & 1:
        return Rejected("locked", "the clue is not open to this team", retry=True)
    if team.solved >> index & 1:
        return Rejected("already_solved", "the team has solved this clue")
    if command.part:
        part = part_of(state, index, command.part)
        if isinstance(part, Rejected):
            return part
        return solve_part(state, team, part, how="host", author=act(ctx, command), now_ms=ctx.now_ms, given=True)
    return solve(state, team, index, how="host", author=act(ctx, command), now_ms=ctx.now_ms, given=True)


def preview(state: Hunt, query: PreviewQuery, ctx: Context) -> Preview | Rejected:
    """Answer a `PreviewQuery`."""
    refused = not_host(state, ctx, *PHASES)
    if refused is not None:
        return refused
    overtaken = conflict(state, query.base)
    if overtaken is not None:
        return overtaken
    checked = _checked(state, query.definition)
    return checked if isinstance(checked, Rejected) else Preview(amend.changes(state, checked))


def _apply_amended(state: Hunt, event: Amended, at_ms: int) -> None:
    amend.renumber(state, event.definition, event.digest)
    if not event.accepted:  # one more answer is put into the text that there is
        state.rest.written = event.written
    committed = state.rest.committed
    if committed is not None:
        committed.made.append((at_ms, commitment(committed.secret, event.definition)))
    if event.paid:
        state.compensate(event.paid)
    if event.marks and state.started_ms:
        state.more.rejudging, state.more.rejudge_ms, state.more.rejudge_next = event.marks, at_ms, 0
    if state.phase in (Phase.RUNNING, Phase.PAUSED):
        state.open_things(state.teams.values(), at_ms)


def _show_amended(tell: Telling, state: Hunt, event: Amended) -> None:
    tell.all(Shown("amended"))
    tell.hosts(Shown("amended", clue=", ".join(event.marks or event.paid)))
    for team, mask in state.opened:
        tell.team(team, Shown("opened", **views.opened(state, team, mask)))
    if event.paid:
        tell.board()


def _apply_rejudged(state: Hunt, event: Rejudged, at_ms: int) -> None:
    if event.team < 0:
        state.more.rejudging, state.more.rejudge_ms = {}, 0
    state.more.rejudge_next = max(event.team, 0)
    state.more.rejudge_steps += 1


def _due(state: Hunt) -> Timer | None:
    more = state.more
    if not more.rejudging or state.phase in (Phase.NONE, Phase.DRAFT, Phase.PUBLISHED):
        return None
    return Timer(more.rejudge_ms + REJUDGE_EVERY_MS * more.rejudge_steps, f"rejudge-{more.rejudge_steps}")


def _fires(state: Hunt, ctx: Context) -> Sequence[Any]:
    """Look for the next team with a guess that is right now; its solve is one record, so that each is told apart."""
    teams = list(state.teams.values())
    first = state.more.rejudge_next
    wanted = list(state.more.rejudging.items())
    for n in range(first, min(first + LOOKED_AT, len(teams))):
        for address, marks in wanted:
            solved = None if teams[n].out else _right_now(state, teams[n], address, marks, ctx.now_ms)
            if solved is not None:
                return (*solved.events, Rejudged(n))  # the same team again: another clue may be right too
    done = first + LOOKED_AT >= len(teams)
    return (Rejudged(-1 if done else first + LOOKED_AT),)


def _right_now(state: Hunt, team: Team, address: str, marks: list[bytes], now_ms: int) -> Decision | None:
    """Return the decision that a team has solved a clue, or done a part of one, that it tried rightly before."""
    part = state.plan.parts.by_address.get(address)
    index = part.of if part is not None else state.plan.clue_index[address]
    if not (team.unlocked & ~team.solved) >> index & 1:
        return None
    attempt = (team.attempts or {}).get(part.number if part is not None else index)
    right = attempt is not None and any(map(attempt.has_tried, marks))
    if part is not None:
        if not right or part.id in parts_done(team, part.clue):
            return None
        made = solve_part(state, team, part, how="rejudged", author=Author(), now_ms=now_ms, given=True)
        return made if isinstance(made, Decision) else None
    if index in state.plan.parts.of:
        right = len(parts_done(team, address)) >= state.plan.parts.needed[index]
    return solve(state, team, index, how="rejudged", author=Author(), now_ms=now_ms, given=True) if right else None


FEATURE: Final = Feature(
    takes=(Takes(Accept, accept, SentBy.HOST), Takes(AwardSolve, award, SentBy.HOST)),
    makes=(
        Makes(Amended, _apply_amended, _show_amended, times=True),
        Makes(Rejudged, _apply_rejudged, times=True),
    ),
    answers=(AnswersTo(PreviewQuery, preview, Preview, wire=False),),
    times=(Times("rejudge-", _due, _fires),),
)
