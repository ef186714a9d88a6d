#!/usr/bin/env bash
# The MLflow tracking server: SQLite, artefacts beside it, on loopback.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$(command -v "${SKIN_PYTHON:-$root/.venv/bin/python}" || command -v python)
data=${SKIN_MLFLOW_DATA:-$root/mlflow_data}
mkdir -p "$data/artifacts"
export MLFLOW_DISABLE_TELEMETRY=true
exec "$python" -m mlflow server \
    --host "${SKIN_HOST:-127.0.0.1}" --port "${SKIN_MLFLOW_PORT:-5001}" --workers 1 \
    --backend-store-uri "sqlite:///$data/mlflow.db" --artifacts-destination "$data/artifacts"
