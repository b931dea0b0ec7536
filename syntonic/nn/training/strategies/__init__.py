"""Strategies: those of the core, and one in each further file of this folder; `conf/trainer` has a config for each."""

from syntonic.nn.training.strategies.core import STRATEGIES as STRATEGIES
