"""python -m tests.bench.others.mlflow_server

`mlflow models serve` of what train.register_model registers. It has no batches of requests.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import mlflow
import pandas as pd

from tests.bench.core import classifier
from train.register_model import CODE, lesion_jpeg
from train.registered import COLUMN, CONFIG_NAME, MODEL_NAME, RegisteredClassifier
from up.settings import ROOT

PORT = 8103


def saved(folder: Path) -> Path:
    files = folder / "files"
    files.mkdir()
    shutil.copy(ROOT / "model_store" / MODEL_NAME, files)
    shutil.copy(ROOT / "mar_config" / CONFIG_NAME, files)
    example = pd.DataFrame({COLUMN: [lesion_jpeg()]})
    answers = RegisteredClassifier(classifier()).predict(example)
    mlflow.pyfunc.save_model(
        folder / "model",
        loader_module=RegisteredClassifier.__module__,
        data_path=files,
        code_paths=[str(path) for path in CODE],
        signature=mlflow.models.infer_signature(example, answers),
        pip_requirements=[],
    )
    return folder / "model"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        serve = ["models", "serve", "--env-manager", "local", "--host", "127.0.0.1"]
        model = ["--model-uri", str(saved(Path(made))), "--port", str(PORT), "--workers", "1"]
        subprocess.run([sys.executable, "-m", "mlflow", *serve, *model], check=False)
