"""What is refused, in words; a picture damaged anywhere is a fault or a picture, nothing else."""

import random
import struct
import warnings
from typing import Literal

import pytest
from PIL import Image

from handlers.errors import BadRequest, BodyTooLarge, Fault
from handlers.limits import MAX_BODY_BYTES
from handlers.preprocess import decode
from tests.images import MODES_OF, encoded, in_mode, lesion


@pytest.mark.parametrize("mode", ["I", "F"])
def test_32_bits_a_sample_are_refused_by_name(mode: str) -> None:
    body = encoded(Image.new(mode, (2, 1)), "TIFF")

    with pytest.raises(BadRequest, match="other than 8 or 16 bits"):
        decode(body, 32)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b"not an image", "not an image"),
        (encoded(lesion(), "GIF"), "not an image"),
        *[(encoded(lesion(), kind)[:-400], "not an image") for kind in MODES_OF],
    ],
    ids=["empty", "text", "GIF", *(f"truncated {kind}" for kind in MODES_OF)],
)
def test_what_is_no_whole_image_is_a_bad_request(body: bytes, says: str) -> None:
    with pytest.raises(BadRequest, match=says):
        decode(body, 160)


def test_a_body_over_the_limit_is_too_large() -> None:
    padded = encoded(lesion(), "JPEG").ljust(MAX_BODY_BYTES, b"\0")

    decode(padded, 160)

    with pytest.raises(BodyTooLarge, match="20 MB"):
        decode(padded + b"\0", 160)


# Pillow warns of a decompression bomb above 89 megapixels and raises its own error above 179.
@pytest.mark.parametrize("side", [7072, 9000, 10_000, 13_000, 14_000, 60_000])
@pytest.mark.parametrize("warnings_are", ["error", "ignore"])
def test_too_many_pixels_are_refused_before_they_are_decoded(
    side: int, warnings_are: Literal["error", "ignore"]
) -> None:
    body = bytearray(encoded(lesion(), "BMP"))
    struct.pack_into("<ii", body, 18, side, side)

    with warnings.catch_warnings():
        warnings.simplefilter(warnings_are)
        with pytest.raises(BadRequest, match="50 megapixels"):
            decode(bytes(body), 160)


@pytest.mark.parametrize("kind", MODES_OF)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of much that it then mends
def test_whatever_is_damaged_only_a_fault_is_raised(kind: str) -> None:
    rng, refused = random.Random(kind), 0
    small = lesion().resize((40, 30))
    bodies = [encoded(in_mode(small, mode), kind) for mode in MODES_OF[kind]]

    for number in range(400):
        body = bytearray(bodies[number % len(bodies)])
        # The header is damaged more often than its share, as most of the code is there.
        for _ in range(rng.choice([1, 2, 8])):
            body[rng.randrange(rng.choice([100, len(body)]))] = rng.choice(
                [0, 255, rng.getrandbits(8)]
            )
        end = rng.choice([len(body), len(body), rng.randrange(len(body))])
        try:
            decode(bytes(body[:end]), 160)
        except Fault:
            refused += 1

    assert 40 < refused < 400
