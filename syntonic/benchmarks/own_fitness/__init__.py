"""Calls a function of the user's own for each member, in this process or in others."""

from syntonic.benchmarks.own_fitness.call import Score as Score
from syntonic.benchmarks.own_fitness.pool import Pool as Pool
