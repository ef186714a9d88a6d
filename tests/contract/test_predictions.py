"""What every client may rely on, whichever backend answers."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from handlers.answer import SCHEMA, Prediction
from handlers.categories import CODES
from tests.contract.same import assert_same_in_a_batch

PATH = "/predictions/skin_vit"


def test_the_answer_has_nine_probabilities_that_sum_to_1(
    backend: httpx.Client, lesion_jpeg: bytes
) -> None:
    answer = backend.post(PATH, content=lesion_jpeg)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == list(Prediction.__annotations__)
    assert tuple(body["probabilities"]) == CODES
    assert sum(body["probabilities"].values()) == pytest.approx(1, abs=1e-9)
    assert body["label"] == max(body["probabilities"], key=body["probabilities"].__getitem__)
    assert body["model"] == {"name": "skin_vit", "version": "1.0"}
    assert body["schema"] == SCHEMA


def test_ping_says_healthy(backend: httpx.Client) -> None:
    answer = backend.get("/ping")

    assert (answer.status_code, answer.json()) == (200, {"status": "Healthy"})


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_prediction_does_not_depend_on_the_method(
    backend: httpx.Client, lesion_jpeg: bytes, method: str
) -> None:
    posted = backend.post(PATH, content=lesion_jpeg).json()

    answer = backend.request(method, PATH, content=lesion_jpeg)

    assert answer.json() == posted


@pytest.mark.parametrize("field", ["data", "body"])
def test_a_form_may_carry_the_image(backend: httpx.Client, lesion_jpeg: bytes, field: str) -> None:
    posted = backend.post(PATH, content=lesion_jpeg).json()

    answer = backend.post(PATH, files={field: ("lesion.jpg", lesion_jpeg, "image/jpeg")})

    assert answer.json() == posted


def test_the_version_may_be_named(backend: httpx.Client, lesion_jpeg: bytes) -> None:
    answer = backend.post(f"{PATH}/1.0", content=lesion_jpeg)

    assert answer.json() == backend.post(PATH, content=lesion_jpeg).json()


def test_requests_at_the_same_time_get_their_own_answers(
    backend: httpx.Client, pictures: list[bytes]
) -> None:
    alone = [backend.post(PATH, content=body).json() for body in pictures]

    with ThreadPoolExecutor(len(pictures)) as pool:
        together = list(pool.map(lambda b: backend.post(PATH, content=b).json(), pictures))

    for one, other in zip(alone, together, strict=True):
        assert_same_in_a_batch(other, one)


def test_one_bad_image_does_not_spoil_its_batch(backend: httpx.Client, lesion_jpeg: bytes) -> None:
    bodies = [lesion_jpeg, b"not an image", lesion_jpeg, lesion_jpeg] * 3

    with ThreadPoolExecutor(len(bodies)) as pool:
        answers = pool.map(lambda body: backend.post(PATH, content=body), bodies)

    assert [answer.status_code for answer in answers] == [200, 400, 200, 200] * 3
