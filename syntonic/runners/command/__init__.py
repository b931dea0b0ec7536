"""The small commands beside `run`: one file per verb, with its help text and one function."""
