"""The life of one run: building its parts, training, its folder, checkpoints, resuming, and what it prints."""
