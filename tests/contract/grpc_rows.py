"""What is asked of both backends over gRPC: one row, one request."""

from collections.abc import Iterator

from google.protobuf.empty_pb2 import Empty

from serve.rpc.management_pb2 import ListModelsRequest, RegisterModelRequest
from tests.contract.grpc_row import (
    OWN,
    Row,
    default,
    describe,
    predict,
    register,
    scale,
    unregister,
)
from tests.contract.rows.limits import LIMIT

# Both servers have the first loaded; the test registers the others, one of them with a worker.
SERVED, WORKING, IDLE = "skin_vit", "grpc_working", "grpc_idle"


def rows(jpeg: bytes) -> Iterator[Row]:
    yield from inference(jpeg)
    yield from sizes()
    yield from handler_codes()
    yield from streams()
    yield from descriptions()
    yield from lists()
    yield from registrations()
    yield from scaling()
    yield from versions()


def inference(jpeg: bytes) -> Iterator[Row]:
    yield Row(name="ping", request=Empty())
    yield Row(name="an image as data", request=predict(SERVED, data=jpeg))
    yield Row(name="an image as body", request=predict(SERVED, body=jpeg))
    yield Row(name="a version", request=predict(SERVED, "1.0", data=jpeg))
    yield Row(name="explain is an input", request=predict(SERVED, data=jpeg, explain=b"True"))
    yield Row(name="no image", request=predict(SERVED, data=b"no image"))
    yield Row(name="an empty image", request=predict(SERVED, data=b""))
    yield Row(name="another input", request=predict(SERVED, picture=jpeg))
    yield Row(name="no input", request=predict(SERVED))
    yield Row(name="no name", request=predict())
    yield Row(name="an unknown model", request=predict("nope", data=jpeg))
    yield Row(name="an unknown version", request=predict(SERVED, "9", data=jpeg))
    yield Row(name="all is no version", request=predict(SERVED, "all", data=jpeg))
    yield Row(name="no worker", request=predict(IDLE, data=jpeg))
    yield Row(name="no worker of a version", request=predict(IDLE, "1.0", data=jpeg))
    yield Row(name="text", request=predict(WORKING, text=b"as it is"))
    yield Row(name="inputs by name", request=predict(WORKING, one=b"1", two=b"2"))


def sizes() -> Iterator[Row]:
    """Just under and over max_request_size; gRPC counts the whole message."""
    yield Row(name="a large message", request=predict("nope", data=bytes(LIMIT - 1000)))
    yield Row(
        name="too large a message",
        request=predict("nope", data=bytes(LIMIT)),
        deviation="TorchServe breaks it off, CANCELLED; here it is RESOURCE_EXHAUSTED",
    )


def handler_codes() -> Iterator[Row]:
    for code in (400, 401, 403, 404, 409, 413, 416, 418, 429, 499, 500, 501, 503, 504, 507, 600):
        yield Row(name=f"code {code}", request=predict(WORKING, code=str(code).encode()))
    yield Row(name="a bug", request=predict(WORKING, bug=b"1"))
    yield Row(name="no memory", request=predict(WORKING, memory=b"1"))
    yield Row(name="a status has no place", request=predict(WORKING, status=b"418", text=b"tea"))


def streams() -> Iterator[Row]:
    """Only what fails before a worker: TorchServe's dies of a handler that does not stream."""
    one, two = "StreamPredictions", "StreamPredictions2"
    yield Row(name="stream: no name", stream=one, request=predict())
    yield Row(name="stream: an unknown model", stream=one, request=predict("nope"))
    yield Row(name="stream: an unknown version", stream=one, request=predict(SERVED, "9"))
    yield Row(name="stream: no worker", stream=one, request=predict(IDLE))
    yield Row(name="both streams: no sequence", stream=two, request=predict(SERVED))


def descriptions() -> Iterator[Row]:
    yield Row(name="describe", request=describe(SERVED))
    yield Row(name="describe a version", request=describe(SERVED, "1.0"))
    yield Row(name="describe all versions", request=describe(SERVED, "all"))
    yield Row(name="describe without workers", request=describe(IDLE))
    yield Row(name="describe an unknown model", request=describe("nope"))
    yield Row(name="describe an unknown version", request=describe(SERVED, "9"))
    yield Row(name="describe all of an unknown model", request=describe("nope", "all"))
    yield Row(name="describe no name", request=describe(""))
    yield Row(name="customized", request=describe(WORKING, customized=True))
    yield Row(name="customized, all", request=describe(WORKING, "all", customized=True))
    yield Row(name="customized, no worker", request=describe(IDLE, customized=True))
    yield Row(name="customized, unknown model", request=describe("nope", customized=True))
    yield Row(name="customized, unknown version", request=describe(IDLE, "9", customized=True))


