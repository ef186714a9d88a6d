import sysconfig
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from serve.rpc import inference_pb2, management_pb2
from serve.rpc.generate import ROOT, generate

PACKAGES = Path(sysconfig.get_path("purelib"))


def test_generated_modules_are_of_these_protos(tmp_path: Path) -> None:
    generate(tmp_path)

    made = {file.name: file.read_text() for file in tmp_path.rglob("*_pb2*")}
    kept = {file.name: file.read_text() for file in (ROOT / "serve" / "rpc").glob("*_pb2*.py*")}
    assert made == kept


def described(file: FileDescriptorProto) -> dict[str, tuple[object, ...]]:
    """All that the wire depends on."""
    found: dict[str, tuple[object, ...]] = {"package": (file.package, file.syntax)}

    def note(prefix: str, messages: Sequence[DescriptorProto]) -> None:
        for message in messages:
            name = f"{prefix}{message.name}"
            found[name] = (message.options.map_entry,)
            for one in message.field:
                found[f"{name}.{one.name}"] = (
                    one.number,
                    one.type,
                    one.label,
                    one.type_name,
                    one.proto3_optional,
                )
            note(f"{name}.", message.nested_type)

    note("", file.message_type)
    for service in file.service:
        for method in service.method:
            found[f"{service.name}/{method.name}"] = (
                method.input_type,
                method.output_type,
                method.client_streaming,
                method.server_streaming,
            )
    return found


@pytest.mark.parametrize(
    ("name", "ours"),
    [("inference", inference_pb2.DESCRIPTOR), ("management", management_pb2.DESCRIPTOR)],
)
def test_services_are_torchserves_own_on_the_wire(
    tmp_path: Path, name: str, ours: FileDescriptor
) -> None:
    with zipfile.ZipFile(PACKAGES / "ts" / "frontend" / "model-server.jar") as jar:
        jar.extract(f"proto/{name}.proto", tmp_path)
    compiled = tmp_path / "compiled"
    paths = [f"-I{path}" for path in (tmp_path, PACKAGES, PACKAGES / "grpc_tools" / "_proto")]
    file = f"proto/{name}.proto"
    assert protoc.main(["protoc", *paths, f"--descriptor_set_out={compiled}", file]) == 0
    theirs = FileDescriptorSet.FromString(compiled.read_bytes()).file[0]

    copied = FileDescriptorProto()
    ours.CopyToProto(copied)

    assert described(copied) == described(theirs)
