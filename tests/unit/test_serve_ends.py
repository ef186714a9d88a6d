"""`python -m serve.run` ends in one way, whoever asks for it."""

import signal
from collections.abc import Iterator

import pytest

from serve import run

ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of this process come back."""
    before = [signal.signal(number, signal.SIG_DFL) for number in ASKING]
    yield
    for number, handler in zip(ASKING, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ASKING)
def test_a_signal_ends_it(monkeypatch: pytest.MonkeyPatch, number: signal.Signals) -> None:
    monkeypatch.setattr(run, "serve", lambda *_, **__: signal.raise_signal(number))

    assert run.main([]) == 0


def test_nohup_keeps_it_from_ending_with_its_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    reached = []

    def serve(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGHUP)
        reached.append("the end")

    monkeypatch.setattr(run, "serve", serve)

    assert run.main([]) == 0
    assert reached == ["the end"]
