"""Reads files of data: what stands in them, as columns, numbers and texts; what it means is for the benchmarks."""

from syntonic.benchmarks.reading.columns import Column as Column
from syntonic.benchmarks.reading.columns import Columns as Columns
from syntonic.benchmarks.reading.rows import read_rows as read_rows
from syntonic.benchmarks.reading.table_file import TABLES as TABLES
from syntonic.benchmarks.reading.table_file import read_columns as read_columns
