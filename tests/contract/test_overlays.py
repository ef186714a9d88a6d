"""An explanation as a picture: of the picture's own size, and alike on both backends."""

from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.images import encoded, lesion

PATH = "/explanations/skin_vit"
PNG = {"accept": "image/png"}
Backends = dict[str, httpx.Client]


def picture_of(answer: httpx.Response) -> Image.Image:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    image = Image.open(BytesIO(answer.content), formats=["PNG"])
    image.load()
    return image


@pytest.mark.parametrize(
    ("size", "orientation", "shown"),
    [
        ((240, 180), 1, (240, 180)),
        ((1024, 768), 1, (1024, 768)),
        ((1024, 768), 6, (768, 1024)),
        ((1, 1), 1, (1, 1)),
        ((3, 2000), 1, (2, 1440)),
        ((6000, 4000), 1, (1440, 960)),
    ],
)
def test_a_png_is_of_the_pictures_size_and_alike(
    backends: Backends, size: tuple[int, int], orientation: int, shown: tuple[int, int]
) -> None:
    body = encoded(lesion().resize(size), "JPEG", orientation)

    torchserve, ray = (
        picture_of(one.post(PATH, content=body, headers=PNG)) for one in backends.values()
    )

    assert torchserve.size == ray.size == shown
    assert torchserve.mode == ray.mode == "RGB"
    difference = np.abs(np.asarray(torchserve, np.int16) - np.asarray(ray, np.int16))
    assert difference.max() <= 2


def test_a_png_shows_the_targets_relevance(backend: httpx.Client, lesion_jpeg: bytes) -> None:
    files = {"data": ("lesion.jpg", lesion_jpeg)}

    first, second = (
        picture_of(backend.post(PATH, files=files, data={"target": code}, headers=PNG))
        for code in ("MEL", "DF")
    )

    assert np.asarray(first).tolist() != np.asarray(second).tolist()


def test_a_png_that_packs_badly_is_no_larger_than_an_answer_may_be(backend: httpx.Client) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1800, 1800, 3), dtype=np.uint8)

    answer = backend.post(PATH, content=encoded(Image.fromarray(noise), "PNG"), headers=PNG)

    assert picture_of(answer).size == (1440, 1440)
