"""What a picture costs to decode, where that is far more than its size says."""

import re

from PIL import Image

from handlers.errors import BadRequest
from handlers.limits import check_pixels

# As libtiff allows a JPEG inside a TIFF; common writers make ten.
MOST_SCANS = 100
# A JPEG's marker that is neither part of a scan's data nor padding.
MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
END, SCAN = 0xD9, 0xDA
TIFFS_TILE = (322, 323)


def check_cost(image: Image.Image, body: bytes) -> None:
    """Of an image that was opened and not loaded. Raises BadRequest."""
    check_pixels(*image.size)
    if image.format == "TIFF":
        # A tile is inflated whole, and may be far larger than the picture.
        width, height = (int(image.tag_v2.get(tag, 0)) for tag in TIFFS_TILE)  # type: ignore[attr-defined]
        check_pixels(width, height)
    elif image.format in ("JPEG", "MPO") and scans(body) > MOST_SCANS:
        # Each scan goes over the whole picture, and a few bytes can be one.
        raise BadRequest(
            f"The JPEG has over {MOST_SCANS} scans: save it anew, as one that is not progressive."
        )


def scans(body: bytes) -> int:
    """How many a JPEG has, up to its end; what else it holds is passed over by its length."""
    count, place = 0, len(b"\xff\xd8")
    while (found := MARKER.search(body, place)) and body[found.start() + 1] != END:
        count += body[found.start() + 1] == SCAN
        length = int.from_bytes(body[found.end() : found.end() + 2])
        place = found.end() + length
    return count
