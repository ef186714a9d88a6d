"""What is asked by HTTP; it cannot tell which backend it asks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from streamlit_app import answer
from streamlit_app.answer import OtherSchema, Prediction, Relevance

MODEL = "skin_vit"
ANSWERS_WITHIN_S = 60
IS_UP_WITHIN_S = 2
LIMIT_MB = 20
BYTES = {"content-type": "application/octet-stream"}

Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """`seconds` is from sending the image to having the answer."""

    prediction: Prediction
    seconds: float


class PredictionFailed(Exception):
    """The text is the service's own where it gave one."""


class BackendDown(PredictionFailed):
    """Nothing answers at that address."""


def predict(client: httpx.Client, image: bytes) -> Predicted:
    began = time.perf_counter()
    found = ask(client, "predictions", {"content": image, "headers": BYTES})
    seconds = time.perf_counter() - began
    return Predicted(prediction=read(answer.prediction, found, client), seconds=seconds)


def explain(client: httpx.Client, image: bytes, target: str | None) -> Relevance:
    """For the model's first category where `target`, a category's code, is None."""
    # A form, as TorchServe hands no query to the model.
    form = {"files": {"data": image}, "data": {} if target is None else {"target": target}}
    found = ask(client, "explanations", form)
    # Refuses what is of another form; what it says of the picture is known already.
    read(answer.prediction, found, client)
    return read(answer.relevance, found, client)


def ask(client: httpx.Client, what: str, content: dict[str, Any]) -> httpx.Response:
    """Raises PredictionFailed for all but an answer with status 200."""
    try:
        found = client.post(f"/{what}/{MODEL}", timeout=ANSWERS_WITHIN_S, **content)
    except httpx.TransportError as error:
        # The other thing that is asked for is a new key; the base URL may have a path of its own.
        if not error.request.url.path.endswith(f"/{what}/{MODEL}"):
            raise PredictionFailed(
                f"The key has expired, and {error.request.url} gives no new one: start the backend"
                " again, or let this page reach its management port."
            ) from error
        if isinstance(error, httpx.TimeoutException):
            raise PredictionFailed(f"No answer within {ANSWERS_WITHIN_S} seconds.") from error
        raise BackendDown(f"Nothing answers at {client.base_url}.") from error
    if found.status_code != httpx.codes.OK:
        raise PredictionFailed(message_of(found))
    return found


def read(reader: Callable[[Any], Read], found: httpx.Response, client: httpx.Client) -> Read:
    try:
        return reader(found.json())
    except OtherSchema as error:
        raise PredictionFailed(str(error)) from error
    except (ValueError, LookupError, TypeError) as error:
        raise PredictionFailed(
            f"What answers at {client.base_url} is no lesion service."
        ) from error


def message_of(found: httpx.Response) -> str:
    try:
        return str(found.json()["message"])
    except (ValueError, KeyError, TypeError):
        if found.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return f"The picture is over {LIMIT_MB} MB: send a smaller one."
        return f"The service answered {found.status_code} {found.reason_phrase}.".replace(" .", ".")


def is_up(client: httpx.Client) -> bool:
    try:
        return client.get("/ping", timeout=IS_UP_WITHIN_S).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
