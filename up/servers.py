"""The four servers: what starts each, and when it is ready."""

import sys
from dataclasses import dataclass
from pathlib import Path

from up.settings import ROOT, Settings

BIN = Path(sys.executable).parent


@dataclass(frozen=True, kw_only=True)
class Server:
    """Ready when `ready_url` answers as it says; `address` is what a person is told.

    `key_file` holds the token that it wants to be asked with. The others may ask what is `first`
    as soon as they start.
    """

    name: str
    command: tuple[str, ...]
    address: str
    ready_url: str
    ready_says: bytes = b""
    key_file: Path | None = None
    first: bool = False


# TorchServe's /ping is healthy before its worker has loaded the model; that no image is no image
# can only be said by the core, in a worker.
NO_IMAGE = b"BadRequestException"


def servers(settings: Settings) -> list[Server]:
    mlflow = settings.url("SKIN_MLFLOW_PORT")
    torchserve = settings.url("SKIN_TORCHSERVE_PORT")
    ray = settings.url("SKIN_RAY_PORT")
    page = settings.url("SKIN_PAGE_PORT")
    return [
        Server(
            name="MLflow",
            command=(str(ROOT / "train" / "mlflow_server.sh"),),
            address=mlflow,
            ready_url=f"{mlflow}/health",
            # Ray Serve may be told to load a model of its registry.
            first=True,
        ),
        Server(
            name="TorchServe",
            command=(str(ROOT / "mar_config" / "start_torchserve.sh"),),
            address=f"{torchserve}/predictions/skin_vit",
            ready_url=f"{torchserve}/predictions/skin_vit",
            ready_says=NO_IMAGE,
            key_file=settings.logs / "torchserve" / "key_file.json",
        ),
        Server(
            name="Ray Serve",
            command=(str(BIN / "serve"), "run", "serve.app:deployment"),
            address=f"{ray}/predictions/skin_vit",
            ready_url=f"{ray}/predictions/skin_vit",
            ready_says=NO_IMAGE,
            key_file=settings.logs / "ray" / "key_file.json",
        ),
        Server(
            name="the page",
            command=(
                str(BIN / "streamlit"),
                "run",
                str(ROOT / "streamlit_app" / "app.py"),
                f"--server.address={settings.host}",
                f"--server.port={settings.ports['SKIN_PAGE_PORT']}",
                "--server.headless=true",
            ),
            address=page,
            ready_url=f"{page}/_stcore/health",
        ),
    ]
