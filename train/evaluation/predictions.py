"""Probabilities of images: from the core, or over HTTP from a server that runs it."""

import http
import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.request import Request

import numpy as np
from tqdm import tqdm

from handlers.categories import CODES
from handlers.classifier import LesionClassifier
from handlers.errors import Fault
from train.evaluation.calls import UNREACHABLE, answer_to
from train.evaluation.keys import Keys, management_port

log = logging.getLogger(__name__)

BATCH = 16
THREADS = 4
ANSWERS_WITHIN_S = 60
TRIES = 5
# Before the second try; doubled before each further one.
FIRST_WAIT_S = 0.5
REFUSED = [float("nan")] * len(CODES)
# Nothing is served at such an address, whatever the image.
NOT_SERVED = (404, 405)
NO_TOKEN = b"InvalidKeyException"
# With the key that stands in the file by now, and with a renewed one.
OTHER_KEYS = 2


class PredictionError(Exception):
    """There are no predictions to be had; the text says what to do."""


def of_classifier(classifier: LesionClassifier, paths: list[Path]) -> np.ndarray:
    """(n, 9) in CODES' order; an image that is refused is logged, its row is NaN."""
    rows = []
    # No bar where nobody watches.
    for start in tqdm(range(0, len(paths), BATCH), desc="predictions", leave=False, disable=None):
        some = paths[start : start + BATCH]
        for path, answer in zip(
            some, classifier.classify([path.read_bytes() for path in some]), strict=True
        ):
            if isinstance(answer, Fault):
                rows.append(refused(path, str(answer)))
            else:
                rows.append([answer["probabilities"][code] for code in CODES])
    return np.array(rows, dtype=float).reshape(-1, len(CODES))


def of_url(url: str, paths: list[Path], key_file: Path | None = None) -> np.ndarray:
    """(n, 9) in CODES' order; an image that is refused is logged, its row is NaN.

    `url` is a backend's whole one, as http://127.0.0.1:8080/predictions/skin_vit; `key_file` is
    the key_file.json that a backend which wants a token wrote; a key that expires is renewed, as
    each lasts an hour. Raises PredictionError where
    nothing answers, something that is no lesion service, or one that fails or wants another token:
    what is measured of the rest would be another set of images.
    """
    keys = None if key_file is None else Keys(key_file, url)
    if keys is not None and keys.current is None:
        raise PredictionError(
            f"{key_file} can't be read or holds no inference key: name the key_file.json that the"
            " server wrote when it started."
        )
    with ThreadPoolExecutor(THREADS) as pool:
        answers = pool.map(lambda path: answered(url, path, keys), paths)
        rows = list(tqdm(answers, "predictions", len(paths), leave=False, disable=None))
    return np.array(rows, dtype=float).reshape(-1, len(CODES))


def answered(url: str, path: Path, keys: Keys | None) -> list[float]:
    """The nine probabilities of one image, asked for again while the server is too busy."""
    for attempt in range(TRIES):
        status, body = posted_with_key(url, path.read_bytes(), keys)
        if status != http.HTTPStatus.SERVICE_UNAVAILABLE:
            break
        if attempt + 1 < TRIES:
            time.sleep(FIRST_WAIT_S * 2**attempt)
    if status == http.HTTPStatus.OK:
        return probabilities(url, body)
    said = message(status, body)
    if status in NOT_SERVED:
        raise PredictionError(f"{url} serves no such model ({said}): correct it.")
    if NO_TOKEN in body:
        raise PredictionError(
            f"{url} wants a token ({said}): name its key file with --key-file, as"
            " logs/torchserve/key_file.json or logs/ray/key_file.json. A key lasts an hour and is"
            f" renewed at /token of this address or of port {management_port()}; where management"
            " is elsewhere, renew it there."
        )
    if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise PredictionError(
            f"{url} failed on {path} ({said}), so nothing was measured: see the server's log."
        )
    return refused(path, said)


def posted_with_key(url: str, body: bytes, keys: Keys | None) -> tuple[int, bytes]:
    if keys is None:
        return posted(url, body, None)
    key = keys.current
    answer = posted(url, body, key)
    for _ in range(OTHER_KEYS):
        if NO_TOKEN not in answer[1]:
            break
        key = keys.after(key)
        answer = posted(url, body, key)
    return answer


def posted(url: str, body: bytes, key: str | None) -> tuple[int, bytes]:
    # With a type of its own, as TorchServe would read urllib's default as a web form.
    headers = {"Content-Type": "application/octet-stream"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    try:
        return answer_to(Request(url, body, headers), ANSWERS_WITHIN_S)
    except UNREACHABLE as error:
        raise PredictionError(
            f"No answer from {url}: start the servers (python -m up) or correct the URL."
        ) from error


def probabilities(url: str, body: bytes) -> list[float]:
    try:
        given = json.loads(body)["probabilities"]
        return [float(given[code]) for code in CODES]
    except (ValueError, KeyError, TypeError) as error:
        raise PredictionError(
            f"What answers at {url} is no lesion service: its path is /predictions/skin_vit."
        ) from error


def message(status: int, body: bytes) -> str:
    """The service's own words where it gave some."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return f"the server answered {status}"


def refused(path: Path, reason: str) -> list[float]:
    log.warning("no prediction for %s: %s", path, reason)
    return REFUSED
