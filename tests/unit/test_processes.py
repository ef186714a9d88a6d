"""Servers start with what they need, and nothing that they started outlives them."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from up import processes
from up.__main__ import unproxied
from up.processes import ENDING_SIGNALS, MARK, StartError, check_ports, marked, running
from up.servers import Server
from up.settings import ROOT, Settings

# Neither it nor its grandchild, in a session of its own, ends when it is asked to.
STUBBORN = "trap '' TERM; touch $TMPDIR/a_file; setsid sleep 60 & sleep 6"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "READY_WITHIN_S", 20)
    monkeypatch.setattr(processes, "ENDED_WITHIN_S", 3)
    monkeypatch.setattr(processes, "ASK_EVERY_S", 0.05)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind(("127.0.0.1", 0))
        one.listen()
        yield one


@pytest.fixture
def free_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()
    listener.close()
    return f"http://{host}:{port}"


def server(*command: str, name: str = "A server") -> Server:
    return Server(name=name, command=command, address="", ready_url="http://127.0.0.1:9/")


def web_server(url: str, path: str, says: bytes = b"") -> Server:
    port = url.rpartition(":")[2]
    return Server(
        name="Web",
        command=(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", port),
        address=url,
        ready_url=f"{url}/{path}",
        ready_says=says,
    )


def settings(port: int) -> Settings:
    return Settings(host="127.0.0.1", ports={"SKIN_RAY_PORT": port}, logs=Path())


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_nothing_outlives_the_servers(tmp_path: Path) -> None:
    with suppress(KeyboardInterrupt), running(tmp_path) as group:
        mark, temporary = group.environment[MARK], Path(group.environment["TMPDIR"])
        group.start(server("bash", "-c", STUBBORN))
        wait_until(lambda: len(marked(mark)) == 3)
        assert (temporary / "a_file").exists()

        raise KeyboardInterrupt

    assert marked(mark) == []
    assert not temporary.exists()


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize("number", ENDING_SIGNALS)
def test_who_asks_again_to_end_leaves_nothing_either(
    tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    again = threading.Timer(0.5, lambda: signal.raise_signal(number))

    with suppress(KeyboardInterrupt), running(tmp_path) as group:
        mark, temporary = group.environment[MARK], Path(group.environment["TMPDIR"])
        group.start(server("bash", "-c", STUBBORN))
        wait_until(lambda: len(marked(mark)) == 3)
        again.start()

        raise KeyboardInterrupt

    assert not again.is_alive()
    assert marked(mark) == []
    assert not temporary.exists()
    assert signal.getsignal(number) is before


def test_a_server_that_was_started_as_a_signal_came_is_asked_to_end(tmp_path: Path) -> None:
    tells = "trap 'touch asked; exit' TERM; cd $SKIN_LOGS; touch up; while sleep .1; do :; done"
    with running(tmp_path) as group:
        group.start(server("bash", "-c", tells))
        wait_until((tmp_path / "up").exists)
        (_, process), *_ = group.started
        group.started = []
    assert (process.wait(), (tmp_path / "asked").exists()) == (0, True)


@pytest.mark.usefixtures("unignored")
@pytest.mark.parametrize("number", ENDING_SIGNALS)
def test_a_signal_ends_the_servers(tmp_path: Path, number: signal.Signals) -> None:
    """Of a terminal that closes too."""
    program = (
        "import sys, time; from pathlib import Path; from up import __main__ as up\n"
        "from tests.unit.test_processes import server\n"
        "up.servers = lambda _: [server('sleep', '60')]\n"
        "up.check_ports = lambda _: print('begins', flush=True)\n"
        "sys.argv = ['up']; sys.exit(up.main())"
    )
    env = os.environ | {"SKIN_LOGS": str(tmp_path), "TAG": tmp_path.name}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: tagged(tmp_path.name) == {"python", "sleep"})
        process.send_signal(number)
        said = process.communicate(timeout=20)[1]

    assert process.returncode == 0
    assert said.endswith("all ended\n")
    assert tagged(tmp_path.name) == set()


def tagged(tag: str) -> set[str]:
    """Names of the living processes of a test's own environment."""
    found = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("TAG") == tag and process.status() != psutil.STATUS_ZOMBIE:
                found.add(process.name().rstrip("0123456789."))
    return found


def test_the_servers_of_another_are_left_alone(tmp_path: Path) -> None:
    with running(tmp_path / "other") as other:
        other.start(server("sleep", "60"))

        with running(tmp_path / "ours") as ours:
            ours.start(server("sleep", "60"))

        assert len(marked(other.environment[MARK])) == 1
        assert other.ended() is None


