"""One archive by URL, into a file."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from serve.dialect.faults import DownloadArchive, ModelNotFound

CHUNK = 1 << 20
# Two readers of such a URL may disagree about its host.
AMBIGUOUS = re.compile(r"[\\\x00-\x20\x7f]")
MOST_REDIRECTS = 5


@dataclass(frozen=True, kw_only=True)
class DownloadLimits:
    most_bytes: int = 8 << 30
    silence_s: float = 30
    whole_s: float = 600


class TooLarge(Exception):
    """More bytes than the limit."""


class Download:
    """`allowed_urls` are regular expressions for a whole URL, in any case as in TorchServe."""

    def __init__(self, allowed_urls: tuple[str, ...], limits: DownloadLimits) -> None:
        self.allowed = [re.compile(pattern, re.IGNORECASE) for pattern in allowed_urls]
        self.limits = limits

    def check_allowed(self, url: str) -> None:
        if AMBIGUOUS.search(url) or not any(one.fullmatch(url) for one in self.allowed):
            raise ModelNotFound(f"Given URL {url} does not match any allowed URL(s)")

    async def save(self, url: str, file: Path) -> None:
        """Raises DownloadArchive, or ModelNotFound where a redirect leads to what isn't allowed."""
        try:
            async with asyncio.timeout(self.limits.whole_s):
                if url.lower().startswith("file:"):
                    await asyncio.to_thread(self.copy, url, file)
                else:
                    await self.load(url, file)
        except TooLarge as error:
            size = self.limits.most_bytes
            raise DownloadArchive(f"{failed(url)} (it is larger than {size} bytes)") from error
        # httpx raises ValueError for some URLs that are none.
        except (OSError, ValueError, TimeoutError, httpx.HTTPError, httpx.InvalidURL) as error:
            raise DownloadArchive(failed(url)) from error

    def copy(self, url: str, file: Path) -> None:
        source = Path(url2pathname(urlsplit(url).path))
        # A pipe or a device would never end.
        if not source.is_file():
            raise FileNotFoundError(source)
        with source.open("rb") as opened, file.open("xb") as copy:
            while chunk := opened.read(CHUNK):
                self.write(copy, chunk)

    async def load(self, url: str, file: Path) -> None:
        async with self.answer(url) as answer:
            with file.open("xb") as copy:
                # As it was sent: what is packed once more could grow without bounds.
                async for chunk in answer.aiter_raw(CHUNK):
                    self.write(copy, chunk)

    def write(self, file: BinaryIO, chunk: bytes) -> None:
        if file.tell() + len(chunk) > self.limits.most_bytes:
            raise TooLarge
        file.write(chunk)

    @asynccontextmanager
    async def answer(self, url: str) -> AsyncIterator[httpx.Response]:
        """Every stop of a redirect must be allowed, as the first one."""
        async with httpx.AsyncClient(
            headers={"accept-encoding": "identity"},
            timeout=self.limits.silence_s,
            # Neither the proxies nor the passwords of this process's environment are the caller's.
            trust_env=False,
        ) as client:
            for _ in range(1 + MOST_REDIRECTS):
                # A ValueError for one beyond 65535, which httpx would find out too late.
                _ = urlsplit(url).port
                async with client.stream("GET", url) as answer:
                    if answer.next_request is None:
                        answer.raise_for_status()
                        yield answer
                        return
                    url = str(answer.next_request.url)
                self.check_allowed(url)
        raise httpx.TooManyRedirects(f"more than {MOST_REDIRECTS} redirects")


def failed(url: str) -> str:
    return f"Failed to download archive from: {url}"
