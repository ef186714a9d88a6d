"""Resized images on disk: the pixels that would be made directly, made once."""

import json
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from handlers.errors import BadRequest
from handlers.model_config import ModelConfig
from handlers.preprocess import decode, to_square
from tests import tiny
from tests.images import encoded, lesion
from train.data import cache as cached
from train.data.cache import ImageCache

SIZE = 32
CONFIG = tiny.config(image_size=SIZE)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    for seed in range(4):
        (tmp_path / f"{seed}.jpg").write_bytes(encoded(lesion(seed), "JPEG"))
    return [str(tmp_path / f"{seed}.jpg") for seed in range(4)]


def square(path: str) -> np.ndarray:
    """What the service looks at, made directly."""
    return np.asarray(to_square(decode(Path(path).read_bytes(), SIZE), CONFIG))


def filled(folder: Path, paths: list[str], train_size: int | None = None) -> ImageCache:
    cache = ImageCache(folder / "cache", CONFIG, train_size)
    cache.fill(paths)
    return cache


def assert_right(cache: ImageCache, paths: list[str]) -> None:
    for path in paths:
        np.testing.assert_array_equal(cache.picture(path), square(path))


def test_pictures_are_the_services_squares(tmp_path: Path, paths: list[str]) -> None:
    cache = filled(tmp_path, paths)

    assert_right(cache, paths)
    assert len({cache.picture(path).tobytes() for path in paths}) == 4


