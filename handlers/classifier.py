"""LesionClassifier: what every backend wraps."""

from pathlib import Path
from typing import Self

import torch

from handlers.errors import Fault, UnusableModel
from handlers.model_config import ModelConfig
from handlers.postprocess import Prediction, to_prediction
from handlers.preprocess import decode, to_input

# The name under which the export stores the model config's hash inside the model.
CONFIG_HASH = "config_sha256"


class LesionClassifier:
    def __init__(self, model: torch.jit.ScriptModule, config: ModelConfig, device: str) -> None:
        self.model = model
        self.config = config
        self.device = device

    @classmethod
    def load(cls, model: Path, config: Path, device: str = "cpu") -> Self:
        """Raises UnusableModel if a file is missing or the two were not exported together."""
        expected = ModelConfig.load(config)
        stored = {CONFIG_HASH: ""}
        try:
            graph = torch.jit.load(model, map_location=device, _extra_files=stored)
        except (ValueError, RuntimeError) as error:
            raise UnusableModel(f"{model} is no exported model: run train.pth_to_pt.") from error
        # torch hands the stored file back as bytes.
        if bytes(stored[CONFIG_HASH]).decode() != expected.sha256:  # type: ignore[arg-type]
            raise UnusableModel(
                f"{model} and {config} do not belong together: export both again (train.pth_to_pt)."
            )
        return cls(graph.eval(), expected, device)

    def preprocess(self, body: bytes) -> torch.Tensor:
        return to_input(decode(body, self.config.image_size), self.config)

    @torch.inference_mode()
    def predict(self, inputs: list[torch.Tensor]) -> list[Prediction]:
        logits = self.model(torch.stack(inputs).to(self.device)).cpu()
        return [to_prediction(row, self.config) for row in logits]

    def classify(self, bodies: list[bytes]) -> list[Prediction | Fault]:
        """One answer a body, in order; a bad one is a fault for itself alone."""
        answers: list[Prediction | Fault | None] = []
        inputs = []
        for body in bodies:
            try:
                inputs.append(self.preprocess(body))
                answers.append(None)
            except Fault as fault:
                answers.append(fault)
        predictions = iter(self.predict(inputs) if inputs else [])
        return [next(predictions) if answer is None else answer for answer in answers]
