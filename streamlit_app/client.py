"""What is asked by HTTP; it cannot tell which backend it asks."""

import ipaddress
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import httpx

from streamlit_app import answer
from streamlit_app.answer import OtherSchema, Prediction, Relevance
from streamlit_app.settings import Backend, SettingsError
from streamlit_app.tokens import REFUSED

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
    """Nothing listens at that address."""


class State(Enum):
    """What a backend is, in words."""

    UP = "up"
    UNWELL = "up, but not healthy"
    REFUSING = "up, but refuses this page's key"
    DOWN = "down"


def connected(backend: Backend) -> httpx.Client:
    """A proxy that the environment names is not for what runs on this machine: it would get to see
    pictures and keys."""
    url = httpx.URL(backend.url)
    # Plain HTTP wants none of the environment's certificates, which need not be there.
    by_tls = url.scheme == "https"
    try:
        # A transport of its own goes by no proxy, and still knows these certificates.
        directly = httpx.HTTPTransport(verify=by_tls) if is_this_machine(url.host) else None
        return httpx.Client(base_url=url, auth=backend.keys, transport=directly, verify=by_tls)
    except OSError as error:
        raise SettingsError(f"SSL_CERT_FILE must name a file of certificates ({error}).") from error


def is_this_machine(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return address.is_loopback or address.is_unspecified


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
    except httpx.RequestError as error:
        # The other thing that is asked for is a new key; the base URL may have a path of its own.
        if not error.request.url.path.endswith(f"/{what}/{MODEL}"):
            raise PredictionFailed(
                f"The key has expired, and {error.request.url} gives no new one: start the backend"
                " again, or let this page reach its management port."
            ) from error
        if nothing_listens(error):
            raise BackendDown(f"Nothing answers at {client.base_url}.") from error
        if isinstance(error, httpx.TimeoutException):
            raise PredictionFailed(f"No answer within {ANSWERS_WITHIN_S} seconds.") from error
        impossible = "talked to" if isinstance(error, httpx.TransportError) else "read"
        raise PredictionFailed(
            f"What answers at {client.base_url} can't be {impossible} ({error})."
        ) from error
    if found.status_code != httpx.codes.OK:
        raise PredictionFailed(message_of(found))
    return found


def nothing_listens(error: httpx.RequestError) -> bool:
    """Whoever begins to speak TLS, or takes the connection and then fails, is there."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return False
        cause = cause.__context__
    return isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)


def read(reader: Callable[[Any], Read], found: httpx.Response, client: httpx.Client) -> Read:
    try:
        return reader(found.json())
    except OtherSchema as error:
        raise PredictionFailed(str(error)) from error
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise PredictionFailed(
            f"What answers at {client.base_url} is no lesion service."
        ) from error


def message_of(found: httpx.Response) -> str:
    try:
        return str(found.json()["message"])
    except (ValueError, KeyError, TypeError, RecursionError):
        if found.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            return f"The picture is over {LIMIT_MB} MB: send a smaller one."
        return f"The service answered {found.status_code} {found.reason_phrase}.".replace(" .", ".")


def state(client: httpx.Client) -> State:
    try:
        found = client.get("/ping", timeout=IS_UP_WITHIN_S)
    except httpx.RequestError as error:
        # What can't be had is a new key, for which only what is up sends one.
        if not error.request.url.path.endswith("/ping"):
            return State.REFUSING
        silent = nothing_listens(error) or isinstance(error, httpx.TimeoutException)
        return State.DOWN if silent else State.UNWELL
    if found.status_code == httpx.codes.OK:
        return State.UP
    return State.REFUSING if REFUSED in found.text else State.UNWELL
