// Hunts to begin with: one that can be played at once, and an empty one with what every hunt has.

export const EXAMPLE = `title = "The lighthouse keeper"
intro = """
The lamp went out last night.
The keeper left three riddles behind."""

[teams]
mode = "teams"
size_max = 5

[schedule]
duration_s = 3600

[[clues]]
id = "gate"
title = "The gate"
text = """
Count the spikes on both wings of the gate.
Add them up."""
answers = ["24", "twenty-four"]
points = 10
first_bonus = [5, 3]
solved_text = "The gate creaks open."
hints = [{ id = "wings", text = "Each wing has twelve." }]

[[clues]]
id = "verse"
title = "What the wall says"
unlock = "gate"
text = """
My first is in tea, my second in leaf,
my whole is a drink that is given to grief."""
answers = ["tea"]
partial = [{ text = "leaf", reply = "You are close." }]
hints = [{ id = "cup", text = "It comes in a cup.", price = 4 }]
points = 15

[[clues]]
id = "lamp"
title = "The lamp"
unlock = "verse"
text = "Which colour does a lighthouse show to port?"
answers = ["red"]
points = 20
final = true
solved_text = "The light is on again. Well done!"
`;

export const EMPTY = `title = "My hunt"
intro = "What players read first."

[teams]
mode = "teams"      # or "solo"

[schedule]
duration_s = 3600   # an hour, from the start

[[clues]]
id = "one"
title = "The first clue"
text = "What is to be found?"
answers = ["an answer", "the same in other words"]
points = 10
final = true
`;
