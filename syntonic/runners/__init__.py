"""The command `syntonic-run`: compose, validate, train, track, resume."""
