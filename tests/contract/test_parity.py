"""Both backends and the core itself give the same probabilities, to 1e-6 at equal batch size."""

from pathlib import Path

import httpx
import pytest

from handlers.classifier import LesionClassifier
from tests.images import Picture, every_kind
from tests.tiny import Exported

PATH = "/predictions/skin_vit"
REAL_IMAGES = 40


def answers(backend: httpx.Client, bodies: list[bytes]) -> list[dict[str, float]]:
    """One request after the other, so that each is a batch of one."""
    found = [backend.post(PATH, content=body) for body in bodies]
    assert [answer.status_code for answer in found] == [200] * len(bodies)
    return [answer.json()["probabilities"] for answer in found]


def assert_equal(one: list[dict[str, float]], other: list[dict[str, float]]) -> None:
    differences = [
        max(abs(a[code] - b[code]) for code in a) for a, b in zip(one, other, strict=True)
    ]
    assert max(differences) <= 1e-6


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return list(every_kind())


def test_there_are_at_least_200_pictures(pictures: list[Picture]) -> None:
    assert len({picture.body for picture in pictures}) >= 200


def test_every_mode_format_and_orientation_gets_equal_probabilities(
    backends: dict[str, httpx.Client], pictures: list[Picture]
) -> None:
    bodies = [picture.body for picture in pictures]

    torchserve, ray = (answers(backend, bodies) for backend in backends.values())

    assert_equal(torchserve, ray)


def test_real_lesions_get_equal_probabilities(
    backends: dict[str, httpx.Client], real_images: list[Path]
) -> None:
    bodies = [path.read_bytes() for path in real_images[:: len(real_images) // REAL_IMAGES]]

    torchserve, ray = (answers(backend, bodies) for backend in backends.values())

    assert_equal(torchserve, ray)


def test_what_is_served_is_what_the_core_computes(
    backend: httpx.Client, exported: Exported, pictures: list[Picture]
) -> None:
    classifier = LesionClassifier.load(exported.model, exported.config)
    bodies = [picture.body for picture in pictures[::20]]

    expected = [classifier.predict([classifier.preprocess(body)])[0] for body in bodies]

    assert_equal(answers(backend, bodies), [one["probabilities"] for one in expected])
