"""The candidate becomes champion if it is not worse: python -m train.promote --help."""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

import pandas as pd

from handlers.categories import CODES
from handlers.classifier import LesionClassifier
from handlers.errors import UnusableModel
from registry.address import RegistryError, tracking_uri
from registry.champion import CANDIDATE, CHAMPION, crown, roll_back
from registry.download import fetched
from registry.versions import NAME, Version, with_alias
from train.data.layouts import DataError
from train.data.unseen import Images, unseen
from train.evaluation.inputs import MeasureError
from train.evaluation.intervals import Interval, balanced_accuracy_interval
from train.evaluation.predictions import PredictionError, of_classifier
from train.parity import TOLERANCE, ParityError, largest_difference
from train.register_model import TRAINED_ON
from train.registered import CONFIG_NAME, MODEL_NAME

log = logging.getLogger(__name__)

ERRORS = (DataError, MeasureError, ParityError, PredictionError, RegistryError, UnusableModel)


class Refused(Exception):
    """The candidate does not become champion; the text says why."""


def promote(uri: str, data: Path) -> Version:
    """Moves champion to the candidate; raises Refused, and moves nothing, if it may not be."""
    candidate, champion = (with_alias(uri, NAME, alias) for alias in (CANDIDATE, CHAMPION))
    if candidate is None:
        raise Refused("There is no candidate: register one (python -m train.register_model).")
    if candidate == champion:
        raise Refused(f"Version {candidate.number} is champion already: there is no other one.")
    rivals = [candidate] if champion is None else [candidate, champion]
    with tempfile.TemporaryDirectory() as folder:
        here = [fetched(uri, version, Path(folder)) for version in rivals]
        # One set for both, which neither was trained on.
        known = sorted({name for version in here for name in trained_on(version)})
        table = unseen(Images.of(data), tuple(known))
        if champion is not None:
            compare(*(score(one, table) for one in here))
        paths = [Path(path) for path in table["path"]]
        compare_backends(largest_difference(here[0] / MODEL_NAME, here[0] / CONFIG_NAME, paths))
    crown(uri, candidate)
    return candidate


def trained_on(version: Path) -> list[str]:
    """Names of the images that a version was trained on, as it was registered with them."""
    file = version / TRAINED_ON
    names = file.read_text().splitlines() if file.exists() else []
    if not names:
        log.warning("%s does not say what it was trained on: no image is left out", version.name)
    return names


def score(version: Path, table: pd.DataFrame) -> Interval:
    """Balanced accuracy with its 95 % interval over lesions."""
    classifier = LesionClassifier.load(version / MODEL_NAME, version / CONFIG_NAME)
    probabilities = of_classifier(classifier, [Path(path) for path in table["path"]])
    labels = table["code"].map(CODES.index).to_numpy(dtype=int)
    found = balanced_accuracy_interval(labels, probabilities, table["group"].to_numpy())
    log.info(
        "%s: balanced accuracy %.3f (%.3f to %.3f) on %d images",
        version.name,
        found.value,
        found.low,
        found.high,
        len(table),
    )
    return found


def compare(candidate: Interval, champion: Interval) -> None:
    """Raises Refused if the candidate is below what the champion's score may be by chance."""
    # Also for nan.
    if not candidate.value >= champion.low:
        raise Refused(
            f"The candidate is worse: its balanced accuracy of {candidate.value:.3f} is below the"
            f" champion's 95 % interval, {champion.low:.3f} to {champion.high:.3f}."
        )


def compare_backends(difference: float) -> None:
    """Raises Refused if the largest difference of a probability is over 1e-6."""
    log.info("the backends' probabilities differ by %.1e at most", difference)
    if not difference <= TOLERANCE:
        raise Refused(
            f"The backends disagree on the candidate: probabilities differ by {difference:.1e}"
            f" (at most {TOLERANCE:.0e})."
        )


def main(arguments: list[str] | None = None) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="python -m train.promote", description=__doc__)
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--data", type=Path, help="labelled images to compare by, as train.run's")
    way.add_argument("--rollback", action="store_true", help="the former champion again")
    given = parser.parse_args(arguments)
    try:
        uri = tracking_uri()
        version = roll_back(uri) if given.rollback else promote(uri, given.data)
    except Refused as reason:
        log.error("%s", reason)
        return 1
    except ERRORS as error:
        log.error("%s", error)
        return 2
    log.info("version %s is now models:/%s@%s", version.number, version.name, CHAMPION)
    return 0


if __name__ == "__main__":
    sys.exit(main())