def lists() -> Iterator[Row]:
    yield Row(name="list without a limit", request=ListModelsRequest())
    for limit in (-1, 1, 3, 100, 101):
        yield Row(name=f"list {limit}", request=ListModelsRequest(limit=limit))
    for token in (-1, 1, 99):
        request = ListModelsRequest(limit=2, next_page_token=token)
        yield Row(name=f"list from {token}", request=request)


def registrations() -> Iterator[Row]:
    gone = (unregister(),)
    yield Row(name="register", request=register(), after=gone)
    yield Row(name="register below 0", request=register(initial_workers=-1), after=gone)
    yield Row(name="register, don't wait", request=register(initial_workers=1), after=gone)
    request = register(initial_workers=1, synchronous=True)
    yield Row(name="register and wait", request=request, after=gone)
    given = register(batch_size=3, max_batch_delay=7, response_timeout=9, startup_timeout=70)
    yield Row(name="what was given", before=(given,), request=describe(OWN), after=gone)
    below = register(batch_size=-1, max_batch_delay=-1, response_timeout=-1)
    yield Row(name="below 0 is default", before=(below,), request=describe(OWN), after=gone)
    yield Row(name="register twice", before=(register(),), request=register(), after=gone)
    yield Row(name="register nothing", request=RegisterModelRequest())
    yield Row(name="register no such file", request=register(url="nope.mar"))
    yield Row(name="register from outside", request=register(url="../grpc_1.mar"))
    yield Row(name="register another runtime", request=register(runtime="perl"))
    closed = "https://127.0.0.1:1/closed.mar"
    yield Row(
        name="register what can't be fetched",
        request=register(url=closed),
        deviation="without allowed_urls no address is allowed",
    )
    request = register(handler="nope.py", initial_workers=1, synchronous=True)
    yield Row(
        name="register no such handler",
        request=request,
        deviation="the sentence says what is missing, before a worker starts",
    )


def scaling() -> Iterator[Row]:
    yield Row(name="scale an unknown model", request=scale("nope"))
    yield Row(name="scale an unknown version", request=scale(IDLE, "9"))
    yield Row(name="scale max below min", request=scale(IDLE, min_worker=2, max_worker=1))
    for name, request in {
        "scale, don't wait": scale(OWN),
        "scale to 0 is to 1": scale(OWN, min_worker=0, synchronous=True),
        "scale a version": scale(OWN, "1.0", synchronous=True),
        "scale below 0": scale(OWN, min_worker=-3, number_gpu=4, timeout=5, synchronous=True),
    }.items():
        yield Row(name=name, before=(register(),), request=request, after=(unregister(),))


def versions() -> Iterator[Row]:
    yield Row(name="default of an unknown model", request=default("nope", "1.0"))
    yield Row(name="default to an unknown version", request=default(IDLE, "3.0"))
    yield Row(name="default to no version", request=default(IDLE))
    yield Row(name="default of no name", request=default())
    both, gone = (register(1), register(2)), (unregister("2.0"), unregister())
    yield Row(name="the first is default", before=both, request=describe(OWN), after=gone)
    yield Row(name="all versions", before=both, request=describe(OWN, "all"), after=gone)
    flip = (unregister("1.0"), unregister())
    yield Row(name="set default", before=both, request=default(OWN, "2.0"), after=flip)
    flipped = (*both, default(OWN, "2.0"))
    yield Row(name="a new default", before=flipped, request=describe(OWN), after=flip)
    yield Row(name="unregister the default", before=both, request=unregister(), after=gone)
    yield Row(name="unregister a version", before=both, request=unregister("2.0"), after=gone[1:])
    yield Row(name="unregister", before=both[:1], request=unregister())
    yield Row(name="unregister an unknown model", request=unregister())
    yield Row(name="unregister an unknown version", request=unregister("9", IDLE))
    yield Row(name="unregister no name", request=unregister(model=""))
