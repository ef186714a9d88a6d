"""Training: pictures of lesions in, a checkpoint out."""

import os

# Here, as the libraries read these when they are first imported: no telemetry, and a Ray that is
# started (not joined) listens on loopback alone, whatever the variable's name says.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
