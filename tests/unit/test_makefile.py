"""`make model`: what is exported anew, and what stays, with a Python that only writes the files."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from mar_config.build import CONFIG_NAME, ROOT

STORE = Path("model_store")
CHECKPOINT, MODEL = STORE / "best_model.pth", STORE / "skin_vit.pt"
ARCHIVE, CONFIG = STORE / "skin_vit.mar", Path("mar_config", CONFIG_NAME)
PYTHON = f"""#!/bin/sh
case "$2" in
train.pth_to_pt) sha256sum < {CHECKPOINT} > {CONFIG}; cp {CHECKPOINT} {MODEL} ;;
mar_config.build) cat {MODEL} {CONFIG} > {ARCHIVE} ;;
*) exec {sys.executable} "$@" ;;
esac
"""
AGO_S = 1000

Make = Callable[[], str]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """`make model` in a folder with a checkpoint of which nothing is exported yet."""
    monkeypatch.chdir(tmp_path)
    # Those of the make that runs these tests are not for this one.
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
        monkeypatch.delenv(name, raising=False)
    for file in (CHECKPOINT, CONFIG, Path(".venv/bin/python")):
        file.parent.mkdir(parents=True, exist_ok=True)
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, name)
    Path(".venv/bin/python").write_text(PYTHON)
    Path(".venv/bin/python").chmod(0o755)
    Path("mar_config/model-config.yaml").touch()
    Path(".venv/installed").touch()
    CHECKPOINT.write_text("the first")
    return made


def made() -> str:
    """What make said; then all that there is is older, so that nothing depends on how quick."""
    said = subprocess.run(["make", "model"], check=True, capture_output=True, text=True).stdout
    for file in (*STORE.iterdir(), *Path("mar_config").iterdir()):
        age(file)
    return said


def age(file: Path) -> None:
    found = file.stat()
    past = found.st_mtime_ns - AGO_S * 10**9
    os.utime(file, ns=(past, past))


def put_back(text: str) -> None:
    """A checkpoint that is older than all that was made."""
    CHECKPOINT.write_text(text)
    for _ in range(9):
        age(CHECKPOINT)


def export_by_hand(text: str, sha: str) -> None:
    MODEL.write_text(text)
    CONFIG.write_text(sha)
    ARCHIVE.write_text(text)


def test_what_is_made_is_not_made_again(make: Make) -> None:
    assert "pth_to_pt" in make()

    assert "python" not in make()
    assert ARCHIVE.read_text().startswith("the first")


@pytest.mark.parametrize("times", [1, 2])
def test_a_checkpoint_that_is_put_back_is_exported_though_it_is_older(
    make: Make, times: int
) -> None:
    make()

    for time in range(times):
        put_back(f"another, {time}")
        make()

        assert ARCHIVE.read_text().startswith(f"another, {time}")
    assert "python" not in make()


def test_an_export_that_failed_is_tried_again(make: Make) -> None:
    make()
    put_back("another")
    python = Path(".venv/bin/python")
    python.write_text(PYTHON.replace("cp ", "exit 1; "))
    with pytest.raises(subprocess.CalledProcessError):
        make()
    python.write_text(PYTHON)

    make()

    assert ARCHIVE.read_text().startswith("another")


def test_another_checkpoint_that_was_exported_by_hand_stays(make: Make) -> None:
    make()
    export_by_hand("mine", "its hash")

    assert "python" not in make()
    assert ARCHIVE.read_text() == "mine"


def test_what_was_exported_by_hand_before_the_first_make_stays(make: Make) -> None:
    age(CHECKPOINT)
    export_by_hand("mine", "its hash")

    assert "python" not in make()
    assert ARCHIVE.read_text() == "mine"


def test_an_export_by_hand_of_the_new_checkpoint_is_not_repeated(make: Make) -> None:
    make()
    put_back("another")
    export_by_hand("another, with a version", sha256(CHECKPOINT.read_bytes()).hexdigest())

    assert "python" not in make()
    assert "python" not in make()
    assert ARCHIVE.read_text() == "another, with a version"


def test_a_config_that_is_gone_is_written_with_its_model(make: Make) -> None:
    make()
    CONFIG.unlink()

    make()

    assert CONFIG.is_file()
    assert "python" not in make()
