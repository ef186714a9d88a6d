"""The archives that the rows ask for, packed from tests/contract/handlers."""

import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from model_archiver.model_archiver_config import ModelArchiverConfig
from model_archiver.model_packaging import generate_model_archive

HANDLERS = Path(__file__).parent / "handlers"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """`config` is its model-config.yaml."""

    name: str
    handler: str = "acting.py"
    version: str = "1.0"
    modules: tuple[str, ...] = ()
    config: Mapping[str, object] | None = None

    @property
    def file(self) -> str:
        return f"{self.name}.mar"


BATCHES = {"batchSize": 4, "maxBatchDelay": 400}
IMPATIENT = {"jobQueueSize": 2, "responseTimeout": 3}

ARCHIVES = (
    Archive(name="acting"),
    Archive(name="acting_in_batches", version="2.0", config=BATCHES),
    Archive(
        name="greeting",
        handler="greeting.py",
        modules=("words.py",),
        config={"handler": {"word": "hello"}},
    ),
    Archive(name="impatient", config=IMPATIENT),
    Archive(name="plain"),
    Archive(name="broken", handler="broken.py"),
    Archive(name="lonely", handler="lonely.py"),
)
# Model and archive; each has a worker, and the first of a model is its default version.
Served = tuple[tuple[str, str], ...]
SERVED: Served = (
    ("acting", "acting"),
    ("acting", "acting_in_batches"),
    ("greeting", "greeting"),
    ("impatient", "impatient"),
)
MANIFEST = "MAR-INF/MANIFEST.json"
NAMELESS = '{"runtime": "python", "model": {"modelName": "no_handler", "modelVersion": "1.0"}}'
# Zip files that are no archives, by what they hold.
DAMAGED = {
    "no_manifest.mar": {"acting.py": ""},
    "broken_manifest.mar": {MANIFEST: "{"},
    "no_handler.mar": {MANIFEST: NAMELESS},
}


def fill(store: Path) -> None:
    """All archives into a server's model store, with what is none."""
    for archive in ARCHIVES:
        pack(archive, store)
    for name, files in DAMAGED.items():
        with zipfile.ZipFile(store / name, "w") as damaged:
            for path, text in files.items():
                damaged.writestr(path, text)
    (store / "no_zip.mar").write_text("this is no zip file")


def pack(archive: Archive, folder: Path) -> Path:
    with tempfile.TemporaryDirectory() as stage:
        settings = Path(stage, "model-config.yaml")
        if archive.config is not None:
            settings.write_text(yaml.safe_dump(dict(archive.config)))
        generate_model_archive(
            ModelArchiverConfig(
                model_name=archive.name,
                version=archive.version,
                handler=str(HANDLERS / archive.handler),
                extra_files=",".join(str(HANDLERS / module) for module in archive.modules) or None,
                config_file=str(settings) if archive.config is not None else None,
                export_path=str(folder),
                force=True,
            )
        )
    return folder / archive.file
