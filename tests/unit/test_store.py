"""Archives are files of the model store, by their names alone."""

from pathlib import Path

import pytest

from serve.dialect.faults import ModelNotFound
from serve.models.store import ModelStore
from tests.unit.stored import fetched, refusal


@pytest.mark.parametrize(
    "url", ["spots.mar", "/elsewhere/spots.mar", "a/spots.mar", "a\\spots.mar"]
)
def test_only_the_last_part_of_a_path_counts(url: str, root: Path) -> None:
    (root / "spots.mar").touch()

    assert fetched(ModelStore(root), url) == root / "spots.mar"


@pytest.mark.parametrize("url", ["../spots.mar", "a/../spots.mar", "..", "%2e%2e/spots.mar"])
def test_relative_paths_are_refused(url: str, root: Path) -> None:
    (root / "spots.mar").touch()

    said = refusal(ModelStore(root), url)

    assert said == (ModelNotFound, f"Relative path is not allowed in url: {url}")


@pytest.mark.parametrize(
    "url",
    ["no.mar", "/", ".", "a/", ".hidden", "spots\0.mar", "\ud800.mar", "n" * 5000, "s3://b/no"],
)
def test_what_the_store_does_not_hold_is_not_found(url: str, root: Path) -> None:
    (root / ".hidden").touch()

    assert refusal(ModelStore(root), url) == (ModelNotFound, f"Model not found at: {url}")


def test_an_empty_url_is_told_apart(root: Path) -> None:
    assert refusal(ModelStore(root), "") == (ModelNotFound, "empty url")


def test_a_link_out_of_the_store_is_not_followed(root: Path) -> None:
    (root.parent / "secret.mar").touch()
    (root / "out.mar").symlink_to(root.parent / "secret.mar")
    (root / "circle.mar").symlink_to("circle.mar")
    (root / "itself.mar").symlink_to(".")
    (root / "spots.mar").touch()
    (root / "latest.mar").symlink_to("spots.mar")
    store = ModelStore(root)

    for name in ("out.mar", "circle.mar", "itself.mar"):
        assert refusal(store, name) == (ModelNotFound, f"Model not found at: {name}")
    assert store.find("latest.mar") == root / "latest.mar"


def test_everything_is_archives_and_unpacked_ones(root: Path) -> None:
    for name in ("b.mar", "a.mar", "model.pt", ".download.mar"):
        (root / name).touch()
    (root / "logs").mkdir()
    (root / "flat" / "MAR-INF").mkdir(parents=True)
    (root / "flat" / "MAR-INF" / "MANIFEST.json").touch()

    assert ModelStore(root).everything() == ["a.mar", "b.mar", "flat"]


def test_a_store_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "no")

    with pytest.raises(ModelNotFound, match="no model store at"):
        store.everything()
    with pytest.raises(ModelNotFound, match=r"Model not found at: spots\.mar"):
        store.find("spots.mar")
