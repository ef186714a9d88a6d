"""A labelled set to evaluate on, and a checkpoint that was trained on two of its images."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from handlers.categories import CODES
from tests import images, tiny

SHOWN = ("MEL", "NV", "UNK")
LESIONS = 8
TRAINED_ON = ("MEL_0", "NV_2")


def name(code: str, number: int) -> str:
    return f"{code}_{number}"


def write_labelled(folder: Path) -> None:
    """Three categories of eight images; 0 and 1 are one lesion, 2 and 3 one picture, 7 is none."""
    truth, metadata = [], []
    for number in range(LESIONS):
        for place, code in enumerate(SHOWN):
            seed = 100 * place + (2 if number == 3 else number)
            body = images.encoded(images.lesion(seed, "NV" if code == "UNK" else code), "JPEG")
            (folder / f"{name(code, number)}.jpg").write_bytes(b"none" if number == 7 else body)
            truth.append([name(code, number), *(float(code == other) for other in CODES)])
            lesion = name(code, 0 if number == 1 else number)
            metadata.append([name(code, number), 50, "anterior torso", lesion, "female"])
    pd.DataFrame(truth, columns=["image", *CODES]).to_csv(
        folder / "Test_GroundTruth.csv", index=False
    )
    columns = ["image", "age_approx", "anatom_site_general", "lesion_id", "sex"]
    pd.DataFrame(metadata, columns=columns).to_csv(folder / "Test_Metadata.csv", index=False)


def write_trained(file: Path) -> None:
    file.write_bytes(replace(tiny.checkpoint(), trained_on=TRAINED_ON).as_bytes())


def metrics_of(out: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((out / "metrics.json").read_text())
    return values
