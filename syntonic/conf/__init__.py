"""Words: one object per file."""
