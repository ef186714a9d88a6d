"""The parity check's own parts; tests/contract/test_promote.py runs it on real servers."""

from pathlib import Path

import numpy as np
import pytest

from handlers.classifier import LesionClassifier
from train import parity
from train.parity import (
    PORTS,
    ParityError,
    disagreement,
    environment,
    kept_if_it_fails,
    one_by_one,
    spread,
)
from up.settings import DEFAULT_PORTS


def test_every_port_of_the_servers_is_moved() -> None:
    assert set(PORTS) == set(DEFAULT_PORTS)


def test_the_servers_are_our_own_on_loopback_and_serve_the_candidate() -> None:
    given = {"RAY_ADDRESS": "10.0.0.1:6379", "SKIN_HOST": "0.0.0.0", "PATH": "/bin"}
    model, config, archive = Path("/a/m.pt"), Path("/a/c.json"), Path("/b/x.mar")

    env = environment(model, config, archive, Path("/c"), Path("/d"), given)

    assert "RAY_ADDRESS" not in env
    assert (env["SKIN_HOST"], env["PATH"]) == ("127.0.0.1", "/bin")
    assert (env["SKIN_MODEL"], env["SKIN_MODEL_CONFIG"]) == ("/a/m.pt", "/a/c.json")
    assert (env["SKIN_MODEL_STORE"], env["SKIN_ARCHIVE"]) == ("/b", "x.mar")
    assert env["SKIN_LOGS"] == "/d"
    assert len({env[port] for port in PORTS}) == len(PORTS)


def test_the_logs_of_two_checks_at_once_are_two_folders(tmp_path: Path) -> None:
    logs = tmp_path / "logs" / "parity"

    with kept_if_it_fails(logs) as one, kept_if_it_fails(logs) as other:
        assert {one, other} == set(logs.iterdir())
        assert one != other

    assert list(logs.iterdir()) == []


def test_the_logs_of_a_check_that_failed_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(env: dict[str, str]) -> None:
        Path(env["SKIN_LOGS"], "up.log").write_text("why")
        raise ParityError(env["SKIN_LOGS"])

    monkeypatch.setattr(parity, "LOGS", tmp_path)
    monkeypatch.setattr(LesionClassifier, "load", lambda *_: None)
    monkeypatch.setattr(parity, "one_by_one", lambda *_: np.empty((0, 9)))
    monkeypatch.setattr(parity, "built", lambda *_: Path("/b/x.mar"))
    monkeypatch.setattr(parity, "servers", fail)

    with pytest.raises(ParityError) as caught:
        parity.largest_difference(Path("m.pt"), Path("c.json"), [])

    assert Path(str(caught.value), "up.log").read_text() == "why"
    assert Path(str(caught.value)).parent == tmp_path


@pytest.mark.parametrize(("images", "asked"), [(1, 1), (19, 19), (20, 20), (21, 20), (999, 20)])
def test_twenty_images_at_most_are_asked_for(images: int, asked: int) -> None:
    assert len(spread([Path(str(number)) for number in range(images)])) == asked


@pytest.mark.parametrize("images", [21, 39, 41, 999])
def test_they_are_spread_evenly_over_all(images: int) -> None:
    asked = [int(path.name) for path in spread([Path(str(number)) for number in range(images)])]

    steps = np.diff([*asked, images])
    assert asked[0] == 0
    assert steps.max() - steps.min() <= 1


def test_images_are_asked_for_one_by_one() -> None:
    batches = []

    def predict(paths: list[Path]) -> np.ndarray:
        batches.append(paths)
        return np.zeros((len(paths), 9))

    found = one_by_one(predict, [Path("a"), Path("b")])

    assert batches == [[Path("a")], [Path("b")]]
    assert found.shape == (2, 9)


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_the_odd_one_out_is_found_wherever_it_stands(odd: int) -> None:
    answers = [np.full((2, 9), 0.125) for _ in range(3)]
    answers[odd][1, 4] += 0.5

    assert disagreement(answers) == 0.5


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_an_image_that_one_refuses_is_no_agreement(odd: int) -> None:
    answers = [np.full((2, 9), 0.125) for _ in range(3)]
    answers[odd][1] = np.nan

    assert np.isnan(disagreement(answers))
