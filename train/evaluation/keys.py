"""The key that a server wants with each request: from the file it wrote, and renewed in time."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from urllib.parse import urlsplit
from urllib.request import Request

from train.evaluation.calls import UNREACHABLE, answer_to

ANSWERS_WITHIN_S = 60


class Keys:
    """Of one server, for the threads that ask it; `current` is None where the file holds none."""

    def __init__(self, file: Path, url: str) -> None:
        self.file = file
        self.url = url
        self.lock = Lock()
        self.current = self.read("inference")

    def read(self, kind: str) -> str | None:
        try:
            return str(json.loads(self.file.read_text())[kind]["key"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def after(self, refused: str | None) -> str | None:
        """What to ask with instead: what another thread found, what stands in the file by now, or
        a renewed key; the same where there is none."""
        with self.lock:
            if self.current == refused:
                self.current = self.read("inference")
            if self.current == refused:
                self.renew()
                self.current = self.read("inference")
            return self.current

    def renew(self) -> None:
        """The server writes the new key into its file, and the old one is worth nothing."""
        api = self.read("API")
        for address in () if api is None else managements(self.url):
            request = Request(
                f"{address}/token?type=inference", headers={"Authorization": f"Bearer {api}"}
            )
            try:
                status, _ = answer_to(request, ANSWERS_WITHIN_S)
            except UNREACHABLE:
                continue
            if status == 200:
                return


def management_port(env: Mapping[str, str] = os.environ) -> str:
    """Where TorchServe's management is, on the host of its predictions."""
    return env.get("SKIN_TORCHSERVE_MANAGEMENT_PORT") or "8081"


def managements(url: str) -> tuple[str, str]:
    """Ours by Ray is where its predictions are."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{parts.netloc}", f"{parts.scheme}://{host}:{management_port()}"
