"""What is registered, as a snapshot keeps it."""

from serve.models.model import Model
from serve.models.snapshot import Snapshot, VersionState
from serve.models.version import Version


def state(models: dict[str, Model]) -> Snapshot:
    return Snapshot(
        models={
            name: {
                version.version: version_state(version, version.version == model.default)
                for version in model.versions.values()
            }
            for name, model in models.items()
        }
    )


def version_state(version: Version, is_default: bool) -> VersionState:
    terms = version.terms
    return VersionState(
        default_version=is_default,
        # Not the address by which it came: the file is what is there after a restart.
        mar_name=version.archived.file,
        min_workers=version.min_workers,
        max_workers=version.max_workers,
        batch_size=terms.batch_size,
        max_batch_delay_ms=terms.max_batch_delay_ms,
        response_timeout_s=terms.response_timeout_s,
        startup_timeout_s=terms.startup_timeout_s,
        weight=version.weight,
        shadow=version.shadow,
        handler=terms.handler,
        content=version.archived.folder.name,
    )
