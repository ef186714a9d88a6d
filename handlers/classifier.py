"""LesionClassifier: what every backend wraps."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import torch

from handlers.answer import Explanation, Prediction, Quality, Region
from handlers.errors import Fault, UnusableModel
from handlers.memory import keep_memory
from handlers.model_config import ModelConfig
from handlers.postprocess import to_prediction
from handlers.preprocess import decode, size_of, to_input
from handlers.quality import examine
from handlers.relevance import overlay, region_of, relevance, shown, wanted
from handlers.request import Request

# The name under which the export stores the model config's hash inside the model.
CONFIG_HASH = "config_sha256"

# Pictures of a batch that are decoded at once; each may take some 300 MB while it is.
MOST_DECODED = 4

Answer = Prediction | Explanation | bytes | Fault


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Of a request's picture the model's input (3, image_size, image_size), and where that was.

    The picture itself, which may be 50 megapixels, is not kept: a batch has many.
    """

    request: Request
    region: Region
    input: torch.Tensor
    wanted: torch.Tensor
    quality: Quality


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
        keep_memory()
        return cls(graph.eval(), expected, device)

    def preprocess(self, request: Request) -> Picture:
        """Raises a Fault for what can't be decoded, or asks for a category that is no output."""
        size = self.config.image_size
        image = decode(request.body, size)
        return Picture(
            request=request,
            region=region_of(image),
            input=to_input(image, self.config),
            wanted=wanted(request.target, self.config.classes),
            quality=examine(image, size_of(request.body), self.config.quality, size),
        )

    def prepared(self, request: Request) -> Picture | Fault:
        try:
            return self.preprocess(request)
        except Fault as fault:
            return fault

    @torch.inference_mode()
    def predict(self, pictures: Sequence[Picture]) -> list[Prediction]:
        logits, distances = self.model(self.inputs(pictures))
        return self.predictions(pictures, logits, distances)

    @torch.inference_mode()
    def explain(self, pictures: Sequence[Picture]) -> list[Explanation | bytes]:
        """Bytes are a PNG, where a request asks for the overlay."""
        classes = self.config.classes
        folded = "UNK" in classes and self.config.unknown is not None
        if folded or len(set(classes)) < len(classes):
            pictures = self.aimed(pictures)
        masks = torch.stack([picture.wanted for picture in pictures]).to(self.device)
        logits, distances, maps = self.model.explain(self.inputs(pictures), masks)
        top = logits.argmax(dim=1).tolist()
        answers: list[Explanation | bytes] = []
        for picture, prediction, first, signed in zip(
            pictures, self.predictions(pictures, logits, distances), top, maps.cpu(), strict=True
        ):
            target = picture.request.target or self.config.classes[first]
            found = relevance(target, signed, picture.region)
            if picture.request.overlay:
                answers.append(overlay(shown(picture.request.body), found))
            else:
                answers.append({**prediction, "relevance": found})
        return answers

    def aimed(self, pictures: Sequence[Picture]) -> list[Picture]:
        """Each at its most probable category, which need not be the top output's where two outputs
        together are one, or an output for UNK and the distance are."""
        aimed = []
        for picture, prediction in zip(pictures, self.predict(pictures), strict=True):
            likely = max(self.config.classes, key=prediction["probabilities"].__getitem__)
            request = replace(picture.request, target=picture.request.target or likely)
            mask = wanted(request.target, self.config.classes)
            aimed.append(replace(picture, request=request, wanted=mask))
        return aimed

    def inputs(self, pictures: Sequence[Picture]) -> torch.Tensor:
        return torch.stack([picture.input for picture in pictures]).to(self.device)

    def predictions(
        self, pictures: Sequence[Picture], logits: torch.Tensor, distances: torch.Tensor
    ) -> list[Prediction]:
        return [
            to_prediction(row, distance, picture.quality, self.config)
            for picture, row, distance in zip(
                pictures, logits.cpu(), distances.tolist(), strict=True
            )
        ]

    def classify(self, bodies: Sequence[bytes]) -> list[Prediction | Fault]:
        """A prediction a picture, in order; a bad one is a fault for itself alone."""
        answers = self.answer([Request(body=body) for body in bodies])
        return [answer for answer in answers if not isinstance(answer, bytes)]

    def answer(self, requests: Sequence[Request]) -> list[Answer]:
        """One answer a request, in order; a bad one is a fault for itself alone.

        Predictions and explanations that came together are each a batch of their own.
        """
        answers: dict[int, Answer] = {}
        asked: dict[bool, dict[int, Picture]] = {False: {}, True: {}}
        # Pillow and numpy leave Python's lock to other threads while they compute.
        with ThreadPoolExecutor(min(MOST_DECODED, torch.get_num_threads())) as pool:
            for index, found in enumerate(pool.map(self.prepared, requests)):
                if isinstance(found, Fault):
                    answers[index] = found
                else:
                    asked[found.request.explain][index] = found
        for explain, pictures in asked.items():
            if pictures:
                compute = self.explain if explain else self.predict
                answers |= zip(pictures, compute(list(pictures.values())), strict=True)
        return [answers[index] for index in range(len(requests))]
