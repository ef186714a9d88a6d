"""Ray Serve's own config file, as `serve build` writes it, started on a Ray of its own."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import grpc
import httpx
import pytest
import yaml
from google.protobuf.empty_pb2 import Empty

from serve.rpc import inference_pb2_grpc
from serve.rpc.methods import SERVICES
from tests.conftest import ROOT, free_ports
from tests.contract import archives
from up.processes import running
from up.servers import Server

SERVE = str(Path(sys.executable).with_name("serve"))
# A Ray of one machine, all on loopback.
ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),
}
ON_LOOPBACK = {"worker_process_setup_hook": "serve.ports.keep_private"}


@pytest.mark.long
def test_the_built_file_serves(tmp_path: Path) -> None:
    file, (port, grpc_port) = tmp_path / "serve.yaml", free_ports(2)
    archives.fill(tmp_path)
    services = [word for name in SERVICES for word in ("--grpc-servicer-functions", name)]
    build = [SERVE, "build", "serve.built:front", "--output-path", str(file), *services]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    config = yaml.safe_load(file.read_text())
    config["http_options"] = {"host": "127.0.0.1", "port": port}
    config["grpc_options"]["port"] = grpc_port
    config["applications"][0]["runtime_env"]["env_vars"] = {
        "SKIN_MODEL_STORE": str(tmp_path),
        "SKIN_ARCHIVE": "acting.mar",
        "SKIN_LOGS": str(tmp_path / "logs"),
    }
    file.write_text(yaml.safe_dump(config))
    url, keys = f"http://127.0.0.1:{port}", tmp_path / "logs" / "ray" / "key_file.json"
    run = [SERVE, "run", "--address", "local", "--runtime-env-json", json.dumps(ON_LOOPBACK)]
    server = Server(
        name="Ray Serve",
        command=(*run, str(file)),
        address=url,
        ready_url=f"{url}/ping",
        ready_says=b"Healthy",
        key_file=keys,
    )

    with running(tmp_path / "logs", os.environ | ALONE) as group:
        group.start(server)
        group.wait_until_ready()
        token = json.loads(keys.read_text())["inference"]["key"]
        authorization = ("authorization", f"Bearer {token}")
        answer = httpx.post(f"{url}/predictions/acting", headers=[authorization], timeout=60)
        with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
            # What is generated has no types.
            stub = inference_pb2_grpc.InferenceAPIsServiceStub(channel)  # type: ignore[no-untyped-call]
            health = stub.Ping(Empty(), metadata=[authorization], timeout=20).health

    assert answer.status_code == 200, answer.text
    assert "Healthy" in health
