"""Between minWorkers and maxWorkers, Ray Serve's workers come and go with the load."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

SLOW = {"x-act": "sleep", "x-value": "0.3"}
CLIENTS = 4
WITHIN_S = 30


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.long
def test_a_second_worker_comes_with_the_load_and_goes_with_it(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    name, done = "growing", Event()

    def workers() -> list[str]:
        return [one["status"] for one in management.get(f"/models/{name}").json()[0]["workers"]]

    def ask() -> set[int]:
        found = set()
        while not done.is_set():
            found.add(backends["ray"].post(f"/predictions/{name}", headers=SLOW).status_code)
        return found

    wanted = {"url": "acting.mar", "model_name": name, "initial_workers": "1"}
    management.post("/models", params=wanted).raise_for_status()
    try:
        between = {"min_worker": "1", "max_worker": "2", "synchronous": "true"}
        management.put(f"/models/{name}", params=between).raise_for_status()
        assert workers() == ["READY"]

        with ThreadPoolExecutor(CLIENTS) as pool:
            asking = [pool.submit(ask) for _ in range(CLIENTS)]
            try:
                until(lambda: workers() == ["READY", "READY"])
            finally:
                done.set()
        until(lambda: workers() == ["READY"])
    finally:
        management.delete(f"/models/{name}").raise_for_status()

    assert set().union(*(one.result() for one in asking)) == {200}
