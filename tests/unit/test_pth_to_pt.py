"""The export: the graph computes what the checkpoint does, or nothing is written."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import torch

from handlers.categories import WITHOUT_UNKNOWN
from handlers.classifier import LesionClassifier
from tests import tiny
from tests.unit.bomb import Bomb
from train import pth_to_pt
from train.checkpoint import read
from train.models import build
from train.pth_to_pt import ExportError, export, main, traced, verify
from train.views import Averaged

RUN = """
import sys, torch
print(*torch.jit.load(sys.argv[1])(torch.zeros(3, 3, *map(int, sys.argv[2:]))).shape)
print([name for name in ("timm", "train", "handlers") if name in sys.modules])
"""


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    files = {"--checkpoint": "in.pth", "--out": "out.pt", "--config": "out.json"}
    return [word for flag, name in files.items() for word in (flag, str(tmp_path / name))]


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_graphs_logits_are_the_modules(exported: tiny.Exported, count: int) -> None:
    checkpoint, graph = read(exported.checkpoint), torch.jit.load(exported.model)
    inputs = torch.randn(count, 3, checkpoint.image_size, checkpoint.image_size)

    with torch.inference_mode():
        expected = Averaged(checkpoint.model(), checkpoint.views)(inputs)
        logits = graph(inputs)

    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("views", [2, 4])
def test_the_graph_averages_as_many_views_as_the_checkpoint_says(
    tmp_path: Path, views: int
) -> None:
    checkpoint = replace(tiny.checkpoint(), views=views)
    inputs = torch.randn(2, 3, 160, 160)

    export(checkpoint, "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    with torch.inference_mode():
        logits = torch.jit.load(tmp_path / "m.pt")(inputs)
        expected = Averaged(checkpoint.model(), views)(inputs)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


def test_the_model_runs_without_timm_or_our_code(exported: tiny.Exported, tmp_path: Path) -> None:
    checkpoint = read(exported.checkpoint)
    command = [sys.executable, "-I", "-W", "ignore", "-c", RUN, str(exported.model)]
    command += [str(checkpoint.image_size)] * 2

    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert run.stdout.splitlines() == [f"3 {len(checkpoint.classes)}", "[]"]


def test_the_config_holds_what_the_checkpoint_says(tmp_path: Path, arguments: list[str]) -> None:
    checkpoint = replace(tiny.checkpoint(), mean=(0.1, 0.2, 0.3), std=(0.4, 0.5, 0.6))
    (tmp_path / "in.pth").write_bytes(checkpoint.as_bytes())

    status = main([*arguments, "--version", "2.5"])

    assert status == 0
    assert json.loads((tmp_path / "out.json").read_text()) == {
        "name": "skin_vit",
        "version": "2.5",
        "architecture": "test_vit",
        "checkpoint_sha256": hashlib.sha256((tmp_path / "in.pth").read_bytes()).hexdigest(),
        "classes": list(WITHOUT_UNKNOWN),
        "image_size": 160,
        "interpolation": checkpoint.interpolation,
        "mean": [0.1, 0.2, 0.3],
        "std": [0.4, 0.5, 0.6],
        "temperature": 1.0,
    }
    LesionClassifier.load(tmp_path / "out.pt", tmp_path / "out.json")


def test_folders_for_the_results_are_made(tmp_path: Path) -> None:
    model, config = tmp_path / "models" / "m.pt", tmp_path / "configs" / "c.json"

    export(tiny.checkpoint(), "", "1.0", model, config)

    assert model.is_file()
    assert config.is_file()


def test_a_bare_state_dict_is_exported_with_its_own_order_of_classes(
    tmp_path: Path, arguments: list[str]
) -> None:
    module = build("test_vit", 4).eval()
    torch.save({f"module.{n}": t for n, t in module.state_dict().items()}, tmp_path / "in.pth")
    inputs = torch.rand(1, 3, 160, 160)

    status = main([*arguments, "--model", "test_vit", "--classes", "VASC,melanoma,Nevus,nv"])

    graph = torch.jit.load(tmp_path / "out.pt")
    assert status == 0
    assert json.loads((tmp_path / "out.json").read_text())["classes"] == ["VASC", "MEL", "NV", "NV"]
    torch.testing.assert_close(graph(inputs), module(inputs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("lone", [["--model", "test_vit"], ["--classes", "MEL,NV"]])
def test_model_and_classes_go_together(
    arguments: list[str], lone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*arguments, *lone])

    assert "--model and --classes go together" in capsys.readouterr().err


def saved(values: object) -> bytes:
    buffer = BytesIO()
    torch.save(values, buffer)
    return buffer.getvalue()


WHOLE = tiny.checkpoint()
UNFIT = {name: tensor for name, tensor in WHOLE.state_dict.items() if name != "norm.weight"}
BAD = {
    "empty": (b"", "is no checkpoint"),
    "text": (b"hello, this is a text", "is no checkpoint"),
    "cut in the middle": (WHOLE.as_bytes()[:300_000], "is no checkpoint"),
    "cut early": (WHOLE.as_bytes()[:30_000], "is no checkpoint"),
    "pickled code": (saved(Bomb(Path("created"))), "or holds more than plain weights"),
    "wrapped code": (saved({"format": Bomb(Path("created"))}), "or holds more than plain weights"),
    "bare state_dict": (saved(WHOLE.state_dict), "is no checkpoint of this project"),
    "unfit": (replace(WHOLE, state_dict=UNFIT).as_bytes(), "test_vit: missing: norm.weight"),
    "absent": (None, "There is no checkpoint"),
}  # fmt: skip


@pytest.mark.parametrize(("body", "says"), BAD.values(), ids=BAD)
def test_a_checkpoint_that_cannot_be_used_leaves_the_old_model_alone(
    tmp_path: Path,
    arguments: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes | None,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    files = {"out.pt": b"the old model", "out.json": b"its config"}
    files |= {} if body is None else {"in.pth": body}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    status = main(arguments)

    assert status == 2
    assert says in caplog.messages[-1]
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files


@pytest.mark.parametrize(
    ("model", "classes", "says"),
    [
        ("test_vit", "MEL,NV", "head.weight is (8, 64), not (2, 64)"),
        ("test_vit", "MEL,freckle", "'freckle' is no category"),
        ("no_such_vit", "MEL,NV", "timm has no model 'no_such_vit'"),
        ("resnet18", "MEL,NV", "resnet18 is no Vision Transformer"),
    ],
)
def test_a_bare_state_dict_described_wrongly_is_explained(
    tmp_path: Path,
    arguments: list[str],
    caplog: pytest.LogCaptureFixture,
    model: str,
    classes: str,
    says: str,
) -> None:
    torch.save(build("test_vit", 8).state_dict(), tmp_path / "in.pth")

    status = main([*arguments, "--model", model, "--classes", classes])

    assert status == 2
    assert says in caplog.messages[-1]
    assert not (tmp_path / "out.pt").exists()


def test_a_graph_of_other_weights_is_noticed() -> None:
    module, other = tiny.checkpoint(seed=0).model(), tiny.checkpoint(seed=1).model()

    verify(traced(module, 160), module, 160)
    with pytest.raises(ExportError, match=r"logits differ from the module's by .*: nothing"):
        verify(traced(other, 160), module, 160)


@pytest.mark.parametrize("value", [float("nan"), 1.0])
def test_a_graph_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    other = tiny.checkpoint().model()
    torch.nn.init.constant_(other.head.bias, value)
    graph = traced(other, 160)
    monkeypatch.setattr(pth_to_pt, "traced", lambda *_: graph)

    with pytest.raises(ExportError):
        export(tiny.checkpoint(), "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    assert list(tmp_path.iterdir()) == []
