"""A front of Ray Serve that Ray has to start again, without a snapshot."""

import time

import httpx
import psutil
import pytest

from tests.contract.place import READY_WITHIN_S, Place, place_in, started

pytestmark = pytest.mark.long


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("SKIN_SNAPSHOT", "")
    return place_in(tmp_path_factory.mktemp("again"))


def worker_of(place: Place, model: str) -> psutil.Process:
    (found,) = place.ask("management", "management", "GET", f"/models/{model}").json()
    return psutil.Process(found["workers"][0]["pid"])


def front_beside(worker: psutil.Process) -> psutil.Process:
    """Ray names its processes after what they run."""
    beside = psutil.Process(worker.ppid()).children()
    return next(one for one in beside if "default:Front" in " ".join(one.cmdline()))


def until_others_are_told(place: Place, front: psutil.Process) -> list[str]:
    """The models that the next front has."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            answer = place.ask("management", "management", "GET", "/models")
        except httpx.TransportError:
            continue
        finally:
            time.sleep(0.3)
        if answer.status_code == 200 and not front.is_running():
            return [one["modelName"] for one in answer.json()["models"]]
    raise AssertionError("no front came")


def test_workers_that_the_next_front_does_not_know_end(place: Place) -> None:
    with started(place):
        wanted = {"url": "plain.mar", "initial_workers": "1"}
        asked = place.ask("management", "management", "POST", "/models", params=wanted)
        assert asked.status_code == 200
        kept, left = worker_of(place, "acting"), worker_of(place, "plain")
        front = front_beside(kept)

        front.kill()
        front.wait(10)
        known = until_others_are_told(place, front)

        left.wait(30)
        assert known == ["acting"]
        assert kept.is_running()
        assert place.ask("inference", "inference", "POST", "/predictions/acting").status_code == 200
