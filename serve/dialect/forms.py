"""A request's body -> the parameters that a handler gets."""

from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from handlers.errors import BodyTooLarge
from serve.dialect.calls import Parameter
from serve.dialect.faults import BadRequest, Internal

# How much of a body over its limit is still taken off the wire, in limits.
DRAINED = 3


class UnreadableForm(Internal):
    """TorchServe's status and class for a form it can't read; the body is not echoed."""

    type = "ErrorDataDecoderException"


class Parser(MultiPartParser):
    """Keeps the bytes of a part without a file's name, which Starlette takes for text."""

    def on_part_end(self) -> None:
        part = self._current_part
        if part.file is not None:
            super().on_part_end()
        else:
            # Byte for byte: Latin-1 has a letter for each.
            self.items.append((part.field_name, part.data.decode("latin-1")))


async def parameters(request: Request, limit: int) -> tuple[Parameter, ...]:
    """Raises BodyTooLarge over `limit` bytes."""
    kind = request.headers.get("content-type", "").split(";")[0].strip()
    if kind.lower() == "multipart/form-data":
        return await multipart(request, limit)
    body = b"".join([chunk async for chunk in limited(request, limit)])
    if kind.lower() == "application/x-www-form-urlencoded":
        return fields(body)
    return (Parameter(name="body", value=body, content_type=kind),)


async def multipart(request: Request, limit: int) -> tuple[Parameter, ...]:
    chunks = limited(request, limit)
    try:
        parser = Parser(request.headers, chunks, max_part_size=limit)
        form = await parser.parse()
    # The others are of a charset that does not exist, or is none.
    except (MultiPartException, LookupError, UnicodeError) as error:
        raise BadRequest("The multipart form is damaged: send the image's bytes alone.") from error
    try:
        return tuple([await parameter(name, part) for name, part in form.multi_items()])
    finally:
        await form.close()


async def parameter(name: str, part: str | UploadFile) -> Parameter:
    if isinstance(part, str):
        return Parameter(name=name, value=part.encode("latin-1"))
    kind = (part.content_type or "").split(";")[0].strip()
    return Parameter(name=name, value=await part.read(), content_type=kind)


def fields(body: bytes) -> tuple[Parameter, ...]:
    if b"=" not in body:
        return ()
    try:
        # Byte for byte: Latin-1 has a letter for each.
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, encoding="latin-1")
    except ValueError as error:
        raise UnreadableForm(
            "The body is no form: send an image with its own content type, or with none."
        ) from error
    return tuple(Parameter(name=name, value=value.encode("latin-1")) for name, value in pairs)


def query(request: Request) -> tuple[Parameter, ...]:
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return tuple(Parameter(name=name, value=value.encode()) for name, value in pairs)


async def limited(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """What is over `limit` is read but not kept: a client reads no answer while it still sends."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            yield chunk
        elif size > DRAINED * limit:
            break
    if size > limit:
        raise too_large(limit)


def too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is over {limit / 1_000_000:g} MB: send a smaller image.")
