"""Data folders with nothing in their images, and a table of them as plain values."""

from pathlib import Path

import numpy as np
import pandas as pd


def fill(folder: Path, *images: str, **csvs: str) -> None:
    """Images are empty: a layout is names alone, and reading them is the split's concern."""
    for image in images:
        (folder / image).parent.mkdir(parents=True, exist_ok=True)
        (folder / image).touch()
    for name, text in csvs.items():
        (folder / f"Some_{name}.csv").write_text(text)


def records(table: pd.DataFrame) -> dict[str, list[object]]:
    """By column; a missing number is None, as nan equals nothing."""
    return table.assign(
        age=pd.Series([None if np.isnan(age) else age for age in table["age"]], dtype=object)
    ).to_dict("list")  # type: ignore[return-value]
