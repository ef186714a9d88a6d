"""The page's calls: bytes go untouched, and whatever comes back ends in a sentence."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from handlers.limits import MAX_BODY_BYTES
from streamlit_app.client import (
    LIMIT_MB,
    BackendDown,
    PredictionFailed,
    State,
    explain,
    predict,
    state,
)
from streamlit_app.names import WORDS
from streamlit_app.tokens import KeyFile
from tests.unit import page_answers

IMAGE = bytes(range(256))
PREDICTION = page_answers.prediction()


def client_of(service: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    return httpx.Client(base_url="http://backend", transport=httpx.MockTransport(service))


def answering(answer: httpx.Response) -> httpx.Client:
    return client_of(lambda _: answer)


def failing(error: type[httpx.TransportError]) -> httpx.Client:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("no")

    return client_of(fail)


class NoGzip(httpx.SyncByteStream):
    def __iter__(self) -> Iterator[bytes]:
        yield b"no gzip"


def test_the_answer_becomes_a_prediction() -> None:
    client = answering(httpx.Response(200, json=PREDICTION))

    found = predict(client, IMAGE)

    assert found.prediction.label == "NV"
    assert found.prediction.model == "skin_vit 1.0"
    assert 0 < found.seconds < 60


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


@pytest.mark.parametrize("target", [None, "MEL"])
def test_an_explanation_is_asked_by_a_form_with_the_target(target: str | None) -> None:
    seen: list[httpx.Request] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=page_answers.explanation(target="MEL"))

    relevance = explain(client_of(service), IMAGE, target)

    (request,) = seen
    assert request.url == "http://backend/explanations/skin_vit"
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert IMAGE in request.content
    assert (b'name="target"\r\n\r\nMEL\r\n' in request.content) == (target is not None)
    assert relevance.target == "MEL"


def test_an_explanation_is_sent_whole_with_a_renewed_key(tmp_path: Path) -> None:
    keys = KeyFile(path=tmp_path / "key_file.json", management="http://backend")
    seen: list[httpx.Request] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if request.url.path == "/token":
            write_key(keys.path, "new")
            return httpx.Response(200)
        if request.headers["authorization"] == "Bearer new" and IMAGE in request.content:
            return httpx.Response(200, json=page_answers.explanation())
        return httpx.Response(400, json={"code": 400, "type": "InvalidKeyException"})

    write_key(keys.path, "old")
    client = client_of(service)
    client.auth = keys
    explain(client, IMAGE, None)

    assert [request.url.path for request in seen] == [
        "/explanations/skin_vit",
        "/token",
        "/explanations/skin_vit",
    ]


def write_key(file: Path, key: str) -> None:
    file.write_text(json.dumps({"inference": {"key": key}, "API": {"key": "api"}}))


def test_a_prediction_without_its_explanation_is_a_failure() -> None:
    with pytest.raises(PredictionFailed, match="is no lesion service"):
        explain(answering(httpx.Response(200, json=PREDICTION)), IMAGE, None)


@pytest.mark.parametrize("ask", [predict, lambda client, image: explain(client, image, None)])
def test_another_schema_is_told_by_both_numbers(
    ask: Callable[[httpx.Client, bytes], object],
) -> None:
    answer = httpx.Response(200, json=page_answers.explanation() | {"schema": 3})

    with pytest.raises(PredictionFailed, match=r"\(schema 3\) than this page reads \(schema 2\)"):
        ask(answering(answer), IMAGE)


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


def test_a_picture_that_is_too_large_is_told_so_without_a_message_too() -> None:
    with pytest.raises(
        PredictionFailed, match=r"^The picture is over 20 MB: send a smaller one\.$"
    ):
        predict(answering(httpx.Response(413)), IMAGE)


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


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_no_connection_means_that_the_backend_is_down(error: type[httpx.TransportError]) -> None:
    with pytest.raises(BackendDown, match="Nothing answers at http://backend"):
        predict(failing(error), IMAGE)


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.WriteTimeout])
def test_a_slow_backend_is_not_a_backend_that_is_down(error: type[httpx.TransportError]) -> None:
    with pytest.raises(PredictionFailed, match="No answer within 60 seconds") as failure:
        predict(failing(error), IMAGE)

    assert not isinstance(failure.value, BackendDown)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, State.UP), (404, State.UNWELL), (500, State.UNWELL)],
)
def test_a_backend_is_up_if_its_ping_succeeds(status: int, expected: State) -> None:
    client = client_of(
        lambda request: httpx.Response(status if request.url.path == "/ping" else 418)
    )

    assert state(client) is expected


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.RemoteProtocolError])
def test_what_takes_the_connection_is_not_down(error: type[httpx.TransportError]) -> None:
    with pytest.raises(
        PredictionFailed, match=r"http://backend can't be talked to \(no\)"
    ) as fault:
        predict(failing(error), IMAGE)

    assert not isinstance(fault.value, BackendDown)
    assert state(failing(error)) is State.UNWELL


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout])
def test_a_backend_that_does_not_answer_is_down(error: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise error("no", request=request)

    assert state(client_of(fail)) is State.DOWN


@pytest.mark.parametrize("management", ["answers", "is out of reach"])
def test_a_backend_that_refuses_the_pages_key_is_up(tmp_path: Path, management: str) -> None:
    def service(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token" and management != "answers":
            raise httpx.ConnectError("no", request=request)
        return httpx.Response(400, json={"type": "InvalidKeyException"})

    file = tmp_path / "key_file.json"
    file.write_text(json.dumps({"inference": {"key": "old"}, "API": {"key": "another's"}}))
    client = client_of(service)
    client.auth = KeyFile(path=file, management="http://backend")

    assert state(client) is State.REFUSING


def test_what_can_not_be_decoded_is_no_backend_that_is_down() -> None:
    client = client_of(
        lambda _: httpx.Response(200, headers={"content-encoding": "gzip"}, stream=NoGzip())
    )

    assert state(client) is State.UNWELL
    with pytest.raises(PredictionFailed, match="can't be read") as failure:
        predict(client, IMAGE)
    assert not isinstance(failure.value, BackendDown)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(PREDICTION).replace("0.9", "9" * 400),
        "[" * 200_000,
        json.dumps(PREDICTION | {"probabilities": dict.fromkeys(WORDS, -0.1)}),
        json.dumps(PREDICTION | {"probabilities": dict.fromkeys(WORDS, 1.1)}),
    ],
    ids=["a huge number", "deep", "below 0", "above 1"],
)
def test_numbers_that_can_not_be_are_no_answer(body: str) -> None:
    assert body != json.dumps(PREDICTION)

    with pytest.raises(PredictionFailed, match="is no lesion service"):
        predict(answering(httpx.Response(200, text=body)), IMAGE)


@pytest.mark.parametrize("region", [{"top": 1.5}, {"left": 0.5, "width": 0.6}, {"height": -0.1}])
def test_a_region_lies_within_the_picture(region: dict[str, float]) -> None:
    answer = page_answers.explanation()
    answer["relevance"]["region"] |= region

    with pytest.raises(PredictionFailed, match="is no lesion service"):
        explain(answering(httpx.Response(200, json=answer)), IMAGE, None)


def test_a_backend_below_a_path_that_is_down_is_told_as_one() -> None:
    def refused(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    client = httpx.Client(transport=httpx.MockTransport(refused), base_url="http://a.b/skin")

    with pytest.raises(BackendDown, match=r"^Nothing answers at http://a\.b/skin/\.$"):
        predict(client, IMAGE)


def test_the_limit_that_is_told_is_the_services() -> None:
    assert LIMIT_MB * 1_000_000 == MAX_BODY_BYTES
