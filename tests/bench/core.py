"""The core as every server of tests.bench.serving has it."""

from handlers.classifier import LesionClassifier
from up.settings import ROOT


def classifier() -> LesionClassifier:
    return LesionClassifier.load(
        ROOT / "model_store" / "skin_vit.pt", ROOT / "mar_config" / "skin_lesion_model_config.json"
    )
