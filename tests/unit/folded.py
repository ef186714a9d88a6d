"""Checkpoints of one recipe, each trained on other drawings, as tests of folds take them."""

from dataclasses import replace
from pathlib import Path

from tests.unit.calibrating import BARE

COMMAND = "python -m train.run --data data/isic2019 --epochs 12"


def folds(drawings: Path, folder: Path, *unseen: set[str]) -> list[Path]:
    """The tiny checkpoint as one for each set of the drawings of a category, by their numbers,
    that it was not trained on."""
    files = []
    for fold, numbers in enumerate(unseen):
        trained = sorted(
            str(path.relative_to(drawings))
            for path in drawings.glob("Train/*/*")
            if path.stem not in numbers
        )
        more = f" --hold-out 0.{len(numbers)} --fold {fold}" if fold else ""
        one = replace(
            BARE,
            training=BARE.training | {"command": COMMAND + more},
            trained_on=tuple(trained),
        )
        files.append(folder / f"{fold}.pth")
        files[-1].write_bytes(one.as_bytes())
    return files
