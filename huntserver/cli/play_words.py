"""What the player's terminal says: its help, how each command is written, what happened to teams."""

from __future__ import annotations

HELP = """[b]CLUE ANSWER[/b]  guess (of a part: CLUE.PART ANSWER)
[b]/scan CODE[/b]       a code that you found
[b]/clues[/b]       what is open     [b]/go LAT LON[/b]      say where you are
[b]/hint CLUE ID[/b] take a hint     [b]/claim TREASURE[/b]  take a treasure
[b]/board[/b]       standings        [b]/team[/b] [b]/me[/b]        your team, your page
[b]/captain[/b] [b]/kick[/b] [b]/admit[/b] NAME  lead the team  [b]/invite[/b]  another invite code
[b]/approval[/b] ask|open  who may come in  [b]/leave[/b]   leave the team and the hunt
[b]/ask CLUE TEXT[/b] ask the hosts; [b]/more ID TEXT[/b] says more, [b]/withdraw ID[/b] takes it back
[b]/begin[/b]       start your clock, where every team has its own
[b]/quit[/b]        go (you stay in the hunt)"""

USES = {
    "/scan": "/scan CODE, like /scan BONE-7319",
    "/go": "latitude and longitude in degrees, like /go 48.85837 2.294481",
    "/hint": "/hint CLUE ID, like /hint candle cake",
    "/ask": "/ask CLUE TEXT, like /ask candle Is it hot?",
    "/more": "/more ID TEXT, like /more q1 We looked there.",
    "/withdraw": "/withdraw ID, like /withdraw q1",
    "/claim": "/claim TREASURE, like /claim copper",
    **{word: f"{word} NAME, like {word} Ann" for word in ("/captain", "/kick", "/admit")},
    "/approval": "/approval ask, or /approval open",
}
"""What to write for a command that lacks something."""
OF_TEAMS = {
    "joined": "is in your team now",
    "left": "is not in your team any more",
    "merged": "is one team with another now",
    "asked": "asks to come in: /admit NAME",
    "declined": "was not let in",
    "captain_changed": "leads the team now",
    "invite_changed": "has another invite code:",
    "renamed": "is the team's name now",
    "bracket_changed": "stands in another bracket now:",
    "team_changed": "are in another team now",
    "left_hunt": "are out of the team",
    "entered": "were let in",
}
"""What happened to a team or to oneself."""
