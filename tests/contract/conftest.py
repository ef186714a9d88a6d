"""Pictures for the contract."""

import pytest

from handlers.categories import WITHOUT_UNKNOWN
from tests import images


@pytest.fixture(scope="session")
def pictures() -> list[bytes]:
    """Sixteen that differ: more than a batch."""
    return [
        images.encoded(images.lesion(seed, code), "JPEG")
        for seed in range(2)
        for code in WITHOUT_UNKNOWN
    ]
