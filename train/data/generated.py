"""Generated lesions: drawings for a machine without a data set, in ISIC 2019's layout.

They are no medical images; each category merely has a look of its own.
"""

import io
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from handlers.categories import WITHOUT_UNKNOWN
from train.writable import write_whole

WIDTH, HEIGHT = 240, 180
LESIONS, PICTURES = 30, 2
SKIN = (222, 178, 152)
PATCHES = 14
# Pixels beyond a spot's edge after which it changes no colour by a whole step.
SPOT_FADES = 12.0


@dataclass(frozen=True, kw_only=True)
class Look:
    """`size` is the radius as a share of the height; edges and spots are shares of the radius."""

    colour: tuple[int, int, int]
    size: float
    ragged: float
    soft: float
    spots: int
    spot_colour: tuple[int, int, int]


LOOKS = {
    "MEL": Look(
        colour=(62, 38, 34), size=0.36, ragged=0.30, soft=0.04,
        spots=9, spot_colour=(18, 24, 48),
    ),
    "NV": Look(
        colour=(128, 84, 58), size=0.24, ragged=0.04, soft=0.10,
        spots=0, spot_colour=(0, 0, 0),
    ),
    "BCC": Look(
        colour=(214, 138, 138), size=0.30, ragged=0.12, soft=0.06,
        spots=8, spot_colour=(92, 104, 140),
    ),
    "AK": Look(
        colour=(204, 110, 92), size=0.36, ragged=0.22, soft=0.40,
        spots=14, spot_colour=(240, 220, 190),
    ),
    "BKL": Look(
        colour=(156, 120, 78), size=0.34, ragged=0.14, soft=0.03,
        spots=12, spot_colour=(238, 226, 170),
    ),
    "DF": Look(
        colour=(172, 116, 92), size=0.26, ragged=0.06, soft=0.30,
        spots=1, spot_colour=(246, 226, 214),
    ),
    "VASC": Look(
        colour=(168, 24, 44), size=0.22, ragged=0.08, soft=0.06,
        spots=7, spot_colour=(96, 8, 36),
    ),
    "SCC": Look(
        colour=(224, 164, 116), size=0.40, ragged=0.24, soft=0.10,
        spots=6, spot_colour=(150, 28, 30),
    ),
}  # fmt: skip


def generate(folder: Path, seed: int) -> Path:
    """`folder` with CSVs and an image folder; what is there already is drawn again, the same."""
    images = folder / "ISIC_2019_Training_Input"
    images.mkdir(parents=True, exist_ok=True)
    drawings = list(product(range(len(WITHOUT_UNKNOWN)), range(LESIONS), range(PICTURES)))
    rows = []
    for label, lesion, picture in drawings:
        code = WITHOUT_UNKNOWN[label]
        name = f"GENERATED_{code}_{lesion:02}_{picture}"
        rows.append({"image": name, "code": code, "lesion_id": f"{code}_{lesion:02}"})
    table = pd.DataFrame(rows)

    def save(drawing: tuple[int, int, int], name: str, code: str) -> None:
        drawn = draw(LOOKS[code], np.random.default_rng((seed, *drawing)))
        encoded = io.BytesIO()
        drawn.save(encoded, "JPEG", quality=90)
        file = images / f"{name}.jpg"
        # Resized images are kept by their file's time too.
        if not file.exists() or file.read_bytes() != encoded.getvalue():
            file.write_bytes(encoded.getvalue())

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(save, drawings, table["image"], table["code"]))
    truth = pd.get_dummies(table["code"], dtype=float).reindex(columns=list(WITHOUT_UNKNOWN))
    truth.insert(0, "image", table["image"])
    for name, content in (("GroundTruth", truth), ("Metadata", table[["image", "lesion_id"]])):
        write_whole(folder / f"Generated_{name}.csv", content.to_csv(index=False).encode())
    return folder


def draw(look: Look, rng: np.random.Generator) -> Image.Image:
    """A blot of the look's colour on skin, with a ragged edge, spots and camera noise."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    picture = np.ones((HEIGHT, WIDTH, 3)) * (np.array(SKIN) + rng.normal(0, 10, 3))
    # Without it two drawings of a plain category would be near-duplicates.
    picture += mottled(rng)[..., None]
    radius = look.size * HEIGHT * rng.uniform(0.85, 1.15)
    centre = np.array((WIDTH, HEIGHT)) / 2 + rng.uniform(-0.08, 0.08, 2) * HEIGHT
    edge = ragged_circle(x - centre[0], y - centre[1], radius, look.ragged, rng)
    lay(picture, edge, look.soft * radius, np.array(look.colour) + rng.normal(0, 12, 3))
    for _ in range(look.spots):
        angle, distance = rng.uniform(0, 2 * np.pi), radius * np.sqrt(rng.uniform(0, 0.6))
        at = centre + distance * np.array((np.cos(angle), np.sin(angle)))
        if look.spots == 1:
            at = centre
        size = radius * rng.uniform(0.10, 0.22)
        near = window(at, size + SPOT_FADES)
        spot = np.hypot(x[near] - at[0], y[near] - at[1]) - size
        lay(picture[near], spot, 1.5, np.array(look.spot_colour) + rng.normal(0, 8, 3))
    picture += rng.normal(0, 4, picture.shape)
    return Image.fromarray(picture.clip(0, 255).astype(np.uint8))


def window(at: np.ndarray, reach: float) -> tuple[slice, slice]:
    """The rows and columns within `reach` pixels of a point (x, y)."""
    first, last = np.maximum(at - reach, 0).astype(int), np.maximum(at + reach, 0).astype(int) + 1
    return slice(first[1], last[1]), slice(first[0], last[0])


def mottled(rng: np.random.Generator) -> np.ndarray:
    """(HEIGHT, WIDTH) Soft light and dark patches, as skin has them."""
    coarse = Image.fromarray(rng.normal(0, PATCHES, (6, 8)).astype(np.float32))
    return np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))


def ragged_circle(
    x: np.ndarray, y: np.ndarray, radius: float, ragged: float, rng: np.random.Generator
) -> np.ndarray:
    """Signed distance in pixels, negative inside."""
    angle = np.arctan2(y, x)
    waves = np.zeros_like(angle)
    for k in range(2, 9):
        waves += rng.normal(0, 1 / k) * np.sin(k * angle + rng.uniform(0, 2 * np.pi))
    distance: np.ndarray = np.hypot(x, y) - radius * (1 + ragged * waves)
    return distance


def lay(picture: np.ndarray, distance: np.ndarray, soft: float, colour: np.ndarray) -> None:
    cover = 1 / (1 + np.exp(np.clip(distance / max(soft, 1.0), -50, 50)))[..., None]
    picture += cover * (colour - picture)
