"""What is registered, to and from TorchServe's snapshot files."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serve.dialect import property_file
from serve.dialect.calls import Registration
from serve.models.section import Section, section

Versions = dict[str, "VersionState"]
KEY = "model_snapshot"
DEFAULT_TIMEOUT_S = 120


class SnapshotError(Exception):
    """A snapshot that can't be restored; the text names it and says what to do."""


@dataclass(frozen=True, kw_only=True)
class VersionState:
    """The last four are this project's own; TorchServe passes over them. `handler` is one that the
    registration named, `content` the folder that the archive was unpacked to.
    """

    default_version: bool
    mar_name: str
    min_workers: int
    max_workers: int
    batch_size: int
    max_batch_delay_ms: int
    response_timeout_s: int
    startup_timeout_s: int
    weight: float = 0.0
    shadow: bool = False
    handler: str | None = None
    content: str | None = None

    def registration(self, url: str, model: str) -> Registration:
        return Registration(
            url=url,
            model_name=model,
            handler=self.handler,
            batch_size=self.batch_size,
            max_batch_delay_ms=self.max_batch_delay_ms,
            initial_workers=self.min_workers,
            max_workers=self.max_workers,
            response_timeout_s=self.response_timeout_s,
            startup_timeout_s=self.startup_timeout_s,
        )


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Model -> version -> state."""

    models: dict[str, Versions]

    def states(self) -> Iterator[VersionState]:
        for versions in self.models.values():
            yield from versions.values()


def write(path: Path, snapshot: Snapshot) -> None:
    """Whole or not at all, so that a crash leaves the one before."""
    state = {
        "name": path.name,
        "modelCount": sum(len(versions) for versions in snapshot.models.values()),
        "created": int(time.time() * 1000),
        "models": {
            model: {version: as_json(state) for version, state in versions.items()}
            for model, versions in snapshot.models.items()
        },
    }
    text = property_file.written({KEY: json.dumps(state, indent=2, ensure_ascii=False)})
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, stage = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding=property_file.ENCODING) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(stage).replace(path)
    except BaseException:  # Ctrl-C too: no half file is left, and the error goes on its way
        Path(stage).unlink()
        raise


def as_json(state: VersionState) -> dict[str, object]:
    """In TorchServe's order."""
    found: dict[str, object] = {
        "defaultVersion": state.default_version,
        "marName": state.mar_name,
        "minWorkers": state.min_workers,
        "maxWorkers": state.max_workers,
        "batchSize": state.batch_size,
        "maxBatchDelay": state.max_batch_delay_ms,
        "responseTimeout": state.response_timeout_s,
        "startupTimeout": state.startup_timeout_s,
        "runtimeType": "python",
    }
    if state.weight:
        found["weight"] = state.weight
    if state.shadow:
        found["shadow"] = True
    if state.handler:
        found["handler"] = state.handler
    if state.content:
        found["content"] = state.content
    return found


def read(path: Path) -> Snapshot:
    """Also what a TorchServe wrote. Raises SnapshotError, and leaves the file as it is."""
    try:
        found = property_file.read(path).get(KEY)
        if found is None:
            raise ValueError(f"it has no {KEY}")
        return parse(found.value)
    except (ValueError, RecursionError, property_file.PropertiesError) as error:
        raise SnapshotError(
            f"The snapshot {path} can't be restored: {error}. It was left as it is: mend it, or"
            " move it away to start with the models of load_models."
        ) from error


def of_property(text: str) -> Snapshot:
    """Of config.properties. Raises SnapshotError."""
    try:
        return parse(text)
    except (ValueError, RecursionError) as error:
        raise SnapshotError(f"The property {KEY} can't be read: {error}.") from error


def parse(text: str) -> Snapshot:
    """The JSON of `model_snapshot`. Raises ValueError with what is wrong."""
    said = section("the snapshot", json.loads(text)).get("models")
    found = {
        model: {
            version: version_state(f"version {version} of {model}", state)
            for version, state in section(f"model {model}", versions).items()
        }
        for model, versions in section("models", said).items()
    }
    for model, versions in found.items():
        defaults = sum(state.default_version for state in versions.values())
        if defaults != 1:
            raise ValueError(f"model {model} has {defaults} default versions instead of one")
    return Snapshot(models=found)


def version_state(name: str, value: object) -> VersionState:
    said = Section(name, value)
    least = said.number("minWorkers", 0)
    return VersionState(
        default_version=said.flag("defaultVersion"),
        mar_name=said.text("marName"),
        min_workers=least,
        max_workers=said.number("maxWorkers", least),
        batch_size=said.number("batchSize", 1),
        # TorchServe sets -10000 where a registration by JSON says nothing: it doesn't wait then.
        max_batch_delay_ms=max(0, said.number("maxBatchDelay", -10_000)),
        response_timeout_s=said.number("responseTimeout", 0, DEFAULT_TIMEOUT_S),
        # Releases before 0.12 don't write it.
        startup_timeout_s=said.number("startupTimeout", 0, DEFAULT_TIMEOUT_S),
        weight=said.share("weight", 0.0),
        shadow=said.flag("shadow", False),
        handler=said.optional_text("handler"),
        content=said.optional_text("content"),
    )
