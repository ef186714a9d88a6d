"""What a run leaves at best_model.pth and beside it, wherever it is killed."""

from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from train import placing
from train.placing import place
from train.writable import write_whole


class Killed(BaseException):
    pass


def kill_at(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the file of this number is written; 3 is after the last."""
    numbers = count()

    def write(file: Path, content: bytes) -> None:
        if next(numbers) == number:
            raise Killed
        write_whole(file, content)

    monkeypatch.setattr(placing, "write_whole", write)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("resumed", [False, True])
def test_a_run_that_is_killed_leaves_a_whole_model_and_still_knows_whose_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, resumed: bool
) -> None:
    target, folder = tmp_path / "best_model.pth", tmp_path / "run"
    target.write_bytes(b"another's")
    if resumed:
        place(b"half trained", target, folder)
    with monkeypatch.context() as patched, suppress(Killed):
        kill_at(number, patched)
        place(b"trained", target, folder)
    left = target.read_bytes()

    place(b"trained again", target, folder)

    assert left in (b"another's", b"half trained", b"trained")
    assert target.read_bytes() == b"trained again"
    assert (tmp_path / "previous_model.pth").read_bytes() == b"another's"


def test_what_was_put_there_by_hand_is_kept(tmp_path: Path) -> None:
    target, folder = tmp_path / "best_model.pth", tmp_path / "run"
    place(b"trained", target, folder)
    assert not (tmp_path / "previous_model.pth").exists()
    target.write_bytes(b"by hand")

    place(b"trained again", target, folder)

    assert (tmp_path / "previous_model.pth").read_bytes() == b"by hand"
    assert not list(tmp_path.rglob("*.part"))
