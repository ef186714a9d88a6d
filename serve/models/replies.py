"""What TorchServe's Python side writes for its Java front, read back."""

import struct
from collections.abc import Iterator

from serve.dialect.calls import Failure, Reply

OK = 200
END = -1


def replies(message: bytes | bytearray) -> list[Reply | Failure]:
    """One for each request of the batch, in order (ts.protocol.otf_message_handler)."""
    wire = Wire(message)
    code = wire.number()
    text = wire.text()
    return [reply if code == OK else Failure(code=code, message=text) for reply in each_reply(wire)]


def each_reply(wire: "Wire") -> Iterator[Reply]:
    while (length := wire.number()) != END:
        wire.take(length)  # the request's id: they come in order
        content_type = wire.text()
        status, phrase = wire.number(), wire.text()
        headers = {wire.text(): wire.text() for _ in range(wire.number())}
        yield Reply(
            status=status,
            phrase=phrase,
            content_type=content_type,
            # The content type is among them too.
            headers={name: value for name, value in headers.items() if name != "content-type"},
            body=wire.take(wire.number()),
        )


class Wire:
    def __init__(self, message: bytes | bytearray) -> None:
        self.message = memoryview(message)
        self.place = 0

    def take(self, length: int) -> bytes:
        found = bytes(self.message[self.place : self.place + length])
        self.place += length
        return found

    def number(self) -> int:
        found: int = struct.unpack("!i", self.take(4))[0]
        return found

    def text(self) -> str:
        return self.take(self.number()).decode()
