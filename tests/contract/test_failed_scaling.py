"""A worker of Ray Serve that can't start takes no other with it."""

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
