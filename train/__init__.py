"""Training: pictures of lesions in, a checkpoint out."""

import os

# No telemetry. Here, as both libraries read these when they are first imported, before any code of ours.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
