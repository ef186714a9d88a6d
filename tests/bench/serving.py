"""Images a second of each backend as a share of a plain loop over the core, in one run.

Start both servers (make up), then: python -m tests.bench.serving IMAGE [IMAGE ...]
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from handlers.classifier import LesionClassifier
from handlers.request import Request
from streamlit_app.settings import Settings
from up.settings import ROOT

CLIENTS = 8
REQUESTS = 200
ROUNDS = 5


def images_per_second(send: Callable[[bytes], object], bodies: list[bytes], clients: int) -> float:
    work = [bodies[i % len(bodies)] for i in range(REQUESTS)]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(send, work))
    return REQUESTS / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", nargs="+", type=Path)
    bodies = [path.read_bytes() for path in parser.parse_args().images]
    classifier = LesionClassifier.load(
        ROOT / "model_store" / "skin_vit.pt", ROOT / "mar_config" / "skin_lesion_model_config.json"
    )
    backends = {
        one.name: httpx.Client(base_url=one.url, auth=one.keys, timeout=60)
        for one in Settings.from_env(os.environ).backends
    }

    def loop(body: bytes) -> object:
        return classifier.predict([classifier.preprocess(Request(body=body))])

    def ask(client: httpx.Client) -> Callable[[bytes], object]:
        return lambda body: client.post("/predictions/skin_vit", content=body).raise_for_status()

    ratios: dict[str, list[float]] = {name: [] for name in backends}
    # The first is not counted: a graph's and a server's first answers take longer.
    for number in range(1 + ROUNDS):
        plain = images_per_second(loop, bodies, clients=1)
        for name, client in backends.items():
            ratio = images_per_second(ask(client), bodies, CLIENTS) / plain
            if number:
                ratios[name].append(ratio)
    for name, found in ratios.items():
        low, middle, high = min(found), statistics.median(found), max(found)
        print(f"{name}: {middle:.2f} of a plain loop ({low:.2f} to {high:.2f})")  # noqa: T201


if __name__ == "__main__":
    main()
