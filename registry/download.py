"""A registered version's files on this machine; MLflow is not imported before they are wanted."""

import importlib.util
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from registry.address import RegistryError, tracking_uri

if TYPE_CHECKING:
    from registry.versions import Version

# The names under which train.register_model stores them.
MODEL_NAME = "skin_vit.pt"
CONFIG_NAME = "skin_lesion_model_config.json"


def is_registered(model: str) -> bool:
    """Whether this names a model of the registry, and not a file."""
    return model.startswith("models:")


def files(uri: str, folder: Path, env: Mapping[str, str] = os.environ) -> tuple[Path, Path]:
    """Model and model config of `models:/name@alias` or `models:/name/number`, below `folder`.

    Raises RegistryError for whatever is not there.
    """
    if importlib.util.find_spec("mlflow") is None:
        raise RegistryError(
            f'{uri} needs MLflow: pip install -e ".[registry]" -c constraints.txt installs it.'
        )
    from registry.versions import addressed

    place = tracking_uri(env)
    found = fetched(place, addressed(place, uri), folder)
    return found / MODEL_NAME, found / CONFIG_NAME


def fetched(uri: str, version: "Version", folder: Path) -> Path:
    """All files of a version; what has been downloaded once is not downloaded again."""
    from registry.versions import download

    target = folder / version.folder
    if not target.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the target, so that it is there whole or not at all.
        with tempfile.TemporaryDirectory(dir=folder) as part:
            whole = as_registered(download(uri, version, Path(part)), version)
            try:
                whole.rename(target)
            except OSError:
                # Another process may have been as far a moment before.
                if not target.is_dir():
                    raise
    return target


def as_registered(data: Path, version: "Version") -> Path:
    """The folder that train.register_model has MLflow keep below `data`."""
    models = list(data.glob(f"*/{MODEL_NAME}"))
    if len(models) != 1:
        raise RegistryError(
            f"Version {version.number} of {version.name} was not registered by"
            " train.register_model: name one that was."
        )
    return models[0].parent
