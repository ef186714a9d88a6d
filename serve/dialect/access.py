"""The access log: a line for each request, as TorchServe writes it."""

import logging
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request

logger = logging.getLogger(__name__)

# As much as TorchServe keeps.
FILE_BYTES = 100_000_000
OLDER_FILES = 5


def line(
    now: datetime,
    client: str,
    method: str,
    target: str,
    protocol: str,
    status: int,
    milliseconds: int,
) -> str:
    time = f"{now:%Y-%m-%dT%H:%M:%S},{now.microsecond // 1000:03}"
    return f'{time} - /{client} "{method} {target} {protocol}" {status} {milliseconds}'


def log(request: Request, status: int, seconds: float) -> None:
    logger.info(
        line(
            datetime.now(),
            client(request),
            request.method,
            target(request),
            f"HTTP/{request.scope['http_version']}",
            status,
            int(seconds * 1000),
        )
    )


def write_to(path: Path) -> None:
    """Called once: from then on the lines go to this file, and nowhere else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=OLDER_FILES, delay=True)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def client(request: Request) -> str:
    if request.client is None:
        return "-"
    host, port = request.client
    with suppress(ValueError):
        return f"[{host}]:{port}" if ip_address(host).version == 6 else f"{host}:{port}"
    # A proxy in between hands on what a client says of itself.
    return "-"


def target(request: Request) -> str:
    """Still quoted: a client can't write lines of its own."""
    path = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    query = request.scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")
