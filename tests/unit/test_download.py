"""Archives come by URL only where that is allowed, and whole or not at all."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve.dialect.faults import DownloadArchive, Internal, ModelNotFound
from serve.models.download import DownloadLimits
from serve.models.store import ModelStore
from tests.unit import stored
from tests.unit.stored import fetched, refusal


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with stored.site() as url:
        yield url


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/x.mar", "https://host/x.mar", "file:///etc/passwd", "HTTP://h/x.mar"],
)
def test_no_url_is_allowed_by_itself(url: str, root: Path) -> None:
    said = refusal(ModelStore(root), url)

    assert said == (ModelNotFound, f"Given URL {url} does not match any allowed URL(s)")


@pytest.mark.parametrize(
    "url",
    [
        "http://good.example.org/x.mar",
        "http://good.example/x.mar",
        "http://good.example/x.mar\n",
        "http://evil\\@good.example/x.mar",
        "ahttp://good.example/x.mar",
    ],
)
def test_the_whole_url_must_match(url: str, root: Path) -> None:
    store = ModelStore(root, (r"http://good\.example/x", r"http://.*@good\.example/.*"))

    kind, _ = refusal(store, url)

    assert kind is ModelNotFound


def test_an_allowed_url_is_fetched_and_forgotten(site: str, root: Path) -> None:
    store = ModelStore(root, (f"{site.upper()}/.*",))
    url = f"{site}/spots.mar?signature=1"

    path = fetched(store, url)

    assert path == root / "spots.mar"
    assert path.read_bytes() == b"an archive"
    store.forget(url)
    store.forget(url)
    assert list(root.iterdir()) == []


def test_a_file_by_url_is_copied_and_its_source_stays(tmp_path: Path, root: Path) -> None:
    source = tmp_path / "my spots.mar"
    source.write_bytes(b"mine")
    store = ModelStore(root, ("file://.*",))

    path = fetched(store, source.as_uri())
    store.forget(source.as_uri())

    assert path == root / "my spots.mar"
    assert source.read_bytes() == b"mine"
    assert list(root.iterdir()) == []


def test_a_local_archive_is_not_deleted(root: Path) -> None:
    (root / "spots.mar").touch()
    store = ModelStore(root)

    fetched(store, "spots.mar")
    store.forget("spots.mar")

    assert (root / "spots.mar").exists()


def test_a_file_of_the_store_is_not_overwritten(site: str, root: Path) -> None:
    (root / "spots.mar").write_bytes(b"first")
    store = ModelStore(root, (".*",))

    said = refusal(store, f"{site}/spots.mar")

    assert said == (Internal, "Model file already exists spots.mar")
    assert (root / "spots.mar").read_bytes() == b"first"


def test_of_two_downloads_at_once_one_wins(site: str, root: Path) -> None:
    store = ModelStore(root, (".*",))

    async def both() -> list[Path | BaseException]:
        urls = [f"{site}/spots.mar", f"{site}/spots.mar?2"]
        return await asyncio.gather(*map(store.fetch, urls), return_exceptions=True)

    found = asyncio.run(both())

    assert sorted(type(one).__name__ for one in found) == ["Internal", "PosixPath"]
    assert list(root.iterdir()) == [root / "spots.mar"]


@pytest.mark.parametrize("name", ["missing.mar", "silent.mar", "short.mar", "", ".hidden", "%00"])
def test_a_failed_download_leaves_nothing(name: str, site: str, root: Path) -> None:
    store = ModelStore(root, (".*",), DownloadLimits(silence_s=0.5))
    url = f"{site}/{name}"

    assert refusal(store, url) == (DownloadArchive, f"Failed to download archive from: {url}")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x.mar",
        "http://[x/x.mar",
        "http:///x.mar",
        "file:///no/x.mar",
        "file:///dev/zero",
        "file:///tmp",
        "http://127.0.0.1:99999/x.mar",
    ],
)
def test_an_address_that_leads_nowhere_is_told(url: str, root: Path) -> None:
    said = refusal(ModelStore(root, (".*",)), url)

    assert said == (DownloadArchive, f"Failed to download archive from: {url}")


def test_the_whole_download_has_a_time_limit(site: str, root: Path) -> None:
    store = ModelStore(root, (".*",), DownloadLimits(whole_s=0.2))
    start = time.monotonic()

    kind, _ = refusal(store, f"{site}/silent.mar")

    assert kind is DownloadArchive
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_download_stops_at_its_size_limit(
    scheme: str, site: str, tmp_path: Path, root: Path
) -> None:
    (tmp_path / "spots.mar").write_bytes(b"an archive")
    urls = {"http": f"{site}/spots.mar", "file": (tmp_path / "spots.mar").as_uri()}
    enough = ModelStore(root, (".*",), DownloadLimits(most_bytes=10))
    short = ModelStore(root, (".*",), DownloadLimits(most_bytes=9))

    kind, said = refusal(short, urls[scheme])

    assert kind is DownloadArchive
    assert said.endswith("(it is larger than 9 bytes)")
    assert fetched(enough, urls[scheme]).exists()


def test_a_redirect_is_followed_where_its_aim_is_allowed(site: str, root: Path) -> None:
    store = ModelStore(root, (f"{site}/.*",))

    path = fetched(store, f"{site}/to/spots.mar?{site}/other.mar")

    assert path == root / "spots.mar"
    assert path.read_bytes() == b"an archive"


@pytest.mark.parametrize("aim", ["http://localhost:9/x.mar", "file://localhost/etc/passwd"])
def test_a_redirect_to_what_is_not_allowed_is_refused(aim: str, site: str, root: Path) -> None:
    said = refusal(ModelStore(root, (f"{site}/.*",)), f"{site}/to/spots.mar?{aim}")

    assert said == (ModelNotFound, f"Given URL {aim} does not match any allowed URL(s)")


def test_redirects_that_go_round_end(site: str, root: Path) -> None:
    kind, _ = refusal(ModelStore(root, (".*",)), f"{site}/round.mar")

    assert kind is DownloadArchive
    assert stored.seen.count("/round.mar") == 6