def test_a_server_that_ends_itself_within_its_time_is_not_killed(tmp_path: Path) -> None:
    tidy = "trap 'sleep 0.3; echo tidied; exit' TERM; echo ready; while :; do sleep 0.05; done"
    log = tmp_path / "a_server.log"

    with running(tmp_path) as group:
        group.start(server("bash", "-c", tidy))
        wait_until(lambda: "ready" in log.read_text())

    assert "tidied" in log.read_text()


def test_a_server_that_ends_at_once_is_named_with_the_folder_of_its_log(tmp_path: Path) -> None:
    with running(tmp_path) as group:
        group.start(server("bash", "-c", "echo no such model; exit 3", name="Ray Serve"))

        with pytest.raises(StartError, match=f"Ray Serve ended at its start: see {tmp_path}"):
            group.wait_until_ready()

    assert (tmp_path / "ray_serve.log").read_text() == "no such model\n"


def test_a_server_that_is_not_installed_is_named(tmp_path: Path) -> None:
    with (
        running(tmp_path) as group,
        pytest.raises(StartError, match=r"Ray Serve can't be started \(.*/absent.*: install all"),
    ):
        group.start(server(str(tmp_path / "absent"), name="Ray Serve"))


def test_a_server_that_never_answers_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "READY_WITHIN_S", 0.3)

    with running(tmp_path) as group:
        group.start(server("sleep", "60", name="MLflow"))

        with pytest.raises(StartError, match=f"MLflow does not answer: see {tmp_path}"):
            group.wait_until_ready()


@pytest.mark.parametrize(
    ("path", "says"), [("", b""), ("", b"Directory listing"), ("nothing", b"File not found")]
)
def test_a_server_is_ready_when_it_answers_what_it_is_to(
    tmp_path: Path, free_url: str, path: str, says: bytes
) -> None:
    with running(tmp_path) as group:
        group.start(web_server(free_url, path, says))

        group.wait_until_ready()

        assert group.ended() is None


def test_whether_a_server_is_ready_is_asked_of_no_proxy(
    tmp_path: Path, free_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    with running(tmp_path) as group:
        group.start(web_server(free_url, ""))
        group.wait_until_ready()


@pytest.mark.parametrize(
    ("given", "expected"),
    [("", "127.0.0.1"), ("a.b,c", "a.b,c,127.0.0.1"), ("*", "*")],
)
def test_the_servers_ask_each_other_by_no_proxy(given: str, expected: str) -> None:
    assert unproxied(given, "127.0.0.1") == expected


def test_what_the_others_ask_at_their_start_is_ready_when_they_start(
    tmp_path: Path, free_url: str
) -> None:
    with running(tmp_path) as group:
        group.start(replace(web_server(free_url, ""), first=True))

        assert processes.ready(web_server(free_url, ""))


@pytest.mark.parametrize(
    ("path", "says"), [("nothing", b""), ("nothing", b"another text"), ("", b"another text")]
)
def test_a_server_that_answers_otherwise_is_not_ready(
    tmp_path: Path, free_url: str, monkeypatch: pytest.MonkeyPatch, path: str, says: bytes
) -> None:
    monkeypatch.setattr(processes, "READY_WITHIN_S", 2)

    with running(tmp_path) as group:
        group.start(web_server(free_url, path, says))

        with pytest.raises(StartError, match="does not answer"):
            group.wait_until_ready()


def test_a_port_in_use_is_named_with_its_variable(listener: socket.socket) -> None:
    port = listener.getsockname()[1]

    with pytest.raises(StartError, match=f"Port {port} is in use: .* SKIN_RAY_PORT"):
        check_ports(settings(port))


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_a_host_that_is_not_this_machine_is_no_port_in_use(host: str) -> None:
    with pytest.raises(StartError, match=f"Nothing can listen at {host}, port 8000 .* SKIN_HOST"):
        check_ports(replace(settings(8000), host=host))


def test_a_port_that_was_just_left_is_free(listener: socket.socket) -> None:
    address = listener.getsockname()
    client = socket.create_connection(address)
    # Whoever closes first leaves its side in TIME_WAIT.
    listener.accept()[0].close()
    client.close()
    listener.close()

    check_ports(settings(address[1]))

    with socket.socket() as plain, pytest.raises(OSError, match=os.strerror(98)):
        plain.bind(address)


def test_a_server_is_asked_with_the_key_it_wrote(tmp_path: Path) -> None:
    keys = tmp_path / "key_file.json"

    before = processes.authorization(keys)
    keys.write_text('{"inference": {"key": "abc"}, "API": {"key": "x"}}')

    assert before == processes.authorization(None) == {}
    assert processes.authorization(keys) == {"authorization": "Bearer abc"}
