"""TorchServe's door. Its loader wants exactly one class in this file."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

import torch

from handlers.classifier import LesionClassifier
from handlers.errors import BadRequest, Fault

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
        answers: list[object] = [None] * len(rows)
        inputs = {}
        for index, row in enumerate(rows):
            context.set_response_content_type(index, "application/json")
            try:
                inputs[index] = self.classifier.preprocess(body_of(row))
            except Fault as fault:
                context.set_response_status(fault.code, HTTPStatus(fault.code).phrase, index)
                answers[index] = fault.as_json()
        if inputs:
            predictions = self.classifier.predict(list(inputs.values()))
            for index, prediction in zip(inputs, predictions, strict=True):
                answers[index] = prediction
        return answers


def body_of(row: dict[str, object]) -> bytes:
    """The image of a raw body, or of a form's field `data` or `body`."""
    body = row.get("data") or row.get("body") or b""
    # TorchServe has already decoded text and JSON; no image travels as either.
    if not isinstance(body, bytes | bytearray):
        raise BadRequest("The body is text or JSON: send the bytes of an image.")
    return bytes(body)
