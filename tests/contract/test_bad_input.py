"""Bad input: the same status and fault from both backends, and the next request is fine."""

import struct
import zlib
from dataclasses import dataclass

import httpx
import pytest
from PIL import Image

from handlers.limits import MAX_BODY_BYTES
from tests.contract.same import assert_same
from tests.images import encoded, lesion

PATH = "/predictions/skin_vit"


def png_claiming(width: int, height: int) -> bytes:
    """A small valid PNG file whose header claims these pixels: a decompression bomb."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@dataclass(frozen=True, kw_only=True)
class Bad:
    status: int
    type: str
    says: str
    body: bytes = b""
    path: str = PATH
    method: str = "POST"


JPEG = encoded(lesion(), "JPEG")
UNREADABLE = "is not an image this service can read"
CASES = {
    "empty": Bad(status=400, type="BadRequestException", says="body is empty"),
    "empty GET": Bad(status=400, type="BadRequestException", says="body is empty", method="GET"),
    "text": Bad(status=400, type="BadRequestException", says=UNREADABLE, body=b"not an image"),
    "gif": Bad(
        status=400, type="BadRequestException", says=UNREADABLE, body=encoded(lesion(), "GIF")
    ),
    "truncated": Bad(
        status=400, type="BadRequestException", says=UNREADABLE, body=JPEG[: len(JPEG) // 2]
    ),
    "header only": Bad(status=400, type="BadRequestException", says=UNREADABLE, body=JPEG[:20]),
    "bomb": Bad(
        status=400, type="BadRequestException", says="50 megapixels", body=png_claiming(9000, 9000)
    ),
    "giant bomb": Bad(
        status=400,
        type="BadRequestException",
        says="50 megapixels",
        body=png_claiming(60000, 60000),
    ),
    "wrong path": Bad(
        status=404, type="ResourceNotFoundException", says="resource is not found", path="/nothing"
    ),
    "wrong method": Bad(
        status=405, type="MethodNotAllowedException", says="method is not allowed", path="/"
    ),
    "unknown model": Bad(
        status=404,
        type="ModelNotFoundException",
        says="Model not found: dog",
        path="/predictions/dog",
        body=JPEG,
    ),
    "unknown version": Bad(
        status=404,
        type="ModelVersionNotFoundException",
        says="Model version: 9.9 does not exist for model: skin_vit",
        path=f"{PATH}/9.9",
        body=JPEG,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_a_fault_that_says_what_to_do(backend: httpx.Client, case: str) -> None:
    bad = CASES[case]

    answer = backend.request(bad.method, bad.path, content=bad.body)

    fault = answer.json()
    assert (answer.status_code, fault["code"], fault["type"]) == (bad.status, bad.status, bad.type)
    assert bad.says in fault["message"]
    assert backend.post(PATH, content=JPEG).status_code == 200


@pytest.mark.parametrize("case", CASES)
def test_both_backends_answer_bad_input_alike(backends: dict[str, httpx.Client], case: str) -> None:
    bad = CASES[case]

    answers = [one.request(bad.method, bad.path, content=bad.body) for one in backends.values()]

    assert answers[0].status_code == answers[1].status_code
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("more", [1, MAX_BODY_BYTES])
def test_a_body_over_20_mb_is_turned_away(backends: dict[str, httpx.Client], more: int) -> None:
    """TorchServe's front does so before it has a body to answer with; ours says what to do."""
    body = bytes(MAX_BODY_BYTES + more)

    torchserve, ray = (one.post(PATH, content=body) for one in backends.values())

    assert torchserve.status_code == ray.status_code == 413
    assert torchserve.content == b""
    assert "over 20 MB" in ray.json()["message"]
    assert [one.post(PATH, content=JPEG).status_code for one in backends.values()] == [200, 200]


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3)])
def test_a_strange_shape_is_answered_alike(
    backends: dict[str, httpx.Client], size: tuple[int, int]
) -> None:
    body = encoded(lesion().resize(size), "PNG")

    first, second = (one.post(PATH, content=body) for one in backends.values())

    assert first.status_code == second.status_code == 200
    assert_same(first.json(), second.json())


def test_a_phone_photo_of_24_megapixels_is_accepted(backend: httpx.Client) -> None:
    photo = lesion().resize((6000, 4000), Image.Resampling.BICUBIC)

    answer = backend.post(PATH, content=encoded(photo, "JPEG"))

    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["image/jpeg", "application/octet-stream", "application/json"])
def test_an_image_is_an_image_under_any_name(backends: dict[str, httpx.Client], kind: str) -> None:
    first, second = (
        one.post(PATH, content=JPEG, headers={"content-type": kind}) for one in backends.values()
    )

    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
@pytest.mark.parametrize("body", [b"not an image", b'{"data": "aGVsbG8="}', b"{}", b"null", b"0"])
def test_text_is_no_image_under_any_name(
    backends: dict[str, httpx.Client], kind: str, body: bytes
) -> None:
    first, second = (
        one.post(PATH, content=body, headers={"content-type": kind}) for one in backends.values()
    )

    assert first.status_code == second.status_code == 400
    assert first.json() == second.json()


def test_a_form_without_the_image_is_empty(backends: dict[str, httpx.Client]) -> None:
    first, second = (
        one.post(PATH, files={"other": ("lesion.jpg", JPEG)}) for one in backends.values()
    )

    assert first.status_code == second.status_code == 400
    assert first.json() == second.json()
