"""Sentences: complete runs and sweeps."""
