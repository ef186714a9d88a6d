"""The export: the graph computes what the checkpoint does, or nothing is written."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from handlers.categories import WITHOUT_UNKNOWN
from handlers.classifier import LesionClassifier
from handlers.quality import Limits
from handlers.request import Request
from tests import tiny
from tests.images import encoded, lesion
from train import pth_to_pt, relevance
from train.checkpoint import read
from train.doubt.distance import Distance, distances
from train.doubt.fitted import EMBEDDING, FEATURES
from train.judged import Judged
from train.models import build
from train.pth_to_pt import ExportError, export, main, traced, verify
from train.served import Served
from train.views import views_of
from train.writable import write_whole

RUN = """
import sys, torch
graph = torch.jit.load(sys.argv[1])
inputs = torch.zeros(3, 3, *map(int, sys.argv[2:4]))
with torch.inference_mode():
    for answer in graph(inputs), graph.explain(inputs, torch.zeros(3, int(sys.argv[4]))):
        print(*(tuple(part.shape) for part in answer))
print([name for name in ("timm", "train", "handlers") if name in sys.modules])
"""


def judged(seed: int = 0, views: int = 1) -> Judged:
    source = tiny.checkpoint(seed=seed)
    assert source.fitted is not None
    return Judged(Served(source.model(), views), source.fitted.known).eval()


@pytest.mark.parametrize("count", [1, 3, 8])
def test_the_graphs_logits_are_the_modules(exported: tiny.Exported, count: int) -> None:
    checkpoint, graph = read(exported.checkpoint), torch.jit.load(exported.model)
    inputs = torch.randn(count, 3, checkpoint.image_size, checkpoint.image_size)

    with torch.inference_mode():
        model = checkpoint.model()
        each = [model(view).log_softmax(dim=1) for view in views_of(inputs, checkpoint.views)]
        expected = torch.stack(each).logsumexp(dim=0)
        logits, _ = graph(inputs)

    assert checkpoint.views == 2
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("views", [2, 4])
def test_the_graph_averages_as_many_views_as_the_checkpoint_says(
    tmp_path: Path, views: int
) -> None:
    checkpoint = replace(tiny.checkpoint(), views=views)
    inputs = torch.randn(2, 3, 160, 160)

    export(checkpoint, "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    with torch.inference_mode():
        answer = torch.jit.load(tmp_path / "m.pt")(inputs)
        expected = judged(views=views)(inputs)
    torch.testing.assert_close(answer, expected, rtol=1e-5, atol=1e-5)


def test_the_model_runs_without_timm_or_our_code(exported: tiny.Exported, tmp_path: Path) -> None:
    checkpoint = read(exported.checkpoint)
    command = [sys.executable, "-I", "-W", "ignore", "-c", RUN, str(exported.model)]
    command += [str(checkpoint.image_size)] * 2 + [str(len(checkpoint.classes))]

    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)

    answer = f"(3, {len(checkpoint.classes)}) (3,)"
    assert run.stdout.splitlines() == [answer, f"{answer} (3, 10, 10)", "[]"]


def test_the_config_holds_what_the_checkpoint_says(
    tmp_path: Path, export_arguments: list[str]
) -> None:
    checkpoint, limits = tiny.checkpoint(), Limits(min_skin=0.25)
    assert checkpoint.fitted is not None
    checkpoint = replace(
        checkpoint,
        mean=(0.1, 0.2, 0.3),
        std=(0.4, 0.5, 0.6),
        fitted=replace(checkpoint.fitted, quality=limits),
    )
    (tmp_path / "in.pth").write_bytes(checkpoint.as_bytes())

    status = main([*export_arguments, "--version", "2.5"])

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
        "temperature": 2.0,
        "temperature_by_pair": [list(row) for row in tiny.by_pair(8)],
        "unknown": {"limit": 51.65, "scale": 0.25},
        "prediction_set": {"coverage": 0.9, "least": dict.fromkeys(WITHOUT_UNKNOWN, 0.1)},
        "referral": [
            {
                "name": "melanoma",
                "codes": ["MEL"],
                "threshold": 0.1,
                "sensitivity": 0.95,
                "specificity": 0.6,
            },
            {
                "name": "malignant",
                "codes": ["MEL", "BCC", "SCC"],
                "threshold": 0.5,
                "sensitivity": 0.95,
                "specificity": 0.5,
            },
        ],
        "quality": asdict(limits),
    }
    LesionClassifier.load(tmp_path / "out.pt", tmp_path / "out.json")


@pytest.mark.parametrize("views", [1, 2])
@pytest.mark.parametrize("of", [FEATURES, EMBEDDING])
def test_the_graphs_distance_is_of_what_is_known(tmp_path: Path, views: int, of: str) -> None:
    checkpoint = replace(tiny.checkpoint(), views=views)
    assert checkpoint.fitted is not None
    known = replace(checkpoint.fitted.known, of=of)
    checkpoint = replace(checkpoint, fitted=replace(checkpoint.fitted, known=known))
    inputs = torch.randn(3, 3, 160, 160)

    export(checkpoint, "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    with torch.inference_mode():
        graph = torch.jit.load(tmp_path / "m.pt")
        _, found = graph(inputs)
        _, again, _ = graph.explain(inputs, torch.eye(3, 8))
        _, embeddings, directions = Served(checkpoint.model(), views).eval()(inputs)
    expected = distances((directions if of == FEATURES else embeddings).numpy(), known)
    assert found.dtype == torch.float64
    assert found.numpy() == pytest.approx(expected, rel=1e-5)
    assert again.numpy() == pytest.approx(expected, rel=1e-5)
    assert len(set(expected)) == 3


def test_without_anything_fitted_answers_are_bare_probabilities(tmp_path: Path) -> None:
    checkpoint = replace(tiny.checkpoint(), fitted=None)

    export(checkpoint, "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    config = json.loads((tmp_path / "c.json").read_text())
    assert config["temperature"] == 1.0
    assert (config["unknown"], config["prediction_set"], config["referral"]) == (None, None, [])
    assert config["quality"] == asdict(Limits())
    _, distance = torch.jit.load(tmp_path / "m.pt")(torch.randn(2, 3, 160, 160))
    assert distance.tolist() == [0, 0]
    classifier = LesionClassifier.load(tmp_path / "m.pt", tmp_path / "c.json")
    body = encoded(lesion(), "JPEG")
    for request in (Request(body=body), Request(body=body, explain=True)):
        [answer] = classifier.answer([request])
        assert isinstance(answer, dict)
        assert (answer["unknown"], answer["prediction_set"], answer["referral"]) == (None,) * 3
        assert answer["probabilities"]["UNK"] == 0
        assert answer["quality"]["skin"]["ok"]


def test_a_graph_with_another_distance_is_noticed() -> None:
    module, graph = judged(), traced(judged(), 160)
    assert isinstance(module.distance, Distance)
    module.distance.means += 1e-2

    with pytest.raises(ExportError, match="answer differs"):
        verify(graph, module, 160)


def test_folders_for_the_results_are_made(tmp_path: Path) -> None:
    model, config = tmp_path / "models" / "m.pt", tmp_path / "configs" / "c.json"

    export(tiny.checkpoint(), "", "1.0", model, config)

    assert model.is_file()
    assert config.is_file()


def test_an_export_that_is_killed_leaves_the_model_that_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    model, config = tmp_path / "m.pt", tmp_path / "c.json"
    for file in (model, config):
        file.write_text("whole")
    monkeypatch.setattr(Path, "replace", killed)

    with pytest.raises(KeyboardInterrupt):
        export(tiny.checkpoint(), "", "1.0", model, config)

    assert [file.read_text() for file in (model, config)] == ["whole", "whole"]


def test_an_export_that_ends_between_its_files_leaves_the_model_older(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So make, which goes by the model's time, takes it for none."""

    def killed(file: Path, content: bytes) -> None:
        write_whole(file, content)
        raise KeyboardInterrupt

    monkeypatch.setattr(pth_to_pt, "write_whole", killed)

    with pytest.raises(KeyboardInterrupt):
        export(tiny.checkpoint(), "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    assert [file.name for file in tmp_path.iterdir()] == ["c.json"]


@pytest.mark.parametrize("flag", ["--out", "--config"])
def test_a_folder_in_place_of_a_file_is_refused(
    export_arguments: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture, flag: str
) -> None:
    assert main([*export_arguments, flag, str(tmp_path)]) == 2

    assert f"{tmp_path} is a folder: name a file in it." in caplog.text


def test_a_bare_state_dict_is_exported_with_its_own_order_of_classes(
    tmp_path: Path, export_arguments: list[str]
) -> None:
    module = build("test_vit", 4).eval()
    torch.save({f"module.{n}": t for n, t in module.state_dict().items()}, tmp_path / "in.pth")
    inputs = torch.rand(1, 3, 160, 160)

    status = main([*export_arguments, "--model", "test_vit", "--classes", "VASC,melanoma,Nevus,nv"])

    graph = torch.jit.load(tmp_path / "out.pt")
    assert status == 0
    assert json.loads((tmp_path / "out.json").read_text())["classes"] == ["VASC", "MEL", "NV", "NV"]
    torch.testing.assert_close(graph(inputs)[0], module(inputs), rtol=0, atol=1e-5)


@pytest.mark.parametrize("lone", [["--model", "test_vit"], ["--classes", "MEL,NV"]])
def test_model_and_classes_go_together(
    export_arguments: list[str], lone: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*export_arguments, *lone])

    assert "--model and --classes go together" in capsys.readouterr().err


def test_a_graph_of_other_weights_is_noticed() -> None:
    module, other = judged(seed=0), judged(seed=1)

    verify(traced(module, 160), module, 160)
    with pytest.raises(ExportError, match=r"answer differs from the module's by .*: nothing"):
        verify(traced(other, 160), module, 160)


def test_a_graph_that_explains_otherwise_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = judged()
    graph = traced(module, 160)

    monkeypatch.setattr(relevance, "log_odds", lambda logits, wanted: (logits * wanted).sum(dim=-1))

    with pytest.raises(ExportError, match="explanation differs"):
        verify(graph, module, 160)


@pytest.mark.parametrize("value", [float("nan"), 1.0])
def test_a_graph_that_differs_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    other = judged()
    torch.nn.init.constant_(other.served.model.head.bias, value)
    graph = traced(other, 160)
    monkeypatch.setattr(pth_to_pt, "traced", lambda *_: graph)

    with pytest.raises(ExportError):
        export(tiny.checkpoint(), "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")

    assert list(tmp_path.iterdir()) == []
