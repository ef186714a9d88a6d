"""What tests of the card make one of."""

from functools import cache

from tests.measured import Measured, measured

TRAINING: dict[str, str | int | float] = {
    "command": "python -m train.run --data data/isic2019",
    "commit": "f" * 40,
    "data": "data/isic2019",
    "training_images": 4799,
    "validation_images": 1201,
    "split_sha256": "a" * 64,
    "epoch": 10,
    "balanced_accuracy": 0.6495,
}


@cache
def known() -> Measured:
    return measured()


def item(text: str, name: str) -> str:
    """What the card says under an item."""
    return text.split(f"**{name}.**")[1].split("\n- **")[0].split("\n## ")[0].strip()
