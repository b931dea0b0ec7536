"""The small commands beside `run`: one file each, with its help text and one function."""
