"""python -m tests.bench.others.litserve_server"""

from typing import Annotated, Any

import litserve
from fastapi import Body

from tests.bench.core import classifier

PORT = 8101
# As mar_config/model-config.yaml has them.
BATCH_SIZE = 8
BATCH_DELAY = 0.005


class Lesions(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, device: str) -> None:  # noqa: ARG002
        self.classifier = classifier()

    def decode_request(
        self, request: Annotated[bytes, Body(media_type="application/octet-stream")]
    ) -> bytes:
        return request

    def predict(self, bodies: list[bytes]) -> list[Any]:
        return self.classifier.classify(bodies)

    def encode_response(self, answer: Any) -> Any:  # noqa: ANN401
        return answer


if __name__ == "__main__":
    litserve.LitServer(
        Lesions(max_batch_size=BATCH_SIZE, batch_timeout=BATCH_DELAY),
        accelerator="cpu",
        workers_per_device=1,
    ).run(host="127.0.0.1", port=PORT, generate_client_file=False)
