"""How MLflow loads what `register_model` registered: its own copy of this file and of the core."""

from pathlib import Path

import pandas as pd

from handlers.answer import Prediction
from handlers.classifier import LesionClassifier
from handlers.request import Request

MODEL_NAME = "skin_vit.pt"
CONFIG_NAME = "skin_lesion_model_config.json"
COLUMN = "image"


class RegisteredClassifier:
    def __init__(self, classifier: LesionClassifier) -> None:
        self.classifier = classifier

    def predict(self, inputs: pd.DataFrame) -> list[Prediction]:
        """One prediction a row: its column `image` holds the bytes of an image file."""
        return self.classifier.predict(
            [self.classifier.preprocess(Request(body=row)) for row in inputs[COLUMN]]
        )


def _load_pyfunc(folder: str) -> RegisteredClassifier:
    """The name under which MLflow looks for it."""
    return RegisteredClassifier(
        LesionClassifier.load(Path(folder, MODEL_NAME), Path(folder, CONFIG_NAME))
    )
