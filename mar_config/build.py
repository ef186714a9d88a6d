"""Model + model config + core -> archive: python -m mar_config.build --help."""

import argparse
import json
import logging
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model_archiver.model_archiver_config import ModelArchiverConfig
from model_archiver.model_packaging import generate_model_archive

from registry.address import RegistryError
from registry.download import files, is_registered

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[1]
HERE = Path(__file__).parent
CONFIG_NAME = "skin_lesion_model_config.json"
NOT_CODE = shutil.ignore_patterns("__pycache__")


class NotAConfig(Exception):
    """The text says of which file, and what to do."""


def build(model: Path, model_config: Path, export_path: Path) -> Path:
    """The archive in `export_path`, named and versioned as the model config says.

    Whole or not at all: one that was there stays until then. Raises NotAConfig.
    """
    name, version = named(model_config)
    export_path.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as stage,
        tempfile.TemporaryDirectory(prefix=".packing-", dir=export_path) as packed,
        packing_apart(),
    ):
        # The archiver copies what is *in* a folder, so the package sits one level down.
        shutil.copytree(ROOT / "handlers", Path(stage, "handlers"), ignore=NOT_CODE)
        shutil.copy(model_config, Path(stage, CONFIG_NAME))
        generate_model_archive(
            ModelArchiverConfig(
                model_name=name,
                version=version,
                serialized_file=str(model),
                handler=str(ROOT / "handlers" / "skin_lesion_handler.py"),
                extra_files=stage,
                config_file=str(HERE / "model-config.yaml"),
                export_path=packed,
            )
        )
        return Path(packed, f"{name}.mar").replace(export_path / f"{name}.mar")


def named(model_config: Path) -> tuple[str, str]:
    try:
        said = json.loads(model_config.read_text())
        return str(said["name"]), str(said["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise NotAConfig(
            f"{model_config} is no model config: export the checkpoint again (train.pth_to_pt)."
        ) from error


@contextmanager
def packing_apart() -> Iterator[None]:
    """The archiver packs in the model's name below the temporary folder, and first removes what
    lies there: a user's, or that of another build at the same time."""
    with tempfile.TemporaryDirectory() as folder:
        before, tempfile.tempdir = tempfile.tempdir, folder
        try:
            yield
        finally:
            tempfile.tempdir = before


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="python -m mar_config.build", description=__doc__)
    parser.add_argument(
        "--model",
        default=str(ROOT / "model_store" / "skin_vit.pt"),
        help="a file, or models:/skin_vit@champion, which has its own config",
    )
    parser.add_argument("--config", type=Path, help=f"(mar_config/{CONFIG_NAME})")
    parser.add_argument(
        "--export-path",
        type=Path,
        default=ROOT / "model_store",
        help="folder of the archive (model_store)",
    )
    given = parser.parse_args(arguments)
    if is_registered(given.model) and given.config:
        parser.error("--config is for a file: a registered model has its own")
    model, config = Path(given.model), given.config or HERE / CONFIG_NAME
    try:
        if is_registered(given.model):
            model, config = files(given.model, given.export_path / "registered")
        for file in (model, config):
            if not file.is_file():
                log.error("There is no %s: export the checkpoint first (train.pth_to_pt).", file)
                return 2
        log.info("%s", build(model, config, given.export_path))
    except (RegistryError, NotAConfig) as error:
        log.error("%s", error)
        return 2
    except OSError as error:
        log.error(
            "Nothing was packed (%s): --export-path must be a folder that can be written to.", error
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
