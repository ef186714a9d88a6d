"""How MLflow loads what `register_model` registered: its own copy of this file and of the core."""

from collections.abc import Iterable
from pathlib import Path

from handlers.classifier import LesionClassifier
from handlers.postprocess import Prediction

MODEL_NAME = "skin_vit.pt"
CONFIG_NAME = "skin_lesion_model_config.json"


class RegisteredClassifier:
    def __init__(self, classifier: LesionClassifier) -> None:
        self.classifier = classifier

    def predict(self, bodies: Iterable[bytes]) -> list[Prediction]:
        """One prediction for the bytes of each image."""
        return self.classifier.predict([self.classifier.preprocess(body) for body in bodies])


def _load_pyfunc(folder: str) -> RegisteredClassifier:
    """The name under which MLflow looks for it."""
    return RegisteredClassifier(
        LesionClassifier.load(Path(folder, MODEL_NAME), Path(folder, CONFIG_NAME))
    )
