"""What a picture costs to decode, where that is far more than its size says."""

import re

from PIL import Image

from handlers.errors import BadRequest
from handlers.limits import MAX_PIXELS, check_pixels

# As libtiff allows a JPEG inside a TIFF; common writers make ten.
MOST_SCANS = 100
# Of all scans together, as each goes over the whole picture: ten of the largest, twice.
MOST_SCANNED = 20 * MAX_PIXELS
# Run lengths are undone by Pillow in Python itself.
MOST_RUN_LENGTH_PIXELS = 2_000_000
# A JPEG's marker with a length behind it: no part of a scan's data, no padding, none that is alone.
MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
END, SCAN = 0xD9, 0xDA
TIFFS_TILE = (322, 323)


def check_cost(image: Image.Image, body: bytes) -> None:
    """Of an image that was opened and not loaded. Raises BadRequest."""
    check_pixels(*image.size)
    if image.format == "TIFF":
        # A tile is inflated whole, and may be far larger than the picture.
        width, height = (int(image.tag_v2.get(tag, 0)) for tag in TIFFS_TILE)  # type: ignore[attr-defined]
        check_pixels(width, height)
    elif image.format in ("JPEG", "MPO"):
        # A few bytes can be one.
        check_scans(scans(body), image.width * image.height)
    elif image.format == "BMP" and image.tile[0].codec_name == "bmp_rle":  # type: ignore[attr-defined]
        check_run_lengths(image.width * image.height)


def check_run_lengths(pixels: int) -> None:
    if pixels > MOST_RUN_LENGTH_PIXELS:
        raise BadRequest(
            f"The BMP is run-length encoded and over {MOST_RUN_LENGTH_PIXELS // 1_000_000}"
            " megapixels: save it as PNG."
        )


def check_scans(count: int, pixels: int) -> None:
    if count > MOST_SCANS or count * pixels > MOST_SCANNED:
        raise BadRequest(
            f"The JPEG has over {MOST_SCANS} scans, or over {MOST_SCANNED // 1_000_000} megapixels"
            " in all of them together: save it anew, as one that is not progressive."
        )


def scans(body: bytes) -> int:
    """How many a JPEG has, up to its end; what else it holds is passed over by its length."""
    count, place = 0, len(b"\xff\xd8")
    while (found := MARKER.search(body, place)) and body[found.start() + 1] != END:
        count += body[found.start() + 1] == SCAN
        length = int.from_bytes(body[found.end() : found.end() + 2])
        place = found.end() + length
    return count
