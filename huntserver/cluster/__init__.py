"""A server as a node of a cluster: what the application gives to `actors.cluster`."""
