"""What the front has when it starts: the store, the models to load, the tokens."""

import logging
from dataclasses import replace
from datetime import timedelta

from serve.dialect import access
from serve.dialect.calls import Registration
from serve.dialect.faults import InvalidModel, ModelNotFound
from serve.dialect.properties import PropertiesError
from serve.dialect.tokens import Tokens
from serve.models import loading, snapshot
from serve.models.archive import ArchivedModel, clear, described
from serve.models.fleet import end_others
from serve.models.loading import NOTHING_SAID, Loading
from serve.models.own import lay_out
from serve.models.server import ModelServer
from serve.models.snapshot import Snapshot, SnapshotError, VersionState
from serve.models.store import ModelStore
from serve.models.terms import first
from serve.settings import Settings, SettingsError

log = logging.getLogger(__name__)

# How many workers a model gets that is loaded at the start, if nothing says otherwise.
WORKERS = 1


def check(settings: Settings) -> None:
    """Raises SettingsError for what is missing, before any server starts."""
    store = ModelStore(settings.store)
    try:
        if settings.model is not None:
            for file in (settings.model, settings.model_config):
                if not file.is_file():
                    raise SettingsError(f"There is no {file}: run python -m train.pth_to_pt first.")
        elif found := kept(settings):
            for one in found.states():
                store.find(one.mar_name)
        else:
            wished(settings)
            for url, _ in to_load(settings, store):
                store.find(url)
    except ModelNotFound as error:
        mend = "run python -m mar_config.build, or set SKIN_MODEL_STORE and SKIN_ARCHIVE."
        if settings.restores:
            mend = (
                f"{settings.restores} names it. Put it there, or move that snapshot away to start"
                " with load_models."
            )
        raise SettingsError(f"{error}, in {settings.store}: {mend}") from error
    except (SnapshotError, PropertiesError) as error:
        raise SettingsError(str(error)) from error


def kept(settings: Settings) -> Snapshot | None:
    """What was registered before: by this server, else by the TorchServe whose file is given.
    Raises SnapshotError.
    """
    if settings.restores:
        return snapshot.read(settings.restores)
    if settings.config.model_snapshot:
        return snapshot.of_property(settings.config.model_snapshot)
    return None


def wished(settings: Settings) -> dict[tuple[str, str], Loading]:
    """How the property `models` wants them served. Raises PropertiesError."""
    return loading.read(settings.config.models or "{}")


async def started(settings: Settings) -> tuple[ModelServer, Tokens | None]:
    """Returns once every model to be loaded answers. Raises Fault if one can't."""
    config = settings.config
    access.write_to(settings.logs / "access_log.log")
    if config.ignored:
        log.warning("TorchServe's settings without a use here: %s", ", ".join(config.ignored))
    store = ModelStore(settings.store, config.allowed_urls)
    # What a snapshot that is not kept now needs of what was unpacked stays.
    folder = settings.logs / ("models" if settings.snapshot else "models_not_kept")
    server = ModelServer(config, store, folder)
    if settings.model is not None:
        await load_own(server, settings)
    elif found := kept(settings):
        source = str(settings.restores or "the property model_snapshot")
        log.warning("restoring %s; without it, load_models would be loaded", source)
        await restore(server, found, source)
    else:
        for url, name in to_load(settings, store):
            await load(server, url, name, wished(settings))
    await end_others({one.workers.name for one in server.versions() if one.max_workers})
    clear(server.folder, server.folders())
    server.keep(settings.snapshot)
    return server, tokens(settings)


def to_load(settings: Settings, store: ModelStore) -> list[tuple[str, str | None]]:
    if settings.config.load_all_models:
        return [(url, None) for url in store.everything()]
    return [(one.url, one.name) for one in settings.config.load_models]


async def load(
    server: ModelServer, url: str, name: str | None, said: dict[tuple[str, str], Loading]
) -> None:
    archived = await server.unpacked(server.store.find(url))
    name = name or archived.name
    wish = said.get((name, archived.version), NOTHING_SAID)
    workers = first(
        wish.registration.initial_workers, server.config.default_workers_per_model, WORKERS
    )
    wanted = replace(wish.registration, url=url, model_name=name, initial_workers=workers)
    version = server.enter(archived, wanted, at_startup=True)
    if wish.is_default:
        server.models[name].default = version.version
    await server.admit(version, synchronous=True)


async def restore(server: ModelServer, found: Snapshot, source: str) -> None:
    """Everything as it was written down. Raises Fault, or SnapshotError, for what can't be had any
    more.
    """
    for name, versions in found.models.items():
        for version, was in versions.items():
            archived = await archive_of(server, version, was, source)
            wanted = was.registration(was.mar_name, name)
            restored = server.enter(archived, wanted, at_startup=True)
            restored.weight, restored.shadow = was.weight, was.shadow
            if was.default_version:
                server.models[name].default = restored.version
            if was.max_workers:
                await restored.scale(was.min_workers, was.max_workers)


async def archive_of(
    server: ModelServer, version: str, was: VersionState, source: str
) -> ArchivedModel:
    """In its file, or, where that was replaced by another version's, as it was unpacked."""
    folder = server.folder / (was.content or "")
    unpacked = was.content is not None and folder.is_dir()
    try:
        archived = await server.unpacked(server.store.find(was.mar_name), was.handler)
    except InvalidModel as error:
        # Of the new one, which need not have the old one's handler.
        if not unpacked:
            raise
        found = str(error)
    else:
        if archived.version == version:
            return archived
        found = f"It holds version {archived.version}."
    if not unpacked:
        raise SnapshotError(
            f"{source} wants version {version} from {was.mar_name}. {found} Put each version into a"
            " file of its own and name that there, or start without it."
        )
    log.warning("version %s of %s is as before: %s", version, was.mar_name, found)
    return described(folder, was.mar_name, was.handler)


async def load_own(server: ModelServer, settings: Settings) -> None:
    """A model that is in no archive."""
    assert settings.model is not None
    folder = lay_out(settings.model, settings.model_config, server.folder / "own")
    wanted = Registration(url=settings.model.name, initial_workers=WORKERS)
    version = server.enter(await server.unpacked(folder), wanted, at_startup=True)
    await server.admit(version, synchronous=True)


def tokens(settings: Settings) -> Tokens | None:
    if settings.config.disable_token_authorization:
        return None
    lifetime = timedelta(minutes=settings.config.token_expiration_min)
    made = Tokens.create(settings.key_file, lifetime)
    log.warning("clients need a token: its keys are in %s", settings.key_file)
    return made
