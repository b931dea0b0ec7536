"""Trackers and checkpoints. Importing this package registers the trackers and imports no tracking library."""

from syntonic.tracking.mlflow import MlflowTracker as MlflowTracker
from syntonic.tracking.none import NoTracker as NoTracker
