"""A worker of Ray Serve that can't start, or has died, takes no other with it."""

import httpx
import pytest

pytestmark = pytest.mark.long

NAME = "lonely"


def test_the_workers_that_were_there_go_on(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    # Ray goes on trying as long as it may.
    wanted = {"url": f"{NAME}.mar", "initial_workers": "1", "startup_timeout": "20"}
    management.post("/models", params=wanted).raise_for_status()
    first = backends["ray"].post(f"/predictions/{NAME}", content=b"x").text

    refused = management.put(f"/models/{NAME}", params={"min_worker": 2, "synchronous": "true"})

    found = management.get(f"/models/{NAME}").json()[0]
    again = backends["ray"].post(f"/predictions/{NAME}", content=b"x").text
    management.delete(f"/models/{NAME}").raise_for_status()
    assert refused.status_code == 500
    assert refused.json()["message"].startswith("Failed to start workers for model lonely")
    assert (found["minWorkers"], found["maxWorkers"]) == (1, 1)
    assert again == first


def test_workers_are_scaled_while_one_that_died_is_replaced(
    backends: dict[str, httpx.Client], management: httpx.Client
) -> None:
    wanted = {"url": "acting.mar", "model_name": "replaced", "initial_workers": "2"}
    management.post("/models", params=wanted).raise_for_status()
    leave = {"x-act": "leave", "x-value": "1"}
    died = backends["ray"].post("/predictions/replaced", content=b"x", headers=leave)

    scaled = management.put("/models/replaced", params={"min_worker": 3, "synchronous": "true"})

    found = management.get("/models/replaced").json()[0]
    again = backends["ray"].post("/predictions/replaced", content=b"x")
    management.delete("/models/replaced").raise_for_status()
    assert died.status_code == 500
    assert scaled.status_code == 200, scaled.text
    assert (found["minWorkers"], found["maxWorkers"]) == (3, 3)
    assert again.status_code == 200
