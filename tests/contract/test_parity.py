"""Both backends and the core itself give the same answers, field by field, at equal batch size."""

from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from handlers.classifier import LesionClassifier
from handlers.request import Request
from tests.contract.same import assert_same
from tests.images import encoded, every_kind, lesion
from tests.tiny import Exported

REAL_IMAGES = 40
# Explanations take longer, so that not every picture is explained.
# No divisor of eight, so that every orientation is explained.
STEP = {"predictions": 1, "explanations": 7}
KINDS = pytest.mark.parametrize("kind", STEP)


def answers(backend: httpx.Client, kind: str, bodies: list[bytes]) -> list[dict[str, object]]:
    """One request after the other, so that each is a batch of one."""
    found = [backend.post(f"/{kind}/skin_vit", content=body) for body in bodies]
    assert [answer.status_code for answer in found] == [200] * len(bodies)
    return [answer.json() for answer in found]


@pytest.fixture(scope="module")
def bodies(pictures: list[bytes]) -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    others = Image.fromarray(noise), Image.new("RGB", (120, 90), "green"), lesion(3)
    return [
        *(encoded(image, "PNG") for image in others),
        *pictures,
        *(picture.body for picture in every_kind()),
    ]


def test_there_are_328_kinds_of_pictures_and_some_more(bodies: list[bytes]) -> None:
    assert len(set(bodies)) > len({picture.body for picture in every_kind()}) == 328


def test_the_pictures_have_all_kinds_of_answers(
    bodies: list[bytes], exported: Exported, request: pytest.FixtureRequest
) -> None:
    if request.config.getoption("--model"):
        pytest.skip("drawings are chosen for the tiny model: another may answer them all alike")
    found = LesionClassifier.load(exported.model, exported.config).classify(bodies[:8])

    predictions = [one for one in found if isinstance(one, dict)]
    assert {one["label"] == "UNK" for one in predictions} == {True, False}
    assert {one["quality"]["skin"]["ok"] for one in predictions} == {True, False}
    rules = [one["referral"]["rules"][0] for one in predictions if one["referral"]]
    assert {rule["fired"] for rule in rules} == {True, False}


@KINDS
def test_every_mode_format_and_orientation_is_answered_alike(
    backends: dict[str, httpx.Client], bodies: list[bytes], kind: str
) -> None:
    chosen = bodies[:: STEP[kind]]

    torchserve, ray = (answers(backend, kind, chosen) for backend in backends.values())

    assert_same(torchserve, ray)


@KINDS
def test_real_lesions_are_answered_alike(
    backends: dict[str, httpx.Client], real_images: list[Path], kind: str
) -> None:
    files = real_images[:: max(1, len(real_images) // REAL_IMAGES)][:: STEP[kind]]
    chosen = [path.read_bytes() for path in files]

    torchserve, ray = (answers(backend, kind, chosen) for backend in backends.values())

    assert_same(torchserve, ray)


@KINDS
def test_what_is_served_is_what_the_core_computes(
    backend: httpx.Client, exported: Exported, bodies: list[bytes], kind: str
) -> None:
    classifier = LesionClassifier.load(exported.model, exported.config)
    chosen = bodies[::20]

    expected = [
        classifier.answer([Request(body=body, explain=kind == "explanations")])[0]
        for body in chosen
    ]

    assert_same(answers(backend, kind, chosen), expected)
