"""Every kind of picture that goes in, and the tensor that comes out."""

import struct
from dataclasses import replace
from io import BytesIO
from zlib import compress, crc32

import numpy as np
import pytest
import torch
from PIL import Image

from handlers.preprocess import decode, normalise, to_input
from streamlit_app.picture import upright
from tests import tiny
from tests.images import encoded, lesion

CONFIG = tiny.config(mean=(0.5, 0.25, 0.0), std=(0.5, 0.2, 0.1))

# A picture that shows 123 over 456, as a file of each EXIF orientation stores it.
STORED = {
    1: [[1, 2, 3], [4, 5, 6]],
    2: [[3, 2, 1], [6, 5, 4]],
    3: [[6, 5, 4], [3, 2, 1]],
    4: [[4, 5, 6], [1, 2, 3]],
    5: [[1, 4], [2, 5], [3, 6]],
    6: [[3, 6], [2, 5], [1, 4]],
    7: [[6, 3], [5, 2], [4, 1]],
    8: [[4, 1], [5, 2], [6, 3]],
}


def blocks(numbers: list[list[int]]) -> Image.Image:
    """A grey block of 16 x 16 pixels for each number, so that a JPEG smears none of them."""
    greys = 40 * np.array(numbers, dtype=np.uint8)
    return Image.fromarray(greys.repeat(16, axis=0).repeat(16, axis=1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_a_turned_picture_is_set_upright(kind: str, orientation: int) -> None:
    body = encoded(blocks(STORED[orientation]), kind, orientation)

    upright = np.asarray(decode(body, 32))

    expected = np.asarray(blocks(STORED[1]).convert("RGB"))
    assert upright.shape == expected.shape
    assert upright == pytest.approx(expected, abs=1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("exif", [b"damaged", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\0\x09"])
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")  # Pillow's own words
def test_a_damaged_exif_block_is_ignored(kind: str, exif: bytes) -> None:
    body = BytesIO()
    lesion().save(body, kind, quality=92, lossless=True, exif=b"Exif\0\0" + exif)

    image = decode(body.getvalue(), 160)

    assert image.tobytes() == decode(encoded(lesion(), kind), 160).tobytes()


@pytest.mark.parametrize(
    ("mode", "kind", "clear", "stored", "rgb"),
    [
        ("1", "PNG", None, [0, 255], [(0, 0, 0), (255, 255, 255)]),
        ("L", "PNG", None, [10, 200], [(10, 10, 10), (200, 200, 200)]),
        ("L", "PNG", 200, [10, 200], [(10, 10, 10), (255, 255, 255)]),
        ("LA", "PNG", None, [(100, 51), (10, 0)], [(224, 224, 224), (255, 255, 255)]),
        ("P", "PNG", None, [0, 1], [(200, 0, 0), (0, 0, 90)]),
        ("P", "PNG", 1, [0, 1], [(200, 0, 0), (255, 255, 255)]),
        ("P", "PNG", b"\x33\xff", [0, 1], [(244, 204, 204), (0, 0, 90)]),
        ("RGB", "PNG", None, [(1, 2, 3), (4, 5, 6)], [(1, 2, 3), (4, 5, 6)]),
        ("RGB", "PNG", (4, 5, 6), [(1, 2, 3), (4, 5, 6)], [(1, 2, 3), (255, 255, 255)]),
        ("RGBA", "PNG", None, [(200, 100, 0, 51), (1, 2, 3, 255)], [(244, 224, 204), (1, 2, 3)]),
        ("RGBA", "WEBP", None, [(200, 100, 0, 51), (1, 2, 3, 255)], [(244, 224, 204), (1, 2, 3)]),
        ("CMYK", "TIFF", None, [(0, 0, 0, 0), (255, 0, 0, 0)], [(255, 255, 255), (0, 255, 255)]),
        ("I;16", "PNG", None, [0x1280, 0xFFFF], [(0x12, 0x12, 0x12), (255, 255, 255)]),
        ("I;16", "PNG", 0x1280, [0x1280, 0x1281], [(255, 255, 255), (0x12, 0x12, 0x12)]),
        ("I;16", "TIFF", None, [0x1280, 0xFFFF], [(0x12, 0x12, 0x12), (255, 255, 255)]),
        ("I;16B", "TIFF", None, [0x1280, 0xFFFF], [(0x12, 0x12, 0x12), (255, 255, 255)]),
    ],
)
def test_any_colour_mode_becomes_8_bit_rgb_over_white(
    mode: str,
    kind: str,
    clear: int | bytes | tuple[int, ...] | None,
    stored: list[int] | list[tuple[int, ...]],
    rgb: list[tuple[int, ...]],
) -> None:
    picture, body = Image.new(mode, (2, 1)), BytesIO()
    picture.putdata(stored)
    if mode == "P":
        picture.putpalette([200, 0, 0, 0, 0, 90])
    picture.save(body, kind, lossless=True, **{} if clear is None else {"transparency": clear})

    image = decode(body.getvalue(), 32)

    assert Image.open(body).mode == mode
    assert image.mode == "RGB"
    assert np.asarray(image).tolist() == [[list(pixel) for pixel in rgb]]


def test_a_transparent_colour_of_16_bits_is_white() -> None:
    """By its upper byte, as all colours of 16 bits are read."""
    colours = [0x0A34, 0x1234, 0xFFFF] * 2
    body = png_of_16_bits([(c, c, c) for c in colours], clear=(0x1234, 0x1234, 0x1234))

    seen = [[10, 10, 10], [255, 255, 255], [255, 255, 255]] * 2

    assert np.asarray(decode(body, 32)).tolist() == [seen]
    shown = upright(body)
    assert shown is not None
    assert np.asarray(shown).tolist() == [seen]


def png_of_16_bits(row: list[tuple[int, int, int]], clear: tuple[int, int, int]) -> bytes:
    """One row of RGB; no library writes both the depth and the transparent colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", crc32(name + data))

    head = struct.pack(">IIBBBBB", len(row), 1, 16, 2, 0, 0, 0)
    pixels = b"\0" + b"".join(struct.pack(">3H", *pixel) for pixel in row)
    chunks = [(b"IHDR", head), (b"tRNS", struct.pack(">3H", *clear))]
    chunks += [(b"IDAT", compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*one) for one in chunks)


@pytest.mark.parametrize("side", [1000, 4000])
def test_a_large_jpeg_is_decoded_reduced(side: int) -> None:
    body = encoded(Image.new("RGB", (side, side)), "JPEG")

    image = decode(body, 160)

    # A JPEG can be halved up to three times while it is decoded; 250 would leave too little.
    assert image.size == (500, 500)


def test_a_phones_mpo_is_read_as_the_jpeg_it_starts_with() -> None:
    body = BytesIO()
    lesion().save(body, "MPO", save_all=True, append_images=[lesion(1)], quality=92)

    image = decode(body.getvalue(), 160)

    assert image.tobytes() == decode(encoded(lesion(), "JPEG"), 160).tobytes()


@pytest.mark.parametrize("size", [(32, 32), (1, 1), (3, 2000), (2000, 3)])
def test_a_picture_of_any_shape_becomes_a_square_of_floats(size: tuple[int, int]) -> None:
    values = to_input(lesion().resize(size), CONFIG)

    assert (values.shape, values.dtype) == ((3, 32, 32), torch.float32)
    assert values.isfinite().all()


@pytest.mark.parametrize("size", [(96, 32), (32, 96)])
def test_only_the_centred_square_counts(size: tuple[int, int]) -> None:
    green = Image.new("RGB", (32, 32), "lime")
    picture = Image.new("RGB", size, "red")
    picture.paste(green, ((size[0] - 32) // 2, (size[1] - 32) // 2))

    values = to_input(picture, CONFIG)

    assert values.equal(to_input(green, CONFIG))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_the_model_config_says_how_to_resize(interpolation: str) -> None:
    square = lesion().resize((100, 100))

    values = to_input(square, replace(CONFIG, interpolation=interpolation))

    resized = square.resize((32, 32), Image.Resampling[interpolation.upper()])
    assert values.equal(normalise(np.asarray(resized), CONFIG))


def test_normalising_takes_each_channels_mean_and_std() -> None:
    square = np.array([[[255, 51, 0]]], dtype=np.uint8)

    values = normalise(square, CONFIG)

    assert values.flatten().tolist() == pytest.approx([1.0, -0.25, 0.0], abs=1e-6)