def test_a_training_picture_is_whole_with_a_margin_of_a_quarter(
    tmp_path: Path, paths: list[str]
) -> None:
    cache = filled(tmp_path, paths, train_size=72)

    # 240 x 180 pixels to 1.25 * 72.
    for path in paths:
        whole = decode(Path(path).read_bytes(), 72).resize((120, 90), Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(cache.picture(path), np.asarray(whole))


@pytest.mark.parametrize(("width", "height"), [(5, 2000), (2000, 5), (1, 20_000)])
def test_of_a_very_long_picture_only_the_middle_is_kept(
    tmp_path: Path, width: int, height: int
) -> None:
    short = min(width, height)
    picture = Image.new("RGB", (width, height), "red")
    middle = Image.new("RGB", (min(width, 8 * short), min(height, 8 * short)), "lime")
    picture.paste(middle, ((width - middle.width) // 2, (height - middle.height) // 2))
    picture.save(tmp_path / "long.png")

    cache = filled(tmp_path, [str(tmp_path / "long.png")], train_size=SIZE)

    kept = cache.picture(str(tmp_path / "long.png"))
    assert kept.shape == ((80, 40, 3) if height > width else (40, 80, 3))
    assert (kept == (0, 255, 0)).all()


def test_a_second_fill_resizes_nothing(tmp_path: Path, paths: list[str]) -> None:
    filled(tmp_path, paths)
    expected = [square(path) for path in paths]
    for path in paths:
        facts = Path(path).stat()
        Path(path).write_bytes(b"\0" * facts.st_size)
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    again = filled(tmp_path, paths)

    np.testing.assert_array_equal([again.picture(path) for path in paths], expected)


def test_only_what_is_new_is_added(tmp_path: Path, paths: list[str]) -> None:
    first = filled(tmp_path, paths[:2])

    second = filled(tmp_path, [*paths, *paths])

    assert second.pixels.stat().st_size == 4 * SIZE * SIZE * 3
    assert_right(second, paths)
    assert_right(first, paths[:2])


def test_a_changed_image_is_made_again(tmp_path: Path, paths: list[str]) -> None:
    filled(tmp_path, paths)
    Path(paths[1]).write_bytes(encoded(lesion(9, "MEL"), "JPEG"))

    again = filled(tmp_path, paths)

    assert_right(again, paths)


def test_a_picture_stays_through_a_run_that_loses_its_image(
    tmp_path: Path, paths: list[str]
) -> None:
    cache = filled(tmp_path, paths)
    expected = square(paths[0])

    Path(paths[0]).unlink()

    np.testing.assert_array_equal(cache.picture(paths[0]), expected)


def lose_an_entry(cache: ImageCache) -> None:
    file = cache.folder / "index.json"
    index = json.loads(file.read_text())
    del index[min(index)]
    file.write_text(json.dumps(index))


def be_killed_while_appending(cache: ImageCache) -> None:
    with cache.pixels.open("ab") as file:
        file.write(b"half a picture")
    (cache.folder / "index.new").write_text('{"half')


def lose_the_end(cache: ImageCache) -> None:
    os.truncate(cache.pixels, cache.pixels.stat().st_size - 1)


def lose_the_index(cache: ImageCache) -> None:
    (cache.folder / "index.json").write_bytes(b"")


def lose_half_the_index(cache: ImageCache) -> None:
    os.truncate(cache.folder / "index.json", 20)


def have_an_index_of_zeros(cache: ImageCache) -> None:
    file = cache.folder / "index.json"
    file.write_bytes(b"\0" * file.stat().st_size)


def have_places_without_a_size(cache: ImageCache) -> None:
    (cache.folder / "index.json").write_text('{"a": {}}')


def lose_the_pixels(cache: ImageCache) -> None:
    cache.pixels.unlink()


@pytest.mark.parametrize(
    "damage",
    [
        *(lose_an_entry, be_killed_while_appending, lose_the_end, lose_the_pixels),
        *(lose_the_index, lose_half_the_index, have_an_index_of_zeros, have_places_without_a_size),
    ],
)
def test_damage_does_no_harm(
    tmp_path: Path, paths: list[str], damage: Callable[[ImageCache], None]
) -> None:
    damage(filled(tmp_path, paths[:3]))

    again = filled(tmp_path, paths)

    assert_right(again, paths)
    assert_right(filled(tmp_path, paths), paths)


def test_a_run_that_ends_while_resizing_keeps_what_is_written_down_and_no_bytes_beside(
    tmp_path: Path, paths: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached, "TOGETHER", 1)
    monkeypatch.setattr(cached, "WRITTEN_EVERY", 2)
    last = Path(paths[3])
    body = last.read_bytes()
    last.write_bytes(b"none")
    with pytest.raises(BadRequest):
        filled(tmp_path, paths)
    kept = filled(tmp_path, paths[:2])
    seen = kept.picture(paths[1])
    assert kept.pixels.stat().st_size == 3 * SIZE * SIZE * 3
    Path(paths[0]).unlink()
    last.write_bytes(body)

    again = filled(tmp_path, paths[1:])

    assert again.pixels.stat().st_size == 4 * SIZE * SIZE * 3
    assert_right(again, paths[1:])
    np.testing.assert_array_equal(seen, square(paths[1]))


def folder(config: ModelConfig, train_size: int | None) -> Path:
    return ImageCache(Path("cache"), config, train_size).folder


@pytest.mark.parametrize(
    ("config", "train_size"),
    [
        (tiny.config(image_size=64), None),
        (tiny.config(image_size=SIZE, interpolation="bilinear"), None),
        (CONFIG, SIZE),
        (CONFIG, 64),
    ],
    ids=["other size", "other interpolation", "training", "training at another size"],
)
def test_another_preprocessing_has_another_folder(
    config: ModelConfig, train_size: int | None
) -> None:
    others = [folder(CONFIG, None), folder(CONFIG, 48)]

    assert folder(config, train_size) not in others


@pytest.mark.parametrize(
    ("config", "train_size"),
    [
        (tiny.config(image_size=SIZE, mean=(0, 0, 0), temperature=2.0), None),
        (tiny.config(image_size=64), 48),
    ],
    ids=["mean and temperature", "size of the model, for training at a size of its own"],
)
def test_what_changes_no_pixel_changes_no_folder(
    config: ModelConfig, train_size: int | None
) -> None:
    assert folder(config, train_size) == folder(CONFIG, train_size)


def test_no_images_are_no_fault(tmp_path: Path) -> None:
    filled(tmp_path, [])

    assert not (tmp_path / "cache").exists()


def fill_and_check(folder: Path, paths: list[str], begin: Barrier) -> None:
    begin.wait()
    assert_right(filled(folder, paths), paths)


def test_processes_that_fill_at_once_agree(tmp_path: Path, paths: list[str]) -> None:
    # Forked, as none then waits for its imports and all begin together.
    context = multiprocessing.get_context("fork")
    orders = [paths, paths[::-1], paths[1:], paths[:3]]
    begin = context.Barrier(len(orders))
    workers = [
        context.Process(target=fill_and_check, args=(tmp_path, one, begin)) for one in orders
    ]

    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)

    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    cache = filled(tmp_path, paths)
    assert cache.pixels.stat().st_size == 4 * SIZE * SIZE * 3
    assert_right(cache, paths)
