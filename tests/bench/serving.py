"""Images a second of each server as a share of a plain loop over the core, in one run.

Start both backends (make up) and what others are wanted (tests/bench/others), then:
python -m tests.bench.serving IMAGE [IMAGE ...]
"""

import argparse
import base64
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx

from handlers.request import Request
from streamlit_app.settings import Settings
from tests.bench.core import classifier

# The first has nobody to share a batch with.
CLIENTS = (1, 8)
REQUESTS = 100
ROUNDS = 5
# Of probabilities, as between the backends.
CLOSE = 1e-6

Answer = dict[str, dict[str, float]]
Send = Callable[[bytes], Answer]


def backends() -> dict[str, Send]:
    found = Settings.from_env(os.environ).backends
    return {
        one.name: partial(asked, httpx.Client(base_url=one.url, auth=one.keys, timeout=60))
        for one in found
    }


def asked(client: httpx.Client, body: bytes) -> Answer:
    answer: Answer = client.post("/predictions/skin_vit", content=body).raise_for_status().json()
    return answer


def litserve(client: httpx.Client, body: bytes) -> Answer:
    kind = {"Content-Type": "application/octet-stream"}
    answer: Answer = client.post("/predict", content=body, headers=kind).raise_for_status().json()
    return answer


def bentoml(client: httpx.Client, body: bytes) -> Answer:
    answer: Answer = client.post("/predict", files={"images": body}).raise_for_status().json()[0]
    return answer


def mlflow(client: httpx.Client, body: bytes) -> Answer:
    table = {"columns": ["image"], "data": [[base64.b64encode(body).decode()]]}
    answered = client.post("/invocations", json={"dataframe_split": table}).raise_for_status()
    answer: Answer = answered.json()["predictions"][0]
    return answer


OTHERS = {"LitServe": (8101, litserve), "BentoML": (8102, bentoml), "MLflow": (8103, mlflow)}


def others() -> dict[str, Send]:
    """Those that were started."""
    found: dict[str, Send] = {}
    for name, (port, send) in OTHERS.items():
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        try:
            client.get("/health")
        except httpx.ConnectError:
            print(f"{name}: not started")  # noqa: T201
        else:
            found[name] = partial(send, client)
    return found


def check_equal(expected: Answer, answer: Answer, name: str) -> None:
    """Else the speeds would be of two different things."""
    for code, share in expected["probabilities"].items():
        if abs(answer["probabilities"][code] - share) > CLOSE:
            raise SystemExit(f"{name} serves another model: build and start it again.")


def images_per_second(send: Callable[[bytes], object], bodies: list[bytes], clients: int) -> float:
    work = [bodies[i % len(bodies)] for i in range(REQUESTS)]
    began = time.perf_counter()
    if clients == 1:
        # In this very thread: with a second one that computes, OpenMP's threads sleep instead of
        # waiting for each other, and the plain loop takes half as long again.
        for body in work:
            send(body)
    else:
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(send, work))
    return REQUESTS / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="+", type=Path)
    bodies = [path.read_bytes() for path in parser.parse_args().images]
    core = classifier()

    def loop(body: bytes) -> object:
        return core.predict([core.preprocess(Request(body=body))])

    servers = backends() | others()
    [expected] = core.predict([core.preprocess(Request(body=bodies[0]))])
    for name, send in servers.items():
        check_equal(expected, send(bodies[0]), name)  # type: ignore[arg-type]
    ratios: dict[tuple[str, int], list[float]] = {
        (name, clients): [] for clients in CLIENTS for name in servers
    }
    # The first is not counted: a graph's and a server's first answers take longer.
    for number in range(1 + ROUNDS):
        plain = images_per_second(loop, bodies, clients=1)
        for (name, clients), found in ratios.items():
            ratio = images_per_second(servers[name], bodies, clients) / plain
            if number:
                found.append(ratio)
    for (name, clients), found in ratios.items():
        low, middle, high = min(found), statistics.median(found), max(found)
        print(  # noqa: T201
            f"{name}, {clients} clients: {middle:.2f} of a plain loop ({low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    main()
