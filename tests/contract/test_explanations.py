"""POST /explanations/skin_vit: both backends show where the model saw what, and each its own."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import numpy as np
import pytest
from PIL import Image

from handlers.answer import Explanation, Prediction
from handlers.categories import WITHOUT_UNKNOWN
from tests.contract.same import assert_same, assert_same_in_a_batch
from tests.contract.test_bad_input import CASES
from tests.contract.test_bad_input import PATH as PREDICTIONS
from tests.contract.test_overlays import PATH, PNG, Backends, picture_of


def explained(backend: httpx.Client, body: bytes, target: str | None = None) -> httpx.Response:
    """A form's field is what both servers hand on."""
    fields = {} if target is None else {"target": target}
    return backend.post(PATH, files={"data": ("lesion.jpg", body)}, data=fields)


def test_an_explanation_is_the_prediction_with_its_relevance(
    backend: httpx.Client, lesion_jpeg: bytes
) -> None:
    answer = backend.post(PATH, content=lesion_jpeg)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == list(Explanation.__annotations__)
    relevance = body.pop("relevance")
    assert_same_in_a_batch(body, backend.post(PREDICTIONS, content=lesion_jpeg).json())
    assert sum(map(sum, relevance["grid"])) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("code", WITHOUT_UNKNOWN)
def test_a_target_is_explained_alike(backends: Backends, lesion_jpeg: bytes, code: str) -> None:
    torchserve, ray = (explained(one, lesion_jpeg, code) for one in backends.values())

    assert torchserve.status_code == ray.status_code == 200
    assert_same(torchserve.json(), ray.json())
    assert ray.json()["relevance"]["target"] == code


def test_another_target_has_another_map(backend: httpx.Client, lesion_jpeg: bytes) -> None:
    first, second = (explained(backend, lesion_jpeg, code).json() for code in ("MEL", "DF"))

    assert first["relevance"]["grid"] != second["relevance"]["grid"]


@pytest.mark.parametrize("target", ["DOG", "mel", "UNK", "", "MEL,NV", "é\n", "M" * 7_000_000])
def test_a_target_that_is_no_output_is_refused_alike(
    backends: Backends, lesion_jpeg: bytes, target: str
) -> None:
    torchserve, ray = (explained(one, lesion_jpeg, target) for one in backends.values())

    assert torchserve.status_code == ray.status_code == 400
    assert torchserve.json() == ray.json()
    assert ray.json()["type"] == "BadRequestException"
    assert "ask for MEL, NV, BCC, AK, BKL, DF, VASC, SCC" in ray.json()["message"]
    assert len(ray.content) < 1000


def test_ray_serve_takes_the_target_from_the_query_too(
    backends: Backends, lesion_jpeg: bytes
) -> None:
    """A deviation: TorchServe keeps the query of this path from the handler."""
    for place in (PATH, f"{PATH}/1.0"):
        torchserve, ray = (
            one.post(place, params={"target": "DF"}, content=lesion_jpeg)
            for one in backends.values()
        )

        top = explained(backends["torchserve"], lesion_jpeg).json()
        assert_same(torchserve.json(), top)
        assert_same(ray.json(), explained(backends["ray"], lesion_jpeg, "DF").json())
    refused = backends["ray"].post(PATH, params={"target": "DOG"}, content=lesion_jpeg)
    assert refused.status_code == 400
    assert refused.json() == explained(backends["ray"], lesion_jpeg, "DOG").json()


def test_a_prediction_has_no_target(backend: httpx.Client, lesion_jpeg: bytes) -> None:
    posted = backend.post(PREDICTIONS, content=lesion_jpeg).json()

    files = {"data": ("lesion.jpg", lesion_jpeg)}
    answer = backend.post(PREDICTIONS, files=files, data={"target": "DOG"}, headers=PNG)

    assert answer.json() == posted


def test_the_version_may_be_named(backend: httpx.Client, lesion_jpeg: bytes) -> None:
    answer = backend.post(f"{PATH}/1.0", content=lesion_jpeg)

    assert answer.json() == backend.post(PATH, content=lesion_jpeg).json()


@pytest.mark.parametrize("case", [name for name, bad in CASES.items() if bad.path == PREDICTIONS])
@pytest.mark.parametrize("headers", [{}, PNG], ids=["json", "png"])
def test_a_bad_image_is_refused_as_for_a_prediction(
    backends: Backends, case: str, headers: dict[str, str]
) -> None:
    bad = CASES[case]

    for backend in backends.values():
        answer = backend.request(bad.method, PATH, content=bad.body, headers=headers)

        predicted = backend.request(bad.method, PREDICTIONS, content=bad.body)
        assert answer.status_code == predicted.status_code == bad.status
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == predicted.json()


def test_explanations_and_predictions_at_once_never_mix(
    backend: httpx.Client, pictures: list[bytes]
) -> None:
    def ask(job: tuple[int, bytes]) -> object:
        """A prediction, an explanation of one of the targets, a PNG, or a fault."""
        number, body = job
        match (number + number // len(pictures)) % 4:
            case 0:
                return backend.post(PREDICTIONS, content=body).json()
            case 1:
                return explained(backend, body, WITHOUT_UNKNOWN[number % 8]).json()
            case 2:
                return picture_of(backend.post(PATH, content=body, headers=PNG))
        return explained(backend, body, "DOG").json()

    jobs = list(enumerate(pictures * 3))
    alone = [ask(job) for job in jobs]

    with ThreadPoolExecutor(len(jobs)) as pool:
        together = list(pool.map(ask, jobs))

    for one, other in zip(alone, together, strict=True):
        if isinstance(one, Image.Image) and isinstance(other, Image.Image):
            difference = np.asarray(one, np.int16) - np.asarray(other, np.int16)
            assert np.abs(difference).max() <= 2
        else:
            assert_same_in_a_batch(other, one)
    kinds = [set(one) for one in together if isinstance(one, dict)]
    assert set(Prediction.__annotations__) in kinds
    assert set(Explanation.__annotations__) in kinds


def test_a_clients_own_describe_header_changes_nothing(
    backend: httpx.Client, lesion_jpeg: bytes
) -> None:
    def ask(place: int) -> httpx.Response:
        headers = {"describe": "True"} if place % 2 else {}
        return backend.post(PREDICTIONS, content=lesion_jpeg, headers=headers)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(16)))

    expected = backend.post(PREDICTIONS, content=lesion_jpeg).json()
    for answer in answers:
        assert answer.status_code == 200
        assert_same_in_a_batch(answer.json(), expected)
