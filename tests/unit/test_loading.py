"""The order of an epoch and the batches made from it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from handlers.categories import WITHOUT_UNKNOWN
from handlers.preprocess import decode, to_input
from tests import tiny
from tests.images import encoded, lesion
from train.data.cache import ImageCache
from train.data.loading import (
    LesionImages,
    batches,
    drawing_shares,
    epoch_order,
    loading_processes,
    to_inputs,
)

# Images of each category; the last has none.
COUNTS = (400, 100, 25, 4, 0)
LABELS = [label for label, count in enumerate(COUNTS) for _ in range(count)]
SIZE, TRAIN_SIZE = 64, 48
CONFIG = tiny.config(image_size=SIZE, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def table(folder: Path) -> pd.DataFrame:
    rows = []
    for seed, code in enumerate(WITHOUT_UNKNOWN):
        file = folder / f"{code}.jpg"
        file.write_bytes(encoded(lesion(seed, code), "JPEG"))
        rows.append({"path": str(file), "code": code})
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def images(folder: Path, table: pd.DataFrame) -> LesionImages:
    """To validate on."""
    return LesionImages(table, CONFIG, ImageCache(folder, CONFIG))


@pytest.fixture(scope="module")
def training(folder: Path, table: pd.DataFrame) -> LesionImages:
    return LesionImages(table, CONFIG, ImageCache(folder, CONFIG, TRAIN_SIZE))


def test_an_order_belongs_to_its_seed_and_epoch() -> None:
    orders = [
        epoch_order(LABELS, len(COUNTS), seed, epoch)
        for seed, epoch in ((0, 0), (0, 0), (0, 1), (1, 0))
    ]

    assert orders[0] == orders[1]
    assert orders[0] != orders[2] != orders[3] != orders[0]


def test_an_epoch_is_as_long_as_the_data_and_augments_each_draw_differently() -> None:
    order = epoch_order(LABELS, len(COUNTS), 0, 0)

    assert len(order) == len(LABELS)
    assert len({seed for _, seed in order}) == len(order)


def test_categories_are_drawn_by_the_root_of_their_counts() -> None:
    epochs = [epoch_order(LABELS, len(COUNTS), 0, epoch) for epoch in range(50)]

    drawn = np.bincount([LABELS[row] for order in epochs for row, _ in order], minlength=5)

    roots = np.sqrt(COUNTS)
    np.testing.assert_allclose(drawn / drawn.sum(), roots / roots.sum(), atol=0.01)
    assert drawn[-1] == 0
    np.testing.assert_allclose(drawing_shares(LABELS, len(COUNTS)), roots / roots.sum())


@pytest.mark.parametrize("epoch", range(5))
def test_no_image_is_drawn_twice_before_its_category_was_drawn_once(epoch: int) -> None:
    order = epoch_order(LABELS, len(COUNTS), 0, epoch)

    times = np.bincount([row for row, _ in order], minlength=len(LABELS))

    for category in range(4):
        mine = times[np.asarray(LABELS) == category]
        assert mine.max() - mine.min() <= 1


def test_categories_come_mixed() -> None:
    order = epoch_order(LABELS, len(COUNTS), 0, 0)

    halves = np.array_split([LABELS[row] for row, _ in order], 2)

    assert set(halves[0]) == set(halves[1]) == {0, 1, 2, 3}


@pytest.mark.parametrize("row", range(len(WITHOUT_UNKNOWN)))
def test_a_row_alone_is_what_the_service_sees(images: LesionImages, row: int) -> None:
    picture, label = images[row]

    (values,) = to_inputs(picture[None], CONFIG, torch.device("cpu"))

    image = decode(Path(images.paths[row]).read_bytes(), SIZE)
    assert torch.equal(values, to_input(image, CONFIG))
    assert label == row


def test_inputs_of_a_batch_lie_as_convolutions_read_them(images: LesionImages) -> None:
    pictures = torch.stack([images[row][0] for row in range(2)])

    inputs = to_inputs(pictures, CONFIG, torch.device("cpu"))

    assert inputs.shape == (2, 3, SIZE, SIZE)
    assert inputs.is_contiguous(memory_format=torch.channels_last)


def test_a_seed_is_an_augmentation(training: LesionImages) -> None:
    first, again, other = (training[0, seed][0] for seed in (1, 1, 2))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == other.shape == (TRAIN_SIZE, TRAIN_SIZE, 3)
    assert first.dtype == torch.uint8


@pytest.mark.parametrize("processes", [0, 1])
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("images", [5, 0, 3, 3, 1]),
        ("training", [(5, 1), (0, 2), (3, 3), (3, 4), (1, 5)]),
    ],
)
def test_batches_hold_the_keys_in_their_order(
    request: pytest.FixtureRequest,
    name: str,
    keys: list[int] | list[tuple[int, int]],
    processes: int,
) -> None:
    of: LesionImages = request.getfixturevalue(name)

    loaded = list(batches(of, keys, 2, processes))

    assert [len(labels) for _, labels in loaded] == [2, 2, 1]
    expected = [of[key] for key in keys]
    assert torch.cat([labels for _, labels in loaded]).tolist() == [label for _, label in expected]
    assert torch.equal(
        torch.cat([inputs for inputs, _ in loaded]), torch.stack([values for values, _ in expected])
    )


def test_no_images_to_validate_on_are_no_fault(folder: Path, table: pd.DataFrame) -> None:
    nothing = LesionImages(table[:0], CONFIG, ImageCache(folder / "none", CONFIG))

    assert len(nothing) == 0


@pytest.mark.parametrize(
    ("gpu", "cores", "workers", "processes"),
    [(False, 2, 1, 1), (False, 64, 2, 1), (True, 2, 1, 2), (True, 12, 2, 6), (True, 64, 4, 8)],
)
def test_a_gpus_cores_load_and_a_cpus_train(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, cores: int, workers: int, processes: int
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: gpu)
    monkeypatch.setattr("os.cpu_count", lambda: cores)

    assert loading_processes(workers) == processes
