"""predictions.csv: what ISIC's own scorer would accept."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from train.evaluation.submission import submission, write

HEADER = "image,MEL,NV,BCC,AK,BKL,DF,VASC,SCC,UNK"


def certain(count: int) -> np.ndarray:
    """(count, 9): all melanoma."""
    return np.eye(9)[np.zeros(count, dtype=int)]


def test_every_value_is_written_with_a_point(tmp_path: Path) -> None:
    file = tmp_path / "predictions.csv"

    write(file, pd.Series(["ISIC_0000001"]), certain(1))

    # A column of whole numbers is refused by the scorer.
    assert file.read_text() == f"{HEADER}\nISIC_0000001,{'1.0,' + ','.join(['0.0'] * 8)}\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["ISIC_1", "ISIC_2.jpg"], ["ISIC_1", "ISIC_2"]),
        (["Test/MEL/a.JPG", "Test/NV/a.png"], ["Test/MEL/a", "Test/NV/a"]),
        (["a.jpg", "a.png", "b.png"], ["a.jpg", "a.png", "b"]),
        (["a.jpg", "a.png", "a.jpg.png"], ["a.jpg", "a.png", "a.jpg.png"]),
        (["a", "a.png", "a.png.jpg", "b"], ["a", "a.png", "a.png.jpg", "b"]),
        (["version.2"], ["version.2"]),
    ],
)
def test_names_have_no_extension_and_stay_apart(given: list[str], expected: list[str]) -> None:
    table = submission(pd.Series(given), certain(len(given)))

    assert table["image"].tolist() == expected
    assert table["image"].is_unique


def test_no_value_is_over_one() -> None:
    probabilities = certain(1)
    probabilities[0, 0] = 1 + 1e-15

    table = submission(pd.Series(["a"]), probabilities)

    assert table["MEL"].tolist() == [1.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -0.1])
def test_what_the_scorer_would_refuse_is_refused(value: float) -> None:
    probabilities = certain(2)
    probabilities[1, 3] = value

    with pytest.raises(ValueError, match="missing or negative"):
        submission(pd.Series(["a", "b"]), probabilities)


def test_the_values_survive_the_file(tmp_path: Path) -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.ones(9), 5)
    images = pd.Series([f"ISIC_{row}" for row in range(5)])

    write(tmp_path / "p.csv", images, probabilities)

    table = pd.read_csv(tmp_path / "p.csv", index_col="image")
    assert table.index.tolist() == images.tolist()
    assert (table.dtypes == np.float64).all()
    np.testing.assert_allclose(table.to_numpy(), probabilities, rtol=0, atol=1e-12)
