"""Learning rules: how a machine's parameters are updated from a batch."""
