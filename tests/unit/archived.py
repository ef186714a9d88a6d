"""An unpacked archive that is nowhere: of a version whose workers are stood in for."""

from pathlib import Path

from serve.models.archive import ArchivedModel
from serve.models.archive_config import ArchiveConfig

SPOTS = ArchivedModel(
    file="spots.mar",
    folder=Path("/spots"),
    name="spots",
    version="1.0",
    handler="spots.py",
    serialized_file=None,
    envelope=None,
    config=ArchiveConfig(),
)
