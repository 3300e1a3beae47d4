"""Links: one connection between each two nodes of a cluster, which carries commands, answers, pushes and reactions."""
