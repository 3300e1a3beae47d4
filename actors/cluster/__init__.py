"""A cluster of nodes on one log: who lives, who serves which shard, and when a shard may change hands."""
