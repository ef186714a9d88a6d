"""What Ray Serve offers beyond TorchServe: switching versions under load, canaries, shadows."""

import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import httpx
import psutil
import pytest

pytestmark = pytest.mark.long

ECHO = {"x-act": "echo", "content-type": "text/plain"}
REQUESTS = 500
CLIENTS = 4


@contextmanager
def two_versions(management: httpx.Client, name: str, *, both: bool = True) -> Iterator[None]:
    """1.0, the default, and 2.0, each with a worker."""
    archives = ("acting.mar", "acting_in_batches.mar")
    for archive in archives[: 1 + both]:
        register(management, name, archive)
    try:
        yield
    finally:
        found = management.get(f"/models/{name}/all").json()
        for version in sorted(one["modelVersion"] for one in found):
            if version != default(management, name):
                management.delete(f"/models/{name}/{version}").raise_for_status()
        management.delete(f"/models/{name}").raise_for_status()


def register(management: httpx.Client, name: str, archive: str) -> None:
    wanted = {"url": archive, "model_name": name, "initial_workers": "1"}
    management.post("/models", params=wanted).raise_for_status()


def default(management: httpx.Client, name: str) -> str:
    return str(management.get(f"/models/{name}").json()[0]["modelVersion"])


def answered_by(ray: httpx.Client, name: str) -> str:
    answer = ray.post(f"/predictions/{name}", content=b"x", headers=ECHO)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["version"])


def test_no_request_fails_while_versions_are_switched(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    ray, name, done = backends["ray"], "switched", Event()

    def ask() -> Counter[str]:
        found: Counter[str] = Counter()
        while not done.is_set() or found.total() < REQUESTS / CLIENTS:
            found[answered_by(ray, name)] += 1
        return found

    with two_versions(management, name, both=False), ThreadPoolExecutor(CLIENTS) as pool:
        asking = [pool.submit(ask) for _ in range(CLIENTS)]
        try:
            register(management, name, "acting_in_batches.mar")
            management.put(f"/models/{name}/2.0/set-default").raise_for_status()
            management.delete(f"/models/{name}/1.0").raise_for_status()
        finally:
            done.set()
        answers = sum((one.result() for one in asking), Counter[str]())

        assert answers.total() >= REQUESTS
        assert set(answers) == {"1.0", "2.0"}
        assert answered_by(ray, name) == "2.0"


def test_unregistered_while_its_worker_starts_it_leaves_none_and_its_name_is_free(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    name = "hasty"
    wanted = {"url": "acting.mar", "model_name": name}
    management.post("/models", params=wanted).raise_for_status()
    management.put(f"/models/{name}", params={"min_worker": 1}).raise_for_status()

    unregistered = management.delete(f"/models/{name}")
    left = replicas_of(name)
    register(management, name, "acting.mar")
    answer = answered_by(backends["ray"], name)
    management.delete(f"/models/{name}").raise_for_status()

    assert unregistered.status_code == 200, unregistered.text
    assert left == []
    assert answer == "1.0"


def replicas_of(model: str) -> list[psutil.Process]:
    title = f"ray::ServeReplica:{model}--"
    every = psutil.process_iter(["cmdline"])
    return [one for one in every if "".join(one.info["cmdline"] or ()).startswith(title)]


def test_a_canary_gets_its_share(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    ray, name = backends["ray"], "canary"

    def share(weight: str, requests: int) -> float:
        weighed = {"min_worker": "1", "weight": weight, "synchronous": "true"}
        management.put(f"/models/{name}/2.0", params=weighed).raise_for_status()
        with ThreadPoolExecutor(CLIENTS) as pool:
            versions = Counter(pool.map(lambda _: answered_by(ray, name), range(requests)))
        return versions["2.0"] / requests

    with two_versions(management, name):
        assert share("0", 10) == 0
        assert share("1", 10) == 1
        # Five standard deviations to either side.
        assert share("0.3", 200) == pytest.approx(0.3, abs=0.17)
        refused = management.put(f"/models/{name}/2.0", params={"weight": "2"})

    assert refused.status_code == 400
    assert "share from 0 to 1" in refused.json()["message"]


def test_a_shadows_disagreement_is_counted(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    ray, name = backends["ray"], "shadowed"

    def counted(what: str) -> float:
        text = ray.get("/metrics").text
        found = re.findall(rf'^{what}{{.*model_name="{name}".*}} (\S+)$', text, re.MULTILINE)
        return sum(map(float, found))

    def until(what: str, count: float) -> None:
        for _ in range(100):
            if counted(what) == count:
                return
            Event().wait(0.1)
        raise AssertionError(f"{what} is {counted(what)}")

    with two_versions(management, name):
        shadow = {"min_worker": "1", "shadow": "true", "synchronous": "true"}
        management.put(f"/models/{name}/2.0", params=shadow).raise_for_status()
        # They name their own version, so they differ.
        for _ in range(3):
            assert answered_by(ray, name) == "1.0"
        until("shadow_requests_total", 3)
        until("shadow_disagreements_total", 3)
        same = ray.post(f"/predictions/{name}", headers={"x-act": "answer", "x-value": "7"})
        assert same.text == "7"
        until("shadow_requests_total", 4)
        until("shadow_disagreements_total", 3)
