"""The page's one call: bytes go untouched, and whatever comes back ends in a sentence."""

from collections.abc import Callable

import httpx
import pytest

from streamlit_app.client import BackendDown, PredictionFailed, is_up, predict

IMAGE = bytes(range(256))
PREDICTION = {
    "label": "MEL",
    "probabilities": {"MEL": 0.7, "NV": 0.3},
    "model": {"name": "skin_vit", "version": "1.0"},
}


def client_of(service: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url="http://backend", transport=httpx.MockTransport(service))


def answering(answer: httpx.Response) -> httpx.Client:
    return client_of(lambda _: answer)


def failing(error: type[httpx.TransportError]) -> httpx.Client:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("no")

    return client_of(fail)


def test_the_answer_becomes_a_prediction() -> None:
    client = answering(httpx.Response(200, json=PREDICTION))

    prediction = predict(client, IMAGE)

    assert prediction.label == "MEL"
    assert prediction.probabilities == {"MEL": 0.7, "NV": 0.3}
    assert prediction.model == "skin_vit 1.0"
    assert 0 < prediction.seconds < 60


def test_the_images_bytes_are_sent_untouched() -> None:
    seen: list[httpx.Request] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=PREDICTION)

    predict(client_of(service), IMAGE)

    (request,) = seen
    assert request.method == "POST"
    assert request.url == "http://backend/predictions/skin_vit"
    assert request.content == IMAGE
    assert request.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize("status", [400, 413, 503])
def test_a_faults_message_is_shown_as_it_is(status: int) -> None:
    fault = {"code": status, "type": "BadRequestException", "message": "Send <b>an</b> image."}
    client = answering(httpx.Response(status, json=fault))

    with pytest.raises(PredictionFailed) as failure:
        predict(client, IMAGE)

    assert str(failure.value) == "Send <b>an</b> image."


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(502, html="<h1>Bad gateway</h1>"),
        httpx.Response(502, json=["a", "list"]),
        httpx.Response(502, json={"no": "message"}),
        httpx.Response(502, content=b"\xff\xfe\xfa"),
        httpx.Response(502),
    ],
    ids=["html", "list", "no message", "no text", "empty"],
)
def test_an_error_without_a_message_is_told_by_its_status(answer: httpx.Response) -> None:
    with pytest.raises(PredictionFailed, match=r"^The service answered 502 Bad Gateway\.$"):
        predict(answering(answer), IMAGE)


def test_a_status_without_a_name_makes_a_sentence_too() -> None:
    with pytest.raises(PredictionFailed, match=r"^The service answered 599\.$"):
        predict(answering(httpx.Response(599)), IMAGE)


# Whatever else listens at that address may well answer 200.
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>It works!</h1>"),
        httpx.Response(200, json=["a", "list"]),
        httpx.Response(200, json={"status": "Healthy"}),
        httpx.Response(200, json=PREDICTION | {"model": "skin_vit"}),
    ],
    ids=["html", "list", "other JSON", "other model"],
)
def test_a_success_that_is_no_prediction_is_a_failure(answer: httpx.Response) -> None:
    with pytest.raises(PredictionFailed):
        predict(answering(answer), IMAGE)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadError, httpx.RemoteProtocolError])
def test_no_connection_means_that_the_backend_is_down(error: type[httpx.TransportError]) -> None:
    with pytest.raises(BackendDown, match="Nothing answers at http://backend"):
        predict(failing(error), IMAGE)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.WriteTimeout])
def test_a_slow_backend_is_not_a_backend_that_is_down(error: type[httpx.TransportError]) -> None:
    with pytest.raises(PredictionFailed, match="No answer within 60 seconds") as failure:
        predict(failing(error), IMAGE)

    assert not isinstance(failure.value, BackendDown)


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False), (500, False)])
def test_a_backend_is_up_if_its_ping_succeeds(status: int, expected: bool) -> None:
    client = client_of(
        lambda request: httpx.Response(status if request.url.path == "/ping" else 418)
    )

    assert is_up(client) is expected


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout])
def test_a_backend_that_does_not_answer_is_not_up(error: type[httpx.TransportError]) -> None:
    assert not is_up(failing(error))
