"""TIFFs by hand, with what no library writes."""

import struct
from collections.abc import Mapping

LONG, FLOAT = 4, 11
WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRY, STRIP, SAMPLES = 256, 257, 258, 259, 262, 273, 277
STRIP_BYTES, TILE_WIDTH, TILE_LENGTH, TILE, TILE_BYTES = 279, 322, 323, 324, 325
DEFLATED = 8
GREY = {WIDTH: 64, LENGTH: 64, BITS: 8, COMPRESSION: 1, PHOTOMETRY: 1, SAMPLES: 1}


def tiff(
    data: bytes,
    tags: Mapping[int, int],
    place: int = STRIP,
    size: int = STRIP_BYTES,
    kind_of_place: int = LONG,
) -> bytes:
    """One grey picture of 64 by 64 pixels; `place` and `size` are the tags that tell where `data`
    is.
    """
    said = {**GREY, **tags, place: 0, size: len(data)}
    said[place] = len(b"II*\0") + 4 + 2 + 12 * len(said) + 4
    kinds = {place: kind_of_place}
    entries = [
        struct.pack("<HHII", tag, kinds.get(tag, LONG), 1, said[tag]) for tag in sorted(said)
    ]
    head = b"II*\0" + struct.pack("<IH", 8, len(said)) + b"".join(entries) + struct.pack("<I", 0)
    return head + data


def tiled(data: bytes, side: int) -> bytes:
    tags = {COMPRESSION: DEFLATED, TILE_WIDTH: side, TILE_LENGTH: side}
    return tiff(data, tags, place=TILE, size=TILE_BYTES)
