"""`python -m serve.run` with settings that are off by default: TLS, a cache, smaller messages."""

from collections.abc import Iterator

import grpc
import httpx
import psutil
import pytest
from google.protobuf.empty_pb2 import Empty

from serve.rpc import inference_pb2, inference_pb2_grpc
from tests.conftest import System
from tests.contract.place import Place, place_in, started
from tests.pem import pem_files
from up.processes import marked

pytestmark = pytest.mark.long

LARGEST = 1_000_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("settings")
    certificate, key = pem_files(folder)
    place = place_in(
        folder,
        f"certificate_file={certificate}",
        f"private_key_file={key}",
        "enable_grpc_ssl=true",
        "enable_metrics_api=false",
        "response_cache_size=10",
        f"max_request_size={LARGEST}",
        f"max_response_size={LARGEST}",
        certificate=certificate,
    )
    with started(place):
        yield place


@pytest.mark.parametrize(
    ("port", "path"), [("inference", "/predictions/acting"), ("management", "/models/acting")]
)
def test_https_by_pem_files(place: Place, port: str, path: str) -> None:
    answer = place.ask(port, port, "GET", path)

    assert answer.status_code == 200
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{place.ports[port]}{path}")


def stub(channel: grpc.Channel) -> inference_pb2_grpc.InferenceAPIsServiceStub:
    # What is generated has no types.
    return inference_pb2_grpc.InferenceAPIsServiceStub(channel)  # type: ignore[no-untyped-call]


def token(place: Place) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {place.key('inference')}"),)


def test_grpc_with_tls_by_the_same_files(place: Place) -> None:
    assert place.certificate is not None
    address = f"127.0.0.1:{place.ports['grpc_inference']}"
    trusting = grpc.ssl_channel_credentials(place.certificate.read_bytes())

    with grpc.secure_channel(address, trusting) as channel:
        answer = stub(channel).Ping(Empty(), metadata=token(place), timeout=20)
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as refused:
        stub(channel).Ping(Empty(), metadata=token(place), timeout=20)

    assert "Healthy" in answer.health
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.mark.usefixtures("place")
def test_beside_another_server_each_port_is_one_process_s(system: System) -> None:
    mine = {process.pid for process in marked(system.mark)}
    listening = [
        (found.laddr.port, found.pid)
        for found in psutil.net_connections("tcp")
        if found.status == psutil.CONN_LISTEN and found.laddr and found.pid
    ]
    of_system = {port for port, pid in listening if pid in mine}

    assert len(of_system) > 10
    assert of_system & {port for port, pid in listening if pid not in mine} == set()


# The handler gives its input back, as JSON in which a zero takes six bytes.
@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"x" * (LARGEST - 1000), "OK"),
        (b"x" * LARGEST, "RESOURCE_EXHAUSTED"),
        (bytes(LARGEST // 2), "RESOURCE_EXHAUSTED"),
    ],
    ids=["within", "too-large", "answer-too-large"],
)
def test_rays_own_grpc_port_takes_messages_up_to_the_size(
    place: Place, body: bytes, code: str
) -> None:
    request = inference_pb2.PredictionsRequest(model_name="acting", input={"body": body})

    with grpc.insecure_channel(f"127.0.0.1:{place.ports['ray_grpc']}") as channel:
        call = stub(channel).Predictions.future(request, metadata=token(place), timeout=20)
        found = call.code()

    assert found.name == code


def test_an_equal_request_to_the_same_version_is_answered_without_its_handler(place: Place) -> None:
    def count(path: str, body: bytes) -> str:
        url = f"/predictions/{path}"
        return place.ask("inference", "inference", "POST", url, "count", content=body).text

    second = {"url": "acting_in_batches.mar", "model_name": "acting", "initial_workers": "1"}
    place.ask("management", "management", "POST", "/models", params=second).raise_for_status()

    assert count("acting", b"a") == count("acting", b"a") == count("acting/1.0", b"a") == "1.0: 1"
    assert count("acting", b"b") == "1.0: 2"
    assert count("acting/2.0", b"a") == count("acting/2.0", b"a") == "2.0: 1"
    assert count("acting", b"a") == "1.0: 1"


def test_metrics_that_are_off_are_not_found(place: Place) -> None:
    assert place.ask("inference", "inference", "GET", "/metrics").status_code == 404
    assert place.ask("ray", "inference", "GET", "/metrics").status_code == 404
    with pytest.raises(httpx.ConnectError):
        place.ask("metrics", None, "GET", "/metrics")
