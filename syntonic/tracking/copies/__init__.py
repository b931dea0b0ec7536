"""The points of a run in files that other programs read, copied from the run's journal."""

from syntonic.tracking.copies.copies import Copies as Copies
from syntonic.tracking.copies.copies import Format as Format
