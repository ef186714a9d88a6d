"""Headers leave the front of TorchServe's ports with the bytes they came with."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import http_writer
from multidict import CIMultiDict


@contextmanager
def bytes_kept() -> Iterator[None]:
    """aiohttp keeps bytes that are no UTF-8 when it reads headers, and leaves them out when it
    writes them; it has no setting for that. TorchServe writes, and takes, Latin-1.
    """
    own = http_writer._serialize_headers

    def serialized(status_line: str, headers: CIMultiDict[str]) -> bytes:
        written = own(status_line, headers)  # which refuses what would end a line
        lines = [status_line, *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        text = "\r\n".join(lines)
        return written if text.isascii() else text.encode(errors="surrogateescape")

    http_writer._serialize_headers = serialized
    try:
        yield
    finally:
        http_writer._serialize_headers = own
