"""MLflow's model registry, as training, packing and serving use it."""

import os

# Here, as MLflow reads it when it is first imported: no usage statistics.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
