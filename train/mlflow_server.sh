#!/usr/bin/env bash
# The MLflow tracking server: SQLite, artefacts beside it, on loopback.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
python=$(command -v "${SKIN_PYTHON:-$root/.venv/bin/python}" ||
    { [ -z "${SKIN_PYTHON:-}" ] && command -v python; }) || {
    echo "There is no ${SKIN_PYTHON:-$root/.venv/bin/python}: set SKIN_PYTHON to the Python that has" \
        "this project installed." >&2
    exit 2
}
data=${SKIN_MLFLOW_DATA:-$root/mlflow_data}
mkdir -p "$data/artifacts"
export MLFLOW_DISABLE_TELEMETRY=true
# MLflow answers only requests that name a host it knows, and takes changes only from pages of these:
# by itself this machine and private addresses, in whose place a list comes. Clients write a name in
# small letters.
host=$(tr '[:upper:]' '[:lower:]' <<< "${SKIN_HOST:-127.0.0.1}")
hosts=$(printf '%s,' {localhost,127.0.0.1,0.0.0.0,"$host"}{,':*'} '[::1]' '[[]::1]:*' \
    '10.*' '192.168.*' 172.{16..31}'.*' 'fc00:*' 'fd00:*')
export MLFLOW_SERVER_ALLOWED_HOSTS=${MLFLOW_SERVER_ALLOWED_HOSTS:-${hosts%,}}
page=http://$host:${SKIN_MLFLOW_PORT:-5001}
export MLFLOW_SERVER_CORS_ALLOWED_ORIGINS=${MLFLOW_SERVER_CORS_ALLOWED_ORIGINS:-$page}
exec "$python" -m mlflow server \
    --host "${SKIN_HOST:-127.0.0.1}" --port "${SKIN_MLFLOW_PORT:-5001}" --workers 1 \
    --backend-store-uri "sqlite:///$data/mlflow.db" --artifacts-destination "$data/artifacts"
