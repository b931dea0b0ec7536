"""Reports: one HTML file that needs nothing else, made from the folders of runs."""

from syntonic.tracking.report.run import run_page as run_page
