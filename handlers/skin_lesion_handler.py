"""TorchServe's door. Its loader wants exactly one class in this file."""

import json
from http import HTTPStatus
from pathlib import Path
from typing import Any

import torch

from handlers.classifier import LesionClassifier
from handlers.errors import Fault

CONFIG_NAME = "skin_lesion_model_config.json"


class SkinLesionHandler:
    def initialize(self, context: Any) -> None:  # noqa: ANN401  # TorchServe has no types
        folder = Path(context.system_properties["model_dir"])
        gpu = context.system_properties.get("gpu_id")
        device = f"cuda:{gpu}" if gpu is not None and torch.cuda.is_available() else "cpu"
        model = folder / context.manifest["model"]["serializedFile"]
        self.classifier = LesionClassifier.load(model, folder / CONFIG_NAME, device)

    def handle(self, rows: list[dict[str, object]], context: Any) -> list[object]:  # noqa: ANN401
        """One answer a row; a fault gets its own status, so its neighbours keep theirs."""
        answers: list[object] = []
        for index, answer in enumerate(self.classifier.classify([body_of(row) for row in rows])):
            context.set_response_content_type(index, "application/json")
            if isinstance(answer, Fault):
                context.set_response_status(answer.code, HTTPStatus(answer.code).phrase, index)
                answers.append(answer.as_json())
            else:
                answers.append(answer)
        return answers


def body_of(row: dict[str, object]) -> bytes:
    """The image of a raw body, or of a form's field `data` or `body`."""
    body = row["data"] if "data" in row else row.get("body", b"")
    # TorchServe has decoded what came as text or JSON; written out again, the core refuses it.
    return bytes(body) if isinstance(body, bytes | bytearray) else json.dumps(body).encode()
