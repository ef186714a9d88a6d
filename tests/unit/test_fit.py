"""What Ray is told: a Ray of training's own or a cluster, how many workers, and what it answers."""

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from train import fit
from train.config import ConfigError, TrainConfig
from train.fit import MEMORY, ROOT, connect, trainer_of


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What ray.init is called with, in an environment of this test's own."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(ray, "init", lambda **given: found.append(given))
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    theirs = ("RAY_AUTH_TOKEN", "RAY_ADDRESS", *MEMORY)
    own = {name: value for name, value in os.environ.items() if name not in theirs}
    monkeypatch.setattr(os, "environ", own)
    return found


def test_training_on_this_machine_has_a_ray_that_nobody_else_may_use(
    calls: list[dict[str, Any]],
) -> None:
    connect(None)

    [given] = calls
    assert given["address"] == "local"
    assert "runtime_env" not in given
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
    assert os.environ.items() >= MEMORY.items()


def test_a_cluster_gets_every_package_that_training_imports(calls: list[dict[str, Any]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        connect(address)

    [given] = calls
    assert given["address"] == address
    assert given["runtime_env"] == {
        "py_modules": [str(ROOT / name) for name in ("handlers", "registry", "train")],
        "env_vars": MEMORY,
    }
    assert "RAY_AUTH_TOKEN" not in os.environ


def test_a_cluster_that_does_not_answer_is_not_waited_for(calls: list[dict[str, Any]]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"

    with pytest.raises(ConfigError, match=f"No Ray cluster answers at {address} .* --ray-address"):
        connect(address)

    assert not calls


@pytest.mark.parametrize("kind", ["CPU", "GPU"])
def test_each_worker_takes_one_of_what_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(fit, "room", lambda: (kind, 4))
    monkeypatch.setattr(fit, "TorchTrainer", lambda _, **given: given)
    job = SimpleNamespace(
        config=TrainConfig.resolved({"workers": 4}), parts=SimpleNamespace(validation=[])
    )

    given: Any = trainer_of(job, tmp_path, lambda: None)  # type: ignore[arg-type]

    assert given["scaling_config"].num_workers == 4
    assert given["scaling_config"].use_gpu == (kind == "GPU")


@pytest.mark.parametrize(
    ("address", "host"),
    [("[::1]:6379", "::1"), ("ray://[::1]:6379", "::1"), ("ray://head:6379", "head")],
)
def test_a_host_is_looked_for_without_scheme_and_brackets(
    monkeypatch: pytest.MonkeyPatch, address: str, host: str
) -> None:
    asked: list[object] = []

    def answer(place: tuple[str, int], _: int) -> SimpleNamespace:
        asked.append(place)
        return SimpleNamespace(close=lambda: None)

    monkeypatch.setattr(socket, "create_connection", answer)
    monkeypatch.setattr(ray, "init", lambda **settings: asked.append(settings["address"]))

    connect(address)

    assert asked == [(host, 6379), address]


@pytest.mark.parametrize("error", [ValueError("Malformed address"), ConnectionError("Not found")])
def test_what_ray_takes_for_no_address_or_no_cluster_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(**_: object) -> None:
        raise error

    monkeypatch.setattr(ray, "init", refuse)

    with pytest.raises(ConfigError, match=rf"No Ray cluster answers at head \({error}\): correct"):
        connect("head")
