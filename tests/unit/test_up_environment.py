"""What `python -m up` gives its servers to start with."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from serve.settings import Settings as RaySettings
from up import __main__ as up
from up.processes import StartError, running
from up.settings import Settings


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Filled where the first server would start."""
    found: dict[str, str] = {}

    def no_server(logs: Path, env: Mapping[str, str]) -> AbstractContextManager[object]:
        found.update(env)
        raise StartError("none starts here")

    monkeypatch.setattr(up, "check_ports", lambda _: None)
    monkeypatch.setattr(up, "running", no_server)
    for name in ("SKIN_SNAPSHOT", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    return found


@pytest.fixture
def start(tmp_path: Path) -> Callable[[], None]:
    def start() -> None:
        with pytest.raises(StartError, match="none starts here"):
            up.up(Settings.from_env({"SKIN_LOGS": str(tmp_path)}))

    return start


def test_ray_serve_keeps_no_snapshot_and_takes_the_archive_of_today(
    given: dict[str, str], start: Callable[[], None]
) -> None:
    start()

    assert RaySettings.from_env(given).snapshot is None


def test_a_snapshot_that_is_named_is_kept(
    given: dict[str, str], start: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKIN_SNAPSHOT", "/a/snapshot.cfg")

    start()

    assert RaySettings.from_env(given).snapshot == Path("/a/snapshot.cfg")


def test_no_server_sends_usage_statistics(tmp_path: Path) -> None:
    sends = {"MLFLOW_DISABLE_TELEMETRY": "false", "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true"}

    with running(tmp_path, sends) as group:
        found = group.environment

    assert found["MLFLOW_DISABLE_TELEMETRY"] == "true"
    assert found["STREAMLIT_BROWSER_GATHER_USAGE_STATS"] == "false"
