"""Starting servers and ending every process they left, and no other."""

import errno
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from up.servers import Server
from up.settings import ROOT, Settings

# Inherited by all that a server starts, its JVM and Ray's daemons too, whatever group they join.
MARK = "SKIN_STARTED_BY"
READY_WITHIN_S = 180
ENDED_WITHIN_S = 20
KILLED_WITHIN_S = 5
ASK_EVERY_S = 0.5
# What this machine's own servers are asked goes through no proxy.
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class StartError(Exception):
    """A server that can't start; the text says which, and what to do."""


def check_ports(settings: Settings) -> None:
    for name, port in settings.ports.items():
        with socket.socket() as one:
            # As the servers do, so that a port just left is no port in use.
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((settings.host, port))
            except OSError as error:
                raise StartError(
                    f"Port {port} is in use: end what listens there, or set {name} to another."
                    if error.errno == errno.EADDRINUSE
                    else f"Nothing can listen at {settings.host}, port {port} ({error.strerror}):"
                    f" set SKIN_HOST to an address of this machine, or {name} to another port."
                ) from error


@dataclass
class Running:
    """Servers with a mark and a temporary folder of their own."""

    logs: Path
    environment: dict[str, str]
    started: list[tuple[Server, subprocess.Popen[bytes]]] = field(default_factory=list)

    def start(self, server: Server) -> None:
        log = self.logs / f"{server.name.lower().replace(' ', '_')}.log"
        with log.open("wb") as output:
            try:
                process = subprocess.Popen(
                    server.command,
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    # A Ctrl-C in the terminal is ours to answer.
                    start_new_session=True,
                )
            except OSError as error:
                raise StartError(
                    f"{server.name} can't be started ({error}): install all of this project."
                ) from error
        self.started.append((server, process))
        if server.first:
            self.wait_until_ready()

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_WITHIN_S
        for server, process in self.started:
            while not ready(server):
                if process.poll() is not None:
                    raise StartError(f"{server.name} ended at its start: see {self.logs}.")
                if time.monotonic() > deadline:
                    raise StartError(f"{server.name} does not answer: see {self.logs}.")
                time.sleep(ASK_EVERY_S)

    def ended(self) -> Server | None:
        return next((s for s, process in self.started if process.poll() is not None), None)

    def end(self) -> None:
        # Also one whose start a Ctrl-C came in between, so that it is in no list.
        for one in marked(self.environment[MARK]):
            with suppress(psutil.NoSuchProcess):
                if one.ppid() == os.getpid():
                    one.terminate()
        deadline = time.monotonic() + ENDED_WITHIN_S
        while time.monotonic() < deadline and marked(self.environment[MARK]):
            for _, process in self.started:
                process.poll()
            time.sleep(ASK_EVERY_S)
        survivors = marked(self.environment[MARK])
        for survivor in survivors:
            with suppress(psutil.NoSuchProcess):
                survivor.kill()
        psutil.wait_procs(survivors, timeout=KILLED_WITHIN_S)
        for _, child in self.started:
            child.wait()


def ready(server: Server) -> bool:
    """Whether it answers, well or with what it is to say."""
    request = urllib.request.Request(server.ready_url, headers=authorization(server.key_file))
    try:
        with DIRECTLY.open(request, timeout=5) as answer:
            return not server.ready_says or server.ready_says in answer.read()
    except urllib.error.HTTPError as error:
        return bool(server.ready_says) and server.ready_says in error.read()
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError):
        return False


def authorization(key_file: Path | None) -> dict[str, str]:
    """None before the server has written its keys, or where it wants none."""
    try:
        key = json.loads(key_file.read_text())["inference"]["key"] if key_file else None
    except (OSError, ValueError, KeyError):
        return {}
    return {"authorization": f"Bearer {key}"} if key else {}


def marked(mark: str) -> list[psutil.Process]:
    """The living processes that inherited `mark`."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return [process for process in found if process.pid != os.getpid()]


@contextmanager
def running(logs: Path, env: Mapping[str, str] = os.environ) -> Iterator[Running]:
    """A place to start servers in; none of their processes or temporary files outlives it."""
    logs.mkdir(parents=True, exist_ok=True)
    # Ray's sockets lie in it, and a socket's path may have 107 characters at most.
    folder = Path(tempfile.mkdtemp(prefix="sk-", dir="/tmp"))
    own = {
        MARK: secrets.token_hex(8),
        "TMPDIR": str(folder),
        "SKIN_LOGS": str(logs),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    }
    group = Running(logs=logs, environment={**env, **own})
    try:
        yield group
    finally:
        with undisturbed():
            group.end()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Whoever asks a second time to end would leave the servers without anybody to end them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, signal.SIG_IGN) for number in ENDING_SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(ENDING_SIGNALS, before, strict=True):
            signal.signal(number, handler)
