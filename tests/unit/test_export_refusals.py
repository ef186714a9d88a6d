"""What can't be exported is explained, and the model that was there stays."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
import torch

from tests import tiny
from tests.unit.bomb import Bomb
from train.models import build
from train.pth_to_pt import main


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
    export_arguments: list[str],
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

    status = main(export_arguments)

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
    export_arguments: list[str],
    caplog: pytest.LogCaptureFixture,
    model: str,
    classes: str,
    says: str,
) -> None:
    torch.save(build("test_vit", 8).state_dict(), tmp_path / "in.pth")

    status = main([*export_arguments, "--model", model, "--classes", classes])

    assert status == 2
    assert says in caplog.messages[-1]
    assert not (tmp_path / "out.pt").exists()


def test_our_own_checkpoint_is_not_given_other_labels(
    tmp_path: Path,
    export_arguments: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.pth").write_bytes(WHOLE.as_bytes())
    others = ",".join(reversed(WHOLE.classes))

    status = main([*export_arguments, "--model", WHOLE.architecture, "--classes", others])

    assert status == 2
    assert "leave out --model and --classes" in caplog.messages[-1]
    assert [file.name for file in tmp_path.iterdir()] == ["in.pth"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("--checkpoint", "--out"), ("--checkpoint", "--config"), ("--out", "--config")],
)
def test_no_result_takes_the_place_of_another_file(
    tmp_path: Path,
    export_arguments: list[str],
    caplog: pytest.LogCaptureFixture,
    one: str,
    other: str,
) -> None:
    file = tmp_path / "same"
    file.write_bytes(WHOLE.as_bytes())
    (tmp_path / "in.pth").write_bytes(WHOLE.as_bytes())
    (tmp_path / "link").symlink_to(file)
    same = [one, str(file), other, str(tmp_path / "link")]

    status = main([*export_arguments, *same])

    assert status == 2
    assert caplog.messages == [
        f"{one} and {other} are both {tmp_path / 'link'}: name another {other}."
    ]
    assert file.read_bytes() == WHOLE.as_bytes()
    assert (tmp_path / "link").is_symlink()


@pytest.mark.parametrize("flag", ["--out", "--config"])
def test_the_flag_of_what_can_not_be_written_is_named(
    tmp_path: Path, export_arguments: list[str], caplog: pytest.LogCaptureFixture, flag: str
) -> None:
    file = tmp_path / "file"
    file.touch()

    assert main([*export_arguments, flag, str(file / "x")]) == 2
    assert caplog.messages == [
        f"{file} can't be written to ({file}): name another folder with {flag}."
    ]


@pytest.mark.parametrize("version", ["", ".", "..", "1/2", "../../x", "1\n"])
def test_a_version_that_no_url_can_have_is_refused_before_it_is_served(
    export_arguments: list[str], capsys: pytest.CaptureFixture[str], version: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([*export_arguments, "--version", version])

    assert f"--version is a part of URLs, which {version!r} can't be" in capsys.readouterr().err
