"""Where archives come from: files of the model store, and URLs that are allowed."""

import re
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from serve.dialect.faults import DownloadArchive, Internal, ModelNotFound
from serve.models.download import Download, DownloadLimits, failed
from serve.models.manifest import MANIFEST

A_URL = re.compile(r"(file|https?)://", re.IGNORECASE)
# Hidden names are for what is still on its way.
A_NAME = re.compile(r"[^./\\][^/\\]*")
LONGEST_NAME = 200


class ModelStore:
    """Its faults are TorchServe's, word for word."""

    def __init__(
        self,
        root: Path,
        allowed_urls: tuple[str, ...] = (),
        limits: DownloadLimits | None = None,
    ) -> None:
        self.root = root.resolve()
        self.download = Download(allowed_urls, limits or DownloadLimits())
        self.downloaded: dict[str, Path] = {}

    def find(self, url: str) -> Path:
        """What the store holds; as in TorchServe, only the last part of a path counts."""
        refuse_relative(url)
        name = re.split(r"[/\\]", url)[-1]
        if self.holds(name):
            return self.root / name
        raise ModelNotFound(f"Model not found at: {url}")

    def everything(self) -> list[str]:
        """What `load_models=all` means: archives, and folders that are unpacked ones."""
        if not self.root.is_dir():
            raise ModelNotFound(f"There is no model store at {self.root}")
        return [
            path.name
            for path in sorted(self.root.iterdir())
            if self.holds(path.name) and (path.suffix == ".mar" or (path / MANIFEST).is_file())
        ]

    async def fetch(self, url: str) -> Path:
        """A file of the store, where one by URL is put first."""
        if not A_URL.match(url):
            return self.find(url)
        refuse_relative(url)
        self.download.check_allowed(url)
        target = self.root / name_of(url)
        self.refuse_second(target)
        self.root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=self.root) as folder:
            partial = Path(folder, target.name)
            await self.download.save(url, partial)
            # Once more, as another download may have been faster.
            self.refuse_second(target)
            partial.rename(target)
        self.downloaded[url] = target
        return target

    def forget(self, url: str) -> None:
        """Once it is unregistered: what came by URL is deleted, what was there before stays."""
        if path := self.downloaded.pop(url, None):
            path.unlink(missing_ok=True)

    def holds(self, name: str) -> bool:
        if not is_name(name):
            return False
        try:
            found = (self.root / name).resolve(strict=True)
        # A link that goes round in a circle is a RuntimeError.
        except (OSError, RuntimeError):
            return False
        return self.root in found.parents

    def refuse_second(self, target: Path) -> None:
        if target.exists() or target.is_symlink():
            raise Internal(f"Model file already exists {target.name}")


def is_name(name: str) -> bool:
    size = len(name.encode(errors="backslashreplace"))
    return A_NAME.fullmatch(name) is not None and size <= LONGEST_NAME and name.isprintable()


def name_of(url: str) -> str:
    """The file's name. Raises DownloadArchive if the URL has none."""
    try:
        name = unquote(urlsplit(url).path).split("/")[-1]
    except ValueError as error:
        raise DownloadArchive(failed(url)) from error
    if not is_name(name):
        raise DownloadArchive(failed(url))
    return name


def refuse_relative(url: str) -> None:
    if not url:
        raise ModelNotFound("empty url")
    if ".." in unquote(url):
        raise ModelNotFound(f"Relative path is not allowed in url: {url}")
