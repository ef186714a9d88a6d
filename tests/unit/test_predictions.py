"""Probabilities from the core and over HTTP: the same, in order, with refused images told apart."""

import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

import numpy as np
import pytest

from handlers.categories import CODES
from handlers.classifier import LesionClassifier
from handlers.errors import Fault
from tests import images, tiny
from train.evaluation import predictions
from train.evaluation.predictions import PredictionError, of_classifier, of_url

PATH = "/predictions/skin_vit"
Answer = tuple[int, dict[str, object]]


@pytest.fixture(scope="module")
def classifier(exported: tiny.Exported) -> LesionClassifier:
    return LesionClassifier.load(exported.model, exported.config)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty images, more than a batch; the fourth is none."""
    folder = tmp_path_factory.mktemp("images")
    files = [folder / f"{seed}.jpg" for seed in range(20)]
    for seed, file in enumerate(files):
        file.write_bytes(images.encoded(images.lesion(seed), "JPEG"))
    files[3].write_bytes(b"not an image")
    return files


@contextmanager
def serving(answer: Callable[[Message, bytes], Answer]) -> Iterator[str]:
    """A server that says what `answer` says to headers and a body."""

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, value = answer(self.headers, body)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        def log_message(self, *words: object) -> None:
            """Keeps the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PATH}"
        server.shutdown()


def core(classifier: LesionClassifier) -> Callable[[Message, bytes], Answer]:
    """The core behind a door, as a backend is."""
    one_at_a_time = Lock()

    def answer(headers: Message, body: bytes) -> Answer:
        with one_at_a_time:
            [result] = classifier.classify([body])
        if isinstance(result, Fault):
            return result.code, result.as_json()
        return 200, dict(result)

    return answer


def always(status: int, value: dict[str, object]) -> Callable[[Message, bytes], Answer]:
    def answer(headers: Message, body: bytes) -> Answer:
        return status, value

    return answer


def test_the_core_and_a_server_give_the_same(
    classifier: LesionClassifier, paths: list[Path], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(core(classifier)) as url:
        served = of_url(url, paths)
    direct = of_classifier(classifier, paths)

    assert served.shape == direct.shape == (20, 9)
    np.testing.assert_allclose(served, direct, rtol=0, atol=1e-6)
    assert np.isnan(direct).all(axis=1).tolist() == [row == 3 for row in range(20)]
    said = f"no prediction for {paths[3]}: The body is not an image this service can read"
    assert [message.startswith(said) for message in caplog.messages] == [True, True]


def test_every_row_is_that_of_its_image(classifier: LesionClassifier, paths: list[Path]) -> None:
    together = of_classifier(classifier, paths)

    for row in (0, 15, 16, 19):
        alone = of_classifier(classifier, [paths[row]])
        np.testing.assert_allclose(together[row], alone[0], rtol=0, atol=1e-6)


def test_no_images_give_no_rows(classifier: LesionClassifier) -> None:
    assert of_classifier(classifier, []).shape == (0, 9)


def test_the_body_is_sent_as_no_form(paths: list[Path]) -> None:
    kinds = []

    def answer(headers: Message, body: bytes) -> Answer:
        kinds.append((headers["content-type"], body))
        return 200, {"probabilities": dict.fromkeys(CODES, 1 / 9)}

    with serving(answer) as url:
        of_url(url, paths[:1])

    assert kinds == [("application/octet-stream", paths[0].read_bytes())]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_for_this_machine_goes_by_no_proxy(
    classifier: LesionClassifier, paths: list[Path], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    # It is made once, with the proxies of then.
    monkeypatch.setattr(urllib.request, "_opener", None)
    with serving(core(classifier)) as url, serving(always(200, {"a": "proxy"})) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        rows = of_url(url.replace("127.0.0.1", host), paths[:1])

    assert np.isfinite(rows).all()


def test_a_server_that_is_too_busy_is_asked_again(
    classifier: LesionClassifier, paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "FIRST_WAIT_S", 0.01)
    answer, asked = core(classifier), []

    def busy_at_first(headers: Message, body: bytes) -> Answer:
        asked.append(body)
        return answer(headers, body) if len(asked) > 2 else (503, {"message": "busy"})

    with serving(busy_at_first) as url:
        rows = of_url(url, paths[:1])

    assert len(asked) == 3
    assert np.isfinite(rows).all()


def test_a_server_that_stays_too_busy_is_not_asked_for_ever(
    paths: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "FIRST_WAIT_S", 0.001)
    asked = []

    def busy(headers: Message, body: bytes) -> Answer:
        asked.append(body)
        return 503, {"message": "too many requests"}

    with (
        serving(busy) as url,
        pytest.raises(PredictionError, match=rf"failed on {paths[0]} \(too many requests\)"),
    ):
        of_url(url, paths[:1])

    assert len(asked) == predictions.TRIES


@pytest.mark.parametrize("status", [500, 507])
def test_a_server_that_fails_on_some_images_is_not_measured_on_the_others(
    classifier: LesionClassifier, paths: list[Path], status: int
) -> None:
    answer, failing = core(classifier), paths[1].read_bytes()

    def sometimes(headers: Message, body: bytes) -> Answer:
        return (status, {"message": "out of memory"}) if body == failing else answer(headers, body)

    with (
        serving(sometimes) as url,
        pytest.raises(PredictionError, match=r"out of memory.*nothing was measured"),
    ):
        of_url(url, paths[:3])


def test_a_server_that_wants_a_token_gets_the_key_files(
    classifier: LesionClassifier, paths: list[Path], tmp_path: Path
) -> None:
    key_file = tmp_path / "key_file.json"
    key_file.write_text(json.dumps({"inference": {"key": "secret"}, "API": {"key": "other"}}))
    answer = core(classifier)
    refusal = {"code": 400, "type": "InvalidKeyException", "message": "Token Authorization failed."}

    def guarded(headers: Message, body: bytes) -> Answer:
        if headers["authorization"] != "Bearer secret":
            return 400, dict(refusal)
        return answer(headers, body)

    with serving(guarded) as url:
        assert np.isfinite(of_url(url, paths[:2], key_file)).all()
        with pytest.raises(PredictionError, match=r"wants a token \(Token .* with --key-file"):
            of_url(url, paths[:2])


@pytest.mark.parametrize("text", [None, "{}", "no JSON", '{"inference": "secret"}'])
def test_a_file_without_a_key_is_named(paths: list[Path], tmp_path: Path, text: str | None) -> None:
    key_file = tmp_path / "key_file.json"
    if text is not None:
        key_file.write_text(text)

    with pytest.raises(PredictionError, match=f"^{key_file} can't be read or holds no inference"):
        of_url("http://127.0.0.1:1/predictions/skin_vit", paths, key_file)


def test_another_model_is_explained(paths: list[Path]) -> None:
    with (
        serving(always(404, {"message": "Model not found: skin"})) as url,
        pytest.raises(PredictionError, match=r"serves no such model \(Model not found: skin\)"),
    ):
        of_url(url, paths)


def test_what_is_no_lesion_service_is_explained(paths: list[Path]) -> None:
    with (
        serving(always(200, {"hello": "world"})) as url,
        pytest.raises(PredictionError, match=r"is no lesion service"),
    ):
        of_url(url, paths)


def test_a_server_that_is_down_is_one_sentence(paths: list[Path]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}{PATH}"

        with pytest.raises(PredictionError, match=f"^No answer from {url}: start the servers"):
            of_url(url, paths)
