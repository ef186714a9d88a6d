"""What is measured, part by part: models and the images that each answers for."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from train import checkpoint
from train.data.unseen import Images, unseen
from train.doubt.fitted import Fitted
from train.evaluation.subject import Subject, SubjectError, sha256_of, subject
from train.folds import Fold, others


@dataclass(frozen=True, kw_only=True)
class Part:
    """The model has seen none of the images of `table`."""

    measured: Subject
    table: pd.DataFrame

    def paths(self) -> list[Path]:
        return [Path(path) for path in self.table["path"]]


def alone(measured: Subject, images: Images) -> list[Part]:
    """Raises DataError if no image may be counted."""
    return [Part(measured=measured, table=unseen(images, measured.trained_on))]


def with_folds(
    file: Path, measured: Subject, images: Images, folds: Sequence[Path], folder: Path
) -> list[Part]:
    """The checkpoint `file`, which is `measured`, and others of its recipe; what must be exported
    is put into `folder`. Raises DataError and SubjectError."""
    source = checkpoint.read(file)
    [own] = alone(measured, images)
    more = others(source, set(own.table["image"]), folds, images)
    return [
        own,
        *(Part(measured=served(fold, source.fitted, folder), table=fold.table) for fold in more),
    ]


def served(fold: Fold, fitted: Fitted | None, folder: Path) -> Subject:
    """As the checkpoint that `fitted` belongs to, but with the fold's weights and with what is
    known of its own features, fitted to its own images."""
    own = fold.source.fitted
    if fitted is not None:
        if own is None:
            raise SubjectError(
                f"Nothing was fitted to {fold.file}, as it was to the model: call"
                f" train.calibrate --checkpoint {fold.file} first."
            )
        if fitted.evidence.get("unknown_fitted") != own.evidence.get("unknown_fitted"):
            raise SubjectError(
                f"The limit of the unknown of {fold.file} was fitted to other pictures of it than"
                f" the model's: call train.calibrate --checkpoint {fold.file} with the same"
                " --unk-data first."
            )
        fitted = replace(fitted, known=own.known, unknown=own.unknown, images=own.images)
    here = Path(tempfile.mkdtemp(dir=folder))
    file = here / "fold.pth"
    file.write_bytes(replace(fold.source, fitted=fitted).as_bytes())
    return replace(subject(str(file), here, None, here), checkpoint_sha256=sha256_of(fold.file))
