"""Answers that are given again for the same request to the same version; off at size 0."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from serve.dialect.calls import Job, Reply

# Of the way that a request took. All others are a part of it, as a handler may answer by any.
OF_THE_WAY = re.compile(
    r"connection|content-length|expect|forwarded|keep-alive|te|traceparent|tracestate"
    r"|transfer-encoding|via|x-forwarded-.*|x-request-id|x-skin-port"
)


class Cache:
    def __init__(self, size: int) -> None:
        self.size = size
        self.kept: OrderedDict[str, Reply] = OrderedDict()

    async def through(
        self, version: object, job: Job, ask: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        if not self.size or job.command == "describe":
            return await ask()
        key, kept = key_of(version, job), self.kept
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
        reply = await ask()
        if reply.status == 200:
            kept[key] = reply
            if len(kept) > self.size:
                kept.popitem(last=False)
        return reply

    def clear(self) -> None:
        """Of answers that are under way too: they are kept where nobody looks any more."""
        self.kept = OrderedDict()


def key_of(version: object, job: Job) -> str:
    start = f"{id(version)} {job.command} {len(job.parameters)}"
    digest = hashlib.sha256(start.encode())
    parts = [
        part
        for one in job.parameters
        for part in (one.name.encode(), one.content_type.encode(), one.value)
    ]
    for name, value in sorted(job.headers.items()):
        if not OF_THE_WAY.fullmatch(name.lower()):
            parts += [name.lower().encode(), without_boundary(value).encode()]
    for part in parts:
        digest.update(len(part).to_bytes(8))
        digest.update(part)
    return digest.hexdigest()


def without_boundary(value: str) -> str:
    """That of a form is made up anew each time."""
    return "multipart/form-data" if value.lower().startswith("multipart/form-data") else value
