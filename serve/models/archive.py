"""An archive by torch-model-archiver: unpacked, checked, and what it says of itself."""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from serve.dialect.faults import InvalidModel
from serve.models.archive_config import ArchiveConfig
from serve.models.limits import Limits, Tally
from serve.models.manifest import Manifest
from serve.models.unzip import CHUNK, unzip


@dataclass(frozen=True, kw_only=True)
class ArchivedModel:
    """`file` is its name in the store. `handler` is as TorchServe's loader takes it: a file, one
    with a function, or a name.
    """

    file: str
    folder: Path
    name: str
    version: str
    handler: str
    serialized_file: str | None
    envelope: str | None
    config: ArchiveConfig


def unpack(
    archive: Path, into: Path, handler: str | None = None, limits: Limits | None = None
) -> ArchivedModel:
    """A .mar, or the folder that the archiver makes without archiving, in a folder below `into`.

    That folder is named after the content and appears whole. `handler` comes before the
    manifest's. Raises InvalidModel. Reads and writes all of it, so call it in a thread.
    """
    refuse_other_kinds(archive)
    into.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=into))
    try:
        fill = copied if archive.is_dir() else unzipped
        target = into / fill(archive, stage, limits or Limits())
        model = described(stage, archive.name, handler)
        if not target.is_dir():
            move(stage, target)
        return replace(model, folder=target)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def clear(into: Path, used: set[Path]) -> None:
    """Of what was unpacked before, or begun to be, only what is used stays."""
    for folder in into.iterdir() if into.is_dir() else ():
        if folder not in used:
            shutil.rmtree(folder, ignore_errors=True)


def refuse_other_kinds(archive: Path) -> None:
    if archive.suffix == ".war":
        raise InvalidModel("Workflows (.war) are not supported: register their models one by one.")
    if archive.name.endswith((".tar.gz", ".tgz")):
        raise InvalidModel(
            "A .tar.gz is not supported: pack the model with --archive-format default."
        )


def move(stage: Path, target: Path) -> None:
    try:
        stage.rename(target)
    except OSError:
        # Another process was faster, and of the same content.
        if not target.is_dir():
            raise


def unzipped(archive: Path, stage: Path, limits: Limits) -> str:
    """The content's name."""
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        unzip(file, file.seek(0, os.SEEK_END), stage, limits)
    return digest


def copied(archive: Path, stage: Path, limits: Limits) -> str:
    """The content's name, from what was copied: the original may change meanwhile."""
    digest = hashlib.sha256()
    tally = Tally(limits, packed_bytes=limits.total_bytes)
    for path in sorted(archive.rglob("*")):
        target = stage / path.relative_to(archive)
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InvalidModel(f"The folder holds {path.name!r}, which is a link or a device.")
        if path.is_dir():
            target.mkdir()
            continue
        tally.add_file()
        digest.update(f"{target.relative_to(stage)}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as source, target.open("xb") as file:
            while chunk := source.read(CHUNK):
                tally.add_bytes(len(chunk))
                digest.update(chunk)
                file.write(chunk)
    return digest.hexdigest()


def described(folder: Path, file: str, handler: str | None) -> ArchivedModel:
    manifest = Manifest.read(folder)
    return ArchivedModel(
        file=file,
        folder=folder,
        name=manifest.text("modelName", "Model name is not defined."),
        version=manifest.text("modelVersion", "Model version is not defined."),
        handler=manifest.handler(handler),
        serialized_file=manifest.file("serializedFile"),
        envelope=manifest.optional("envelope"),
        config=manifest.config(),
    )
