"""A few bytes that would cost gigabytes or minutes are refused before they do."""

import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from handlers.cost import MOST_SCANS, scans
from handlers.errors import BadRequest
from handlers.preprocess import decode
from tests.images import encoded, in_mode, lesion
from tests.unit.tiff import BITS, FLOAT, PHOTOMETRY, tiff, tiled

END = b"\xff\xd9"
OPTIONS: tuple[dict[str, bool | int], ...] = (
    {},
    {"progressive": True},
    {"restart_marker_blocks": 1},
)


def jpeg(picture: Image.Image, **options: bool | int) -> bytes:
    file = BytesIO()
    picture.save(file, "JPEG", **options)
    return file.getvalue()


def progressive(extra: int) -> bytes:
    """A JPEG whose last scan is there `extra` times more."""
    body = jpeg(lesion(), progressive=True)
    last = body[body.rindex(b"\xff\xda") : -len(END)]
    return body[: -len(END)] + last * extra + END


def test_a_tile_far_larger_than_its_picture_is_refused() -> None:
    packed = zlib.compress(bytes(64 * 7100))

    with pytest.raises(BadRequest, match="50 megapixels"):
        decode(tiled(packed, 7100 // 16 * 16 + 16), 160)


def test_a_tile_larger_than_its_picture_is_read() -> None:
    body = tiled(zlib.compress(bytes([200]) * 128 * 128), 128)

    assert decode(body, 160).getpixel((9, 9)) == (200, 200, 200)


def test_a_jpeg_of_very_many_scans_is_refused() -> None:
    usual = scans(progressive(0))
    assert usual == 10

    decode(progressive(MOST_SCANS - usual), 160)

    with pytest.raises(BadRequest, match="over 100 scans"):
        decode(progressive(MOST_SCANS - usual + 1), 160)


def test_only_a_jpegs_own_scans_count() -> None:
    body = encoded(lesion(), "JPEG")
    thumbnail = b"\xff\xe1" + (2 + 2 * 500).to_bytes(2) + b"\xff\xda" * 500
    film = b"\xff\xda\x00\x08" * 50_000

    assert scans(body) == 1
    assert scans(body[:2] + thumbnail + body[2:] + film) == 1


@pytest.mark.parametrize("pixels", [(1, 1), (3, 2), (640, 480)])
def test_every_jpeg_of_a_library_passes(pixels: tuple[int, int]) -> None:
    for mode in ("RGB", "L", "CMYK"):
        for more in OPTIONS:
            body = jpeg(in_mode(lesion().resize(pixels), mode), **more)

            assert decode(body, 160).size == pixels


def test_a_place_that_is_no_whole_number_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="not an image"):
        decode(tiff(bytes(64 * 64), {}, kind_of_place=FLOAT), 160)


@pytest.mark.parametrize(
    ("bits", "photometry", "sample", "grey"),
    [(8, 1, 230, 230), (8, 0, 230, 25), (16, 1, 60_000, 234), (16, 0, 60_000, 21)],
)
def test_white_is_what_a_tiff_says_it_is(
    bits: int, photometry: int, sample: int, grey: int
) -> None:
    data = np.full((64, 64), sample, f"<u{bits // 8}").tobytes()

    found = decode(tiff(data, {BITS: bits, PHOTOMETRY: photometry}), 160)

    assert found.getpixel((9, 9)) == (grey, grey, grey)


def test_twelve_bits_a_sample_are_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="other than 8 or 16 bits"):
        decode(tiff(bytes(64 * 64 * 3 // 2), {BITS: 12}), 160)


def test_sixteen_bits_of_another_format_are_read() -> None:
    picture = Image.fromarray(np.full((8, 8), 60_000, np.uint16))

    assert decode(encoded(picture, "PNG"), 160).getpixel((1, 1)) == (234, 234, 234)
