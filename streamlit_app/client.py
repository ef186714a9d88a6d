"""One HTTP call; it cannot tell which backend it calls."""

import time
from dataclasses import dataclass

import httpx

MODEL = "skin_vit"
ANSWERS_WITHIN_S = 60
IS_UP_WITHIN_S = 2


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """`seconds` is from sending the image to having the answer."""

    label: str
    probabilities: dict[str, float]
    model: str
    seconds: float


class PredictionFailed(Exception):
    """The text is the service's own where it gave one."""


class BackendDown(PredictionFailed):
    """Nothing answers at that address."""


def predict(client: httpx.Client, image: bytes) -> Prediction:
    began = time.perf_counter()
    try:
        answer = client.post(
            f"/predictions/{MODEL}",
            content=image,
            headers={"content-type": "application/octet-stream"},
            timeout=ANSWERS_WITHIN_S,
        )
    except httpx.TimeoutException as error:
        raise PredictionFailed(f"No answer within {ANSWERS_WITHIN_S} seconds.") from error
    except httpx.TransportError as error:
        raise BackendDown(f"Nothing answers at {client.base_url}.") from error
    seconds = time.perf_counter() - began
    if answer.status_code != httpx.codes.OK:
        raise PredictionFailed(message_of(answer))
    try:
        body = answer.json()
        return Prediction(
            label=body["label"],
            probabilities=body["probabilities"],
            model=f"{body['model']['name']} {body['model']['version']}",
            seconds=seconds,
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PredictionFailed(
            f"What answers at {client.base_url} is no lesion service."
        ) from error


def message_of(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {answer.status_code} {answer.reason_phrase}.".replace(
            " .", "."
        )


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/ping", timeout=IS_UP_WITHIN_S).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
