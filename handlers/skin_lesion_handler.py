"""TorchServe's door. Its loader wants exactly one class in this file."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import torch

from handlers.classifier import LesionClassifier
from handlers.errors import Fault
from handlers.request import Request
from handlers.schema import answers

CONFIG_NAME = "skin_lesion_model_config.json"
JSON, PNG = "application/json", "image/png"


class SkinLesionHandler:
    def initialize(self, context: Any) -> None:  # noqa: ANN401  # TorchServe has no types
        folder = Path(context.system_properties["model_dir"])
        gpu = context.system_properties.get("gpu_id")
        device = f"cuda:{gpu}" if gpu is not None and torch.cuda.is_available() else "cpu"
        model = folder / context.manifest["model"]["serializedFile"]
        self.classifier = LesionClassifier.load(model, folder / CONFIG_NAME, device)

    def handle(self, rows: list[dict[str, object]], context: Any) -> list[object]:  # noqa: ANN401
        """One answer a row; a fault gets its own status, so its neighbours keep theirs."""
        headers = [lower(context.get_all_request_header(index)) for index in range(len(rows))]
        # A client may send that header too, but not a request without any input.
        if rows == [{}] and headers[0].get("describe") == "True":
            return [answers()]
        requests = [asked(row, header) for row, header in zip(rows, headers, strict=True)]
        found: list[object] = []
        for index, answer in enumerate(self.classifier.answer(requests)):
            is_png = isinstance(answer, bytes)
            context.set_response_content_type(index, PNG if is_png else JSON)
            if isinstance(answer, Fault):
                context.set_response_status(answer.code, HTTPStatus(answer.code).phrase, index)
                found.append(answer.as_json())
            else:
                found.append(answer)
        return found


def lower(headers: dict[str, str]) -> dict[str, str]:
    """By their names in lower case: TorchServe hands them over as the client wrote them."""
    return {name.lower(): value for name, value in headers.items()}


def asked(row: dict[str, object], headers: dict[str, str]) -> Request:
    explain = headers.get("explain") == "True"
    target = row.get("target") if explain else None
    return Request(
        body=body_of(row),
        explain=explain,
        target=None if target is None else text_of(target),
        overlay=explain and PNG in headers.get("accept", ""),
    )


def text_of(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)


def body_of(row: dict[str, object]) -> bytes:
    """The image of a raw body, or of a form's field `data` or `body`."""
    body = row["data"] if "data" in row else row.get("body", b"")
    # TorchServe has decoded what came as text or JSON; written out again, the core refuses it.
    return bytes(body) if isinstance(body, bytes | bytearray) else json.dumps(body).encode()
