"""A model and its config that are in no archive, laid out as the archive of them would be."""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
HANDLER = "skin_lesion_handler.py"
BATCHING = "model-config.yaml"
CONFIG = "skin_lesion_model_config.json"
NOT_CODE = shutil.ignore_patterns("__pycache__")


def lay_out(model: Path, model_config: Path, folder: Path) -> Path:
    """The folder, made anew, with the model, its config and the core, as mar_config.build packs."""
    settings = json.loads(model_config.read_text())
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "MAR-INF").mkdir(parents=True)
    shutil.copytree(ROOT / "handlers", folder / "handlers", ignore=NOT_CODE)
    shutil.copy(ROOT / "handlers" / HANDLER, folder / HANDLER)
    shutil.copy(ROOT / "mar_config" / BATCHING, folder / BATCHING)
    shutil.copy(model_config, folder / CONFIG)
    shutil.copy(model, folder / model.name)
    manifest = {
        "runtime": "python",
        "model": {
            "modelName": settings["name"],
            "modelVersion": settings["version"],
            "serializedFile": model.name,
            "handler": HANDLER,
            "configFile": BATCHING,
        },
    }
    (folder / "MAR-INF" / "MANIFEST.json").write_text(json.dumps(manifest))
    return folder
