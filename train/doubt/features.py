"""What a checkpoint makes of images: all that anything is fitted to."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from handlers.appearance import Appearance, appearance
from handlers.model_config import ModelConfig
from handlers.preprocess import decode, to_input
from train.doubt.methods import Features
from train.served import Served

BATCH = 32


@torch.inference_mode()
def features(
    model: Served, config: ModelConfig, table: pd.DataFrame
) -> tuple[Features, list[Appearance]]:
    """Of the table's readable images, in its order; a code that is no output has the label -1."""
    device = next(model.parameters()).device
    names = ("logits", "embeddings", "directions", "raw")
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    seen = []
    paths = [Path(path) for path in table["path"]]
    with ThreadPoolExecutor() as pool:
        for start in tqdm(range(0, len(paths), BATCH), "fitting", leave=False, disable=None):
            images = pool.map(
                lambda path: decode(path.read_bytes(), config.image_size),
                paths[start : start + BATCH],
            )
            inputs = []
            for image in images:
                inputs.append(to_input(image, config))
                seen.append(appearance(image))
            logits, embeddings, directions = model(torch.stack(inputs).to(device))
            # The head is linear: of the mean embedding it makes the mean of the views' logits.
            answered = (logits, embeddings, directions, model.model.head(embeddings))
            for parts, values in zip(found.values(), answered, strict=True):
                parts.append(values.cpu().numpy())
    places = {code: place for place, code in enumerate(config.classes)}
    return (
        Features(
            **{name: np.concatenate(parts) for name, parts in found.items()},
            labels=table["code"].map(places).fillna(-1).to_numpy(dtype=int),
            groups=table["group"].to_numpy(),
        ),
        seen,
    )
