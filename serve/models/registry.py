"""The models that are registered, and their versions."""

from collections.abc import Iterator
from pathlib import Path

from serve.dialect.calls import Registration
from serve.dialect.faults import Conflict, ModelNotFound, ModelVersionNotFound
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig
from serve.models.archive import ArchivedModel
from serve.models.model import Model
from serve.models.terms import terms_of
from serve.models.version import Version


class Registry:
    def __init__(self, config: ServerConfig, metrics: Metrics) -> None:
        self.config = config
        self.metrics = metrics
        self.models: dict[str, Model] = {}
        self.ending: dict[tuple[str, str], Version] = {}

    def model(self, name: str) -> Model:
        if name not in self.models:
            raise ModelNotFound(f"Model not found: {name}")
        return self.models[name]

    def version(self, name: str, version: str | None) -> Version:
        model = self.model(name)
        found = model.versions.get(version or model.default)
        if found is None:
            raise ModelVersionNotFound(f"Model version: {version} does not exist for model: {name}")
        return found

    def versions(self) -> Iterator[Version]:
        for model in self.models.values():
            yield from model.versions.values()

    def folders(self) -> set[Path]:
        """Unpacked archives that workers are started from, or were and still run."""
        return {one.archived.folder for one in (*self.versions(), *self.ending.values())}

    def only_model(self) -> str | None:
        """The one that was loaded at the start, where there was but one."""
        found = {one.model for one in self.versions() if one.terms.at_startup}
        return found.pop() if len(found) == 1 else None

    def list_models(self, limit: int, token: int) -> dict[str, object]:
        names = sorted(self.models)
        page = names[token : token + limit]
        more = {"nextPageToken": str(token + limit)} if token + limit <= len(names) else {}
        return more | {
            "models": [
                {"modelName": name, "modelUrl": self.version(name, None).terms.url} for name in page
            ]
        }

    def enter(
        self, archived: ArchivedModel, wanted: Registration, *, at_startup: bool = False
    ) -> Version:
        """In the list, without a worker yet."""
        name = wanted.model_name or archived.name
        if (name, archived.version) in self.ending:
            # Its workers would be taken for those that end.
            raise Conflict(
                f"Model version {archived.version} is still being unregistered for model {name}:"
                " try again when it is."
            )
        if name in self.models and archived.version in self.models[name].versions:
            raise Conflict(
                f"Model version {archived.version} is already registered for model {name}"
            )
        version = Version(
            model=name,
            version=archived.version,
            archived=archived,
            terms=terms_of(archived, wanted, self.config, at_startup=at_startup),
            metrics=self.metrics,
        )
        # Not before there is a version: without any it could not be told of.
        model = self.models.setdefault(name, Model(name=name, default=version.version))
        model.versions[version.version] = version
        return version

    async def end(self, version: Version) -> None:
        """Of one that was forgotten: what is under way is finished, and its workers ended."""
        name = (version.model, version.version)
        self.ending[name] = version
        try:
            await version.close()
        finally:
            del self.ending[name]

    def forget(self, version: Version) -> None:
        """Once; a default that could not start leaves its place to the next."""
        model = self.models.get(version.model)
        if model is None or model.versions.get(version.version) is not version:
            return
        del model.versions[version.version]
        if not model.versions:
            del self.models[version.model]
        elif model.default not in model.versions:
            model.default = next(iter(model.versions))
