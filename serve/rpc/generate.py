"""The .proto files here -> their Python modules beside them: python -m serve.rpc.generate."""

import sysconfig
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent.relative_to(ROOT)
# What is generated is not ours to format, to lint or to type.
UNTOUCHED = "# fmt: off\n# ruff: noqa\n# mypy: ignore-errors\n"


def generate(out: Path = ROOT) -> None:
    """Below `out` as below the root, so that what imports another imports it in full."""
    protos = sorted(str(HERE / proto.name) for proto in (ROOT / HERE).glob("*.proto"))
    packages = Path(sysconfig.get_path("purelib"))
    paths = [f"-I{path}" for path in (ROOT, packages, packages / "grpc_tools" / "_proto")]
    outs = [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main(["protoc", *paths, *outs, *protos]) != 0:
        raise RuntimeError("protoc refused the .proto files: see what it printed.")
    for made in (out / HERE).glob("*_pb2*.py*"):
        made.write_text(UNTOUCHED + made.read_text())


if __name__ == "__main__":
    generate()
