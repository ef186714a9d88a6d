"""python -m bentoml serve tests.bench.others.bentoml_server:Lesions --host 127.0.0.1 --port 8102"""

from pathlib import Path
from typing import Any

import bentoml

from tests.bench.core import classifier

BATCH_SIZE = 8
# Milliseconds an answer may take; the delay of a batch adapts itself.
LONGEST = 60_000


@bentoml.service(workers=1)
class Lesions:
    def __init__(self) -> None:
        self.classifier = classifier()

    @bentoml.api(batchable=True, max_batch_size=BATCH_SIZE, max_latency_ms=LONGEST)
    def predict(self, images: list[Path]) -> list[dict[str, Any]]:
        answers: list[Any] = self.classifier.classify([image.read_bytes() for image in images])
        return answers
