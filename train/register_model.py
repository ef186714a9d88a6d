"""Model -> MLflow registry, under an alias: python -m train.register_model --help."""

import argparse
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from handlers.classifier import LesionClassifier
from handlers.errors import UnusableModel
from train import tracking
from train.origin import ROOT
from train.registered import CONFIG_NAME, MODEL_NAME

log = logging.getLogger(__name__)


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="python -m train.register_model", description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / "model_store" / MODEL_NAME)
    parser.add_argument("--config", type=Path, default=ROOT / "mar_config" / CONFIG_NAME)
    parser.add_argument("--alias", default="champion", help="a name for this version (champion)")
    given = parser.parse_args(arguments)
    try:
        # A model and config that no backend would serve are not registered either.
        LesionClassifier.load(given.model, given.config)
    except UnusableModel as error:
        log.error("%s", error)
        return 2
    out = ROOT / "model_store"
    uri = tracking.tracking_uri(out)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(given.model, Path(folder, MODEL_NAME))
        shutil.copy(given.config, Path(folder, CONFIG_NAME))
        code = [ROOT / "handlers", ROOT / "train" / "registered.py"]
        number = tracking.register(uri, out, Path(folder), code, given.alias)
    name = tracking.REGISTERED_MODEL
    log.info("version %s is models:/%s@%s at %s", number, name, given.alias, uri)
    return 0


if __name__ == "__main__":
    sys.exit(main())
