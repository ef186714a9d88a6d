"""A client of Ray Serve that does not wait for its answer is nobody else's trouble."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

NAME = "left_alone"
# Four requests a batch, gathered for 400 ms.
WANTED = {"url": "acting_in_batches.mar", "model_name": NAME, "initial_workers": "1"}
SLEEPS = {"x-act": "sleep", "x-value": "3"}


@pytest.fixture
def ray(backends: dict[str, httpx.Client], management: httpx.Client) -> Iterator[httpx.Client]:
    yield backends["ray"]
    management.delete(f"/models/{NAME}").raise_for_status()


def asked(ray: httpx.Client, timeout_s: float) -> httpx.Response:
    # Without a body, as Ray does not see a client go away whose body it has read.
    return ray.post(f"/predictions/{NAME}", headers=SLEEPS, timeout=timeout_s)


def test_who_shares_a_batch_with_it_is_answered(
    ray: httpx.Client, management: httpx.Client
) -> None:
    management.post("/models", params=WANTED).raise_for_status()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(asked, ray, 1)
        time.sleep(0.1)
        second = pool.submit(asked, ray, 20)

        with pytest.raises(httpx.ReadTimeout):
            first.result()
        assert second.result().text == "slept, 2 at once"


def test_what_it_wanted_registered_is(ray: httpx.Client, management: httpx.Client) -> None:
    with pytest.raises(httpx.ReadTimeout):
        management.post("/models", params=WANTED, timeout=0.5)

    deadline = time.monotonic() + 60
    while not ready(management) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert asked(ray, 20).status_code == 200


def ready(management: httpx.Client) -> bool:
    found = management.get(f"/models/{NAME}")
    return found.is_success and bool(found.json()[0]["minWorkers"])
