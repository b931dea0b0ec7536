"""Experiment configs: complete runs and sweeps. A package: Hydra finds it as `pkg://syntonic.configs` in a wheel."""
