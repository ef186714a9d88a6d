"""Archives that the gRPC rows ask for: write() puts them in a model store."""

import tempfile
from pathlib import Path

from model_archiver.model_archiver_config import ModelArchiverConfig
from model_archiver.model_packaging import generate_model_archive

# Does what a request's input asks for.
HANDLER = """
from ts.utils.util import PredictionException


class Asked:
    def initialize(self, context):
        pass

    def handle(self, data, context):
        if context.get_request_header(0, "describe"):
            return [{"tells": "of itself"}]
        row = {name: bytes(value).decode() for name, value in data[0].items()}
        if "code" in row:
            raise PredictionException("as asked", int(row["code"]))
        if "bug" in row:
            raise ValueError("a bug")
        if "memory" in row:
            raise MemoryError
        if "status" in row:
            context.set_response_status(code=int(row["status"]), phrase="As asked", idx=0)
        return [row.get("text", row)]
"""
VERSIONS = {"grpc_1.mar": "1.0", "grpc_2.mar": "2.0"}


def write(store: Path) -> None:
    for file, version in VERSIONS.items():
        with tempfile.TemporaryDirectory() as folder:
            handler = Path(folder, "asked_handler.py")
            handler.write_text(HANDLER)
            generate_model_archive(
                ModelArchiverConfig(
                    model_name=Path(file).stem,
                    version=version,
                    handler=str(handler),
                    export_path=str(store),
                )
            )
