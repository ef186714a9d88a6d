"""A few bytes that would cost gigabytes or minutes are refused before they do."""

import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from handlers import cost
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


def run_lengths(width: int, height: int) -> bytes:
    """A BMP that is white by its palette's only colour, each row but 255 pixels long."""
    rows = b"\xff\x00\x00\x00" * height + b"\x00\x01"
    palette = b"\xff\xff\xff\x00" * 256
    start = 14 + 40 + len(palette)
    head = b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start)
    kind = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(rows), 0, 0, 256, 0)
    return head + kind + palette + rows


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


def test_scans_behind_a_marker_without_a_length_count() -> None:
    body = progressive(0)
    last = body[body.rindex(b"\xff\xda") : -len(END)]

    assert scans(body[: -len(END)] + b"\xff\x01" + last * 300 + END) == 310


def test_scans_of_a_large_picture_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    body = progressive(40)
    width, height = lesion().size
    monkeypatch.setattr(cost, "MOST_SCANNED", 50 * width * height)

    decode(body, 160)

    monkeypatch.setattr(cost, "MOST_SCANNED", 50 * width * height - 1)
    with pytest.raises(BadRequest, match="in all of them together"):
        decode(body, 160)


def test_a_run_length_encoded_bmp_is_read() -> None:
    assert decode(run_lengths(200, 100), 160).getpixel((150, 50)) == (255, 255, 255)


def test_one_that_takes_long_is_refused() -> None:
    with pytest.raises(BadRequest, match="run-length encoded and over 2 megapixels"):
        decode(run_lengths(2_000_001, 1), 160)


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
