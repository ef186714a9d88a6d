"""What --ray-address may be, before Ray is asked and after."""

import socket
from types import SimpleNamespace

import pytest
import ray

from train.config import ConfigError
from train.fit import connect


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
