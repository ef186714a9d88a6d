"""ModelServer: the registered models, and everything that may be asked of them."""

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

from serve.dialect.calls import Job, Outcome, Registration, Reply, Scaling
from serve.dialect.faults import BadRequest, InvalidModelVersion, ModelVersionNotFound
from serve.dialect.metrics import Metrics
from serve.dialect.properties import ServerConfig
from serve.models import snapshot
from serve.models.archive import ArchivedModel, clear, unpack
from serve.models.cache import Cache
from serve.models.described import described, metadata
from serve.models.fleet import alive
from serve.models.model import Model
from serve.models.registry import Registry
from serve.models.shadow import compare
from serve.models.state import state
from serve.models.store import ModelStore
from serve.models.tasks import Tasks
from serve.models.terms import refuse
from serve.models.version import Version

log = logging.getLogger(__name__)

PROCESSING = "Processing worker updates..."


class ModelServer(Registry):
    """Archives are unpacked below `folder`."""

    def __init__(self, config: ServerConfig, store: ModelStore, folder: Path) -> None:
        super().__init__(config, Metrics())
        self.store = store
        self.folder = folder
        self.unpacking = asyncio.Lock()
        self.snapshot: Path | None = None
        self.cache = Cache(config.response_cache_size)
        self.tasks = Tasks()

    async def infer(self, model: str, version: str | None, job: Job) -> Reply:
        """A request without a version goes to the default, or to a canary by its weight."""
        asked, chosen = self.model(model), self.version(model, version)
        if version is None:
            chosen = asked.drawn()
        job = replace(job, version=version or "default")
        self.metrics.inference(model, job.version)
        reply = await self.cache.through(chosen, job, lambda: chosen.ask(job))
        if version is None:
            self.mirror(asked, chosen, job, reply)
        return reply

    def mirror(self, model: Model, chosen: Version, job: Job, reply: Reply) -> None:
        """Shadows get a copy once there is an answer to compare with; nobody waits for them."""
        for shadow in model.shadows(chosen):
            self.tasks.later(compare(shadow, job, reply, self.metrics))

    async def healthy(self) -> bool:
        """Whether each version that should have a worker has one that lives."""
        if not self.config.strict_ping:
            return True
        wanted = [one.workers.name for one in self.versions() if one.min_workers]
        return not wanted or await alive(wanted)

    async def register(self, wanted: Registration) -> Outcome:
        return await self.tasks.whole(self.registered(wanted))

    async def unregister(self, name: str, version: str | None) -> Outcome:
        return await self.tasks.whole(self.unregistered(name, version))

    async def scale(self, name: str, version: str | None, scaling: Scaling) -> Outcome:
        return await self.tasks.whole(self.scaled(name, version, scaling))

    async def registered(self, wanted: Registration) -> Outcome:
        refuse(wanted)
        path = await self.store.fetch(wanted.url)
        try:
            async with self.unpacking:
                version = self.enter(await self.unpacked(path, wanted.handler), wanted)
        except Exception:  # else what came by URL would be in the way of the next try
            await self.discard(wanted.url)
            raise
        return await self.admit(version, synchronous=wanted.synchronous)

    async def unpacked(self, path: Path, handler: str | None = None) -> ArchivedModel:
        return await asyncio.to_thread(unpack, path, self.folder, handler)

    async def discard(self, url: str) -> None:
        """What came by this URL, and what was unpacked and is not used, nor about to be."""
        self.store.forget(url)
        async with self.unpacking:
            await asyncio.to_thread(clear, self.folder, self.folders())

    async def admit(self, version: Version, *, synchronous: bool) -> Outcome:
        least, most = version.terms.min_workers, version.terms.max_workers
        text = (
            f'Model "{version.model}" Version: {version.version}'
            f" registered with {least} initial workers"
        )
        if not most:
            self.changed()
            more = "Use scale workers API to add workers for the model."
            return Outcome(code=200, status=f"{text}. {more}")
        if not synchronous:
            self.tasks.later(self.started(version))
            return Outcome(code=202, status=PROCESSING)
        await self.started(version)
        return Outcome(code=200, status=text)

    async def started(self, version: Version) -> None:
        """With its first workers. If they don't come up, it is not registered."""
        try:
            await version.scale(version.terms.min_workers, version.terms.max_workers)
        except Exception:  # a bug leaves no model either that nobody can use
            self.forget(version)
            await self.discard(version.terms.url)
            raise
        finally:
            self.changed()

    async def unregistered(self, name: str, version: str | None) -> Outcome:
        """The default can go only as the last one; what is under way is finished."""
        model = self.model(name)
        leaving = self.version(name, version)
        if leaving.version == model.default and len(model.versions) > 1:
            raise InvalidModelVersion(f"Cannot remove default version for model {name}")
        self.forget(leaving)
        self.changed()
        await self.end(leaving)
        await self.discard(leaving.terms.url)
        return Outcome(code=200, status=f'Model "{name}" unregistered')

    async def scaled(self, name: str, version: str | None, scaling: Scaling) -> Outcome:
        found = self.version(name, version)
        least = scaling.min_workers or 0
        most = least if scaling.max_workers is None else scaling.max_workers
        if most < least:
            raise BadRequest("max_worker cannot be less than min_worker.")
        if least < 0:
            raise BadRequest("min_worker must be 0 or more.")
        found.weight = found.weight if scaling.weight is None else scaling.weight
        found.shadow = found.shadow if scaling.shadow is None else scaling.shadow
        if scaling.min_workers is None:
            self.changed()
            status = f'Requests divided anew for model "{name}", version: {found.version}'
            return Outcome(code=200, status=status)
        change = self.resized(found, least, most)
        if not scaling.synchronous:
            self.tasks.later(change)
            return Outcome(code=202, status=PROCESSING)
        await change
        which = f", version: {version}" if version else ""
        return Outcome(code=200, status=f"Workers scaled to {least} for model: {name}{which}")

    async def resized(self, version: Version, least: int, most: int) -> None:
        try:
            await version.scale(least, most)
        finally:
            self.changed()

    async def set_default(self, name: str, version: str) -> Outcome:
        model = self.model(name)
        if version not in model.versions:
            raise ModelVersionNotFound(f"Model version {version} does not exist for model {name}")
        model.default = version
        self.changed()
        return Outcome(
            code=200,
            status=f'Default version successfully updated for model "{name}" to "{version}"',
        )

    async def describe(
        self, name: str, version: str | None, customized: bool = False
    ) -> list[dict[str, object]]:
        if version == "all":
            # TorchServe asks no handler then.
            versions = list(self.model(name).versions.values())
            return [await described(one, None) for one in versions]
        found = self.version(name, version)
        return [await described(found, await metadata(found) if customized else None)]

    def keep(self, path: Path | None) -> None:
        """From now on every change there. Not before all is there that a start is to bring: a start
        that failed half-way would be taken for what was wanted.
        """
        self.snapshot = path
        self.changed()

    def changed(self) -> None:
        """What is registered is written down, to be there again after a restart."""
        self.cache.clear()
        if self.snapshot is None:
            return
        try:
            snapshot.write(self.snapshot, state(self.models))
        except OSError as error:  # the change itself goes on to its end
            log.error("what is registered can't be kept in %s: %s", self.snapshot, error)
