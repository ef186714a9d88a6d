"""train.calibrate as tests call it, on a checkpoint without doubt."""

from dataclasses import replace
from pathlib import Path

from tests import tiny
from train.calibrate import main
from train.checkpoint import read
from train.doubt.fitted import Fitted

BARE = replace(tiny.checkpoint(), fitted=None)


def calibrated(file: Path, *words: object) -> Fitted:
    status = main(["--checkpoint", str(file), *map(str, words)])

    assert status == 0
    fitted = read(file).fitted
    assert fitted is not None
    return fitted
