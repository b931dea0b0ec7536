"""Experiment configs: complete runs and sweeps. A package, so that Hydra finds it as `pkg://syntonic.configs` in a wheel."""
