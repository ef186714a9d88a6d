"""A model runs only with the config it was exported with; a batch changes no answer."""

import json
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
import torch

from handlers.classifier import LesionClassifier, Picture
from handlers.errors import BadRequest, Fault, UnusableModel
from handlers.fitted import UnknownLimit
from handlers.request import Request
from tests.images import encoded, lesion
from tests.tiny import Exported, checkpoint, fitted
from train.doubt.temperature import Scaling
from train.pth_to_pt import export


@pytest.fixture(scope="module")
def classifier(exported: Exported) -> LesionClassifier:
    return LesionClassifier.load(exported.model, exported.config)


def test_a_missing_model_is_named(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"nothing\.pt"):
        LesionClassifier.load(tmp_path / "nothing.pt", exported.config)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\3\4" + bytes(100)])
def test_a_file_that_is_no_model_is_named(
    exported: Exported, tmp_path: Path, content: bytes
) -> None:
    model = tmp_path / "garbage.pt"
    model.write_bytes(content)

    with pytest.raises(UnusableModel, match=r"garbage\.pt is no exported model"):
        LesionClassifier.load(model, exported.config)


def test_a_checkpoint_is_no_model(exported: Exported) -> None:
    with pytest.raises(UnusableModel, match="is no exported model"):
        LesionClassifier.load(exported.checkpoint, exported.config)


def test_a_model_that_another_program_exported_is_refused(
    exported: Exported, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign.pt"
    torch.jit.save(torch.jit.trace(torch.nn.ReLU(), torch.zeros(1)), foreign)

    with pytest.raises(UnusableModel, match="do not belong together"):
        LesionClassifier.load(foreign, exported.config)


def test_a_missing_config_is_named(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=r"nothing\.json"):
        LesionClassifier.load(exported.model, tmp_path / "nothing.json")


def test_the_config_of_another_export_is_refused(exported: Exported, tmp_path: Path) -> None:
    other = tmp_path / "config.json"
    values = json.loads(exported.config.read_text())
    other.write_text(json.dumps(values | {"temperature": values["temperature"] + 0.001}))

    with pytest.raises(UnusableModel, match="do not belong together"):
        LesionClassifier.load(exported.model, other)


def test_a_batch_is_answered_as_its_images_alone(classifier: LesionClassifier) -> None:
    inputs = [
        classifier.preprocess(Request(body=encoded(lesion(seed), "JPEG"))) for seed in range(5)
    ]

    together = classifier.predict(inputs)
    alone = [classifier.predict([one])[0] for one in inputs]

    assert len({one["probabilities"]["MEL"] for one in alone}) == 5
    for one, other in zip(together, alone, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-5)
        assert one["label"] == other["label"]


def test_pictures_of_a_batch_are_decoded_side_by_side(
    classifier: LesionClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, preprocess = Barrier(2), classifier.preprocess

    def met(request: Request) -> Picture:
        both.wait(timeout=20)
        return preprocess(request)

    monkeypatch.setattr(classifier, "preprocess", met)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    answers = classifier.classify([encoded(lesion(), "PNG")] * 2)

    assert not any(isinstance(answer, Fault) for answer in answers)


def test_an_image_becomes_an_input_of_the_models_size(classifier: LesionClassifier) -> None:
    size = classifier.config.image_size

    picture = classifier.preprocess(Request(body=encoded(lesion(), "PNG")))

    assert picture.input.shape == (3, size, size)


@pytest.mark.parametrize("body", [b"", b"not an image"])
def test_a_body_that_is_no_image_is_refused_before_the_model(
    classifier: LesionClassifier, body: bytes
) -> None:
    with pytest.raises(BadRequest):
        classifier.preprocess(Request(body=body))


@pytest.mark.parametrize("bad", [(0,), (2,), (0, 3), (0, 1, 2, 3)], ids=str)
def test_a_bad_body_of_a_batch_is_a_fault_in_its_own_place(
    classifier: LesionClassifier, bad: tuple[int, ...]
) -> None:
    bodies = [b"" if i in bad else encoded(lesion(i), "JPEG") for i in range(4)]

    answers = classifier.classify(bodies)

    for body, answer in zip(bodies, answers, strict=True):
        if not body:
            assert isinstance(answer, BadRequest)
        else:
            expected = classifier.predict([classifier.preprocess(Request(body=body))])[0]
            assert not isinstance(answer, Fault)
            assert answer["probabilities"] == pytest.approx(expected["probabilities"], abs=1e-5)


@pytest.mark.parametrize("classes", [("MEL", "UNK", "NV"), ("MEL", "UNK", "NV", "NV")], ids=str)
def test_where_unknown_is_an_output_too_the_map_is_of_the_most_probable_category(
    tmp_path: Path, classes: tuple[str, ...]
) -> None:
    tiny = checkpoint()
    assert tiny.fitted is not None
    # MEL's output is the top one; with what the distance adds UNK is more probable.
    head = {
        "head.weight": 0.01 * tiny.state_dict["head.weight"][: len(classes)],
        "head.bias": torch.tensor([1.3, 1.0, -3.0, -3.0][: len(classes)]),
    }
    doubt = replace(
        fitted(classes, tiny.fitted.known.means.shape[1]),
        scaling=Scaling(temperature=1.0, by_pair=()),
        unknown=UnknownLimit(limit=62.0, scale=10.0),
    )
    source = replace(tiny, classes=classes, state_dict=tiny.state_dict | head, fitted=doubt)
    export(source, "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")
    classifier = LesionClassifier.load(tmp_path / "m.pt", tmp_path / "c.json")

    [found] = classifier.answer([Request(body=encoded(lesion(), "PNG"), explain=True)])

    answer: Any = found
    assert 0 < answer["unknown"]["probability"] < 0.5
    assert (answer["label"], answer["relevance"]["target"]) == ("UNK", "UNK")


def test_where_two_outputs_are_one_category_the_map_is_of_the_most_probable_category(
    tmp_path: Path,
) -> None:
    tiny = checkpoint()
    # Neither output of BKL is as probable as MEL; together they are more so.
    head = {
        "head.weight": 0.01 * tiny.state_dict["head.weight"][:3],
        "head.bias": torch.tensor([1.0, 1.3, 1.0]),
    }
    classes = ("BKL", "MEL", "BKL")
    source = replace(tiny, classes=classes, state_dict=tiny.state_dict | head, fitted=None)
    export(source, "", "1.0", tmp_path / "m.pt", tmp_path / "c.json")
    classifier = LesionClassifier.load(tmp_path / "m.pt", tmp_path / "c.json")
    body = encoded(lesion(), "PNG")

    asked = (None, "BKL", "MEL")
    found: list[Any] = classifier.answer(
        [Request(body=body, explain=True, target=one) for one in asked]
    )

    assert [answer["label"] for answer in found] == ["BKL"] * 3
    assert [answer["relevance"]["target"] for answer in found] == ["BKL", "BKL", "MEL"]
    assert found[0] == found[1]
