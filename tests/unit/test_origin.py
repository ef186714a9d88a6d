"""The commit that weights come from, told apart from a checkout with changes."""

import re
import subprocess
from pathlib import Path

import pytest

from train import origin


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init")
    (tmp_path / "code.py").write_text("one = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "First")
    monkeypatch.setattr(origin, "ROOT", tmp_path)
    return tmp_path


def test_a_clean_checkout_is_its_commit(repository: Path) -> None:
    commit = origin.commit()

    assert commit == git(repository, "rev-parse", "HEAD")
    assert re.fullmatch("[0-9a-f]{40}", commit)


def test_a_tag_does_not_stand_in_for_the_commit(repository: Path) -> None:
    git(repository, "tag", "-a", "v1.0", "-m", "Released")

    assert origin.commit() == git(repository, "rev-parse", "HEAD")


def test_a_changed_checkout_has_a_plus(repository: Path) -> None:
    (repository / "code.py").write_text("one = 2\n")

    assert origin.commit() == git(repository, "rev-parse", "HEAD") + "+"


def test_outside_a_checkout_it_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    assert origin.commit() == "unknown"


@pytest.mark.skipif(not (origin.ROOT / ".git").exists(), reason="this copy is no git checkout")
def test_this_project_has_a_commit() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}\+?", origin.commit())
