"""MAR-INF/MANIFEST.json of an unpacked archive."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from handlers.url_part import UNSPEAKABLE
from serve.dialect.faults import InvalidModel
from serve.models.archive_config import ArchiveConfig

MANIFEST = Path("MAR-INF", "MANIFEST.json")
MOST_BYTES = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """`model` is the manifest's own section; what no one asks for in it is left alone."""

    folder: Path
    model: dict[str, object]

    @classmethod
    def read(cls, folder: Path) -> Self:
        said = loaded(folder / MANIFEST)
        runtime = said.get("runtime")
        if runtime not in (None, "python", "python3"):
            raise InvalidModel(f"The runtime {runtime!r} is not supported: use a Python handler.")
        model = said.get("model")
        if not isinstance(model, dict):
            raise InvalidModel("Missing Model entry in manifest file.")
        if model.get("requirementsFile"):
            raise InvalidModel(
                "Packages for a single model are not supported: install them where the server"
                " runs, and pack the model without --requirements-file."
            )
        return cls(folder=folder, model=model)

    def optional(self, key: str) -> str | None:
        value = self.model.get(key)
        if value is not None and not isinstance(value, str):
            raise InvalidModel(f"The manifest's {key} must be text, not {value!r}.")
        return value or None

    def text(self, key: str, missing: str) -> str:
        value = self.optional(key)
        if value is None:
            raise InvalidModel(missing)
        if UNSPEAKABLE.search(value):
            raise InvalidModel(f"The manifest's {key} can't be part of a URL: {value!r}.")
        return value

    def file(self, key: str) -> str | None:
        name = self.optional(key)
        if name is not None and not self.holds(name):
            raise InvalidModel(f"The manifest's {key} is not in the archive: {name!r}.")
        return name

    def holds(self, name: str) -> bool:
        """Nothing in the folder is a link, so a name without .. stays in it."""
        path = Path(name)
        inside = not path.is_absolute() and ".." not in path.parts and "\0" not in name
        try:
            return inside and (self.folder / path).is_file()
        except OSError:  # no file has so long a name
            return False

    def handler(self, instead: str | None) -> str:
        """A file of the archive, or the name of one of TorchServe's own handlers."""
        handler = instead or self.optional("handler")
        if handler is None:
            raise InvalidModel("The archive names no handler: pack it with one, or register one.")
        file = handler.split(":")[0]
        # TorchServe's loader looks by the last part, wherever the file is said to be.
        if file.endswith(".py") and not self.holds(file.split("/")[-1]):
            raise InvalidModel(f"The handler is not in the archive: {file!r}.")
        return handler

    def config(self) -> ArchiveConfig:
        name = self.file("configFile")
        return ArchiveConfig.read(self.folder / name) if name else ArchiveConfig()


def loaded(file: Path) -> dict[str, object]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidModel(f"The manifest is larger than {MOST_BYTES} bytes.")
        said = json.loads(file.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise InvalidModel(
            f"The archive has no {MANIFEST}: pack it with torch-model-archiver."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InvalidModel(f"The archive's {MANIFEST} is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise InvalidModel(f"The archive's {MANIFEST} must be a JSON object.")
    return said
