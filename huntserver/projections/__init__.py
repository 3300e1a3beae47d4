"""Read models: what can be looked up across hunts and players, folded from the log and never the truth themselves."""
