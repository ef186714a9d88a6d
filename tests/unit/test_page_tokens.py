"""The page's token: read for each request, renewed once it has expired."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from streamlit_app import client as page_client
from streamlit_app.client import BackendDown, PredictionFailed, predict
from streamlit_app.tokens import RENEWING, KeyFile

URL = "http://backend/predictions/skin_vit"


class Backend:
    """Accepts one key; /token writes another."""

    def __init__(self, file: Path, accepted: str = "new") -> None:
        self.file = file
        self.accepted = accepted
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        sent = request.headers.get("authorization")
        self.asked.append((request.url.path, sent))
        if request.url.path == "/token":
            write(self.file, "new")
            return httpx.Response(200, text="\n")
        if sent == f"Bearer {self.accepted}":
            return httpx.Response(200, json={})
        return httpx.Response(400, json={"code": 400, "type": "InvalidKeyException"})


def write(file: Path, key: str) -> None:
    file.write_text(json.dumps({"inference": {"key": key}, "API": {"key": "api"}}))


def post(file: Path, backend: Callable[[httpx.Request], httpx.Response]) -> httpx.Response:
    keys = KeyFile(path=file, management="http://backend:8081")
    with httpx.Client(transport=httpx.MockTransport(backend), auth=keys) as client:
        return client.post(URL, content=b"image")


def test_the_key_goes_with_the_request(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "key_file.json")
    write(backend.file, "new")

    assert post(backend.file, backend).status_code == 200
    assert backend.asked == [("/predictions/skin_vit", "Bearer new")]


def test_an_expired_key_is_renewed_once(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "key_file.json")
    write(backend.file, "old")

    assert post(backend.file, backend).status_code == 200
    assert backend.asked == [
        ("/predictions/skin_vit", "Bearer old"),
        ("/token", "Bearer api"),
        ("/predictions/skin_vit", "Bearer new"),
    ]


def test_a_backend_that_refuses_the_new_key_too_has_the_last_word(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "key_file.json", accepted="none")
    write(backend.file, "old")

    assert post(backend.file, backend).status_code == 400
    assert len(backend.asked) == 3


class Renewing(Backend):
    """Somebody else renews the key while it refuses what it was sent, as often as it is told."""

    def __init__(self, file: Path, times: int) -> None:
        super().__init__(file, accepted=f"another's {times}")
        self.times = times

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = super().__call__(request)
        if answer.status_code == 400 and self.times:
            write(self.file, f"another's {len(self.asked)}")
            self.times -= 1
        return answer


@pytest.mark.parametrize("times", [1, 2])
def test_a_key_that_somebody_else_has_renewed_is_taken(tmp_path: Path, times: int) -> None:
    backend = Renewing(tmp_path / "key_file.json", times)
    write(backend.file, "old")

    assert post(backend.file, backend).status_code == 200
    assert [path for path, _ in backend.asked] == ["/predictions/skin_vit"] * (times + 1)


def test_tabs_whose_key_has_expired_renew_it_once(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "key_file.json")
    write(backend.file, "old")
    refused, answers = threading.Semaphore(0), []

    def other_tab() -> None:
        answers.append(post(backend.file, second))

    def second(request: httpx.Request) -> httpx.Response:
        answer = backend(request)
        refused.release()
        return answer

    def first(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            other.start()
            refused.acquire()
            # Enough for a renewal of its own, if it does not wait for this one.
            other.join(timeout=0.2)
        return backend(request)

    other = threading.Thread(target=other_tab)
    answers.append(post(backend.file, first))
    other.join()

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [path for path, _ in backend.asked].count("/token") == 1


def test_a_renewal_that_fails_holds_up_no_other(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "key_file.json")
    write(backend.file, "old")

    def out_of_reach(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            raise httpx.ConnectError("no", request=request)
        return backend(request)

    with pytest.raises(httpx.ConnectError):
        post(backend.file, out_of_reach)

    assert post(backend.file, backend).status_code == 200


def test_without_a_key_file_nothing_is_sent(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "absent.json")

    assert post(backend.file, backend).status_code == 400
    assert backend.asked == [("/predictions/skin_vit", None)]


def test_another_fault_renews_nothing(tmp_path: Path) -> None:
    backend = Backend(tmp_path / "key_file.json")
    write(backend.file, "key")

    def refusing(request: httpx.Request) -> httpx.Response:
        backend.asked.append((request.url.path, None))
        return httpx.Response(400, json={"code": 400, "type": "BadRequestException"})

    with httpx.Client(
        transport=httpx.MockTransport(refusing),
        auth=KeyFile(path=backend.file, management="http://backend:8081"),
    ) as client:
        assert client.post(URL).status_code == 400
    assert len(backend.asked) == 1


@pytest.mark.parametrize("listens", [True, False], ids=["hangs", "closed"])
def test_a_renewal_that_fails_is_told_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listens: bool
) -> None:
    monkeypatch.setattr(page_client, "ANSWERS_WITHIN_S", 0.5)
    backend = Backend(tmp_path / "key_file.json")
    write(backend.file, "old")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if not listens:
            silent.close()
        management = f"http://127.0.0.1:{port}"
        keys = KeyFile(path=backend.file, management=management)
        mounts = {management: httpx.HTTPTransport()}
        client = httpx.Client(
            base_url="http://backend",
            transport=httpx.MockTransport(backend),
            mounts=mounts,
            auth=keys,
        )

        with client, pytest.raises(PredictionFailed, match="The key has expired") as failure:
            predict(client, b"image")

    assert not isinstance(failure.value, BackendDown)
    assert f"{management}/token" in str(failure.value)


@pytest.mark.parametrize(("held", "asked"), [("own", 1), ("others", 3)])
def test_nobody_waits_longer_than_the_request_may_for_a_renewal_nor_for_another_backends(
    tmp_path: Path, held: str, asked: int
) -> None:
    backend = Backend(tmp_path / "own")
    write(backend.file, "old")
    keys = KeyFile(path=backend.file, management="http://backend")

    with RENEWING[tmp_path / held]:
        httpx.Client(transport=httpx.MockTransport(backend), auth=keys, timeout=0.05).get(URL)

    assert len(backend.asked) == asked
