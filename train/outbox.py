"""Messages of a run that wait in its folder: appended whole, sent in order, marked when sent."""

import fcntl
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

MESSAGES = "messages.jsonl"

Message = dict[str, Any]

# A record lock keeps other processes out, but not this one's other threads.
_ONE_SENDER = threading.Lock()


@dataclass(frozen=True, kw_only=True)
class State:
    """`sent` are the bytes of the messages that were dealt with; `failure` is why no more were."""

    sent: int = 0
    run_id: str | None = None
    failure: str | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A message and the byte at which it ends."""

    message: Message
    end: int


class Outbox:
    """Nothing is ever taken out of the messages, so what was refused can still be read there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.messages = folder / MESSAGES
        self.sent = folder / "sent.json"

    def put(self, message: Message) -> int:
        """The byte at which the message ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = json.dumps(message).encode() + b"\n"
        with self.messages.open("ab+") as file, exclusive(file.fileno()):
            file.seek(0)
            # A process that was killed may have left the beginning of a line.
            file.truncate(file.read().rfind(b"\n") + 1)
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def place(self, name: str) -> Path:
        """Where a file of this name is kept until it is sent."""
        folder = self.folder / "files" / uuid4().hex
        folder.mkdir(parents=True)
        return folder / name

    def put_file(self, kept: Path, folder: str) -> int:
        """`kept` was written to a `place`."""
        with kept.open("rb+") as file:
            os.fsync(file.fileno())
        name = str(kept.relative_to(self.folder))
        return self.put({"kind": "file", "file": name, "folder": folder})

    def discard(self, message: Message) -> None:
        """Deletes the file that was kept for a message."""
        if message["kind"] == "file":
            shutil.rmtree((self.folder / message["file"]).parent, ignore_errors=True)

    def first(self) -> Message:
        with self.messages.open() as file:
            message: Message = json.loads(file.readline())
        return message

    def waiting(self) -> list[Waiting]:
        return self.after(self.state().sent)

    def after(self, end: int) -> list[Waiting]:
        """The whole messages after this byte."""
        if not self.messages.exists():
            return []
        found = []
        with self.messages.open("rb") as file:
            file.seek(end)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                found.append(Waiting(message=json.loads(line), end=end))
        return found

    def state(self) -> State:
        try:
            return State(**json.loads(self.sent.read_text()))
        # Of what was never sent; looked at beforehand, it could be moved in between.
        except FileNotFoundError:
            return State()

    def mark(self, state: State) -> None:
        """Replaces the state in one step; only within `sending`."""
        new = self.sent.with_suffix(".new")
        with new.open("w") as file:
            json.dump(asdict(state), file)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.sent)

    @contextmanager
    def sending(self) -> Iterator[bool]:
        """Whether this thread of this process may send; never waits for another."""
        if not _ONE_SENDER.acquire(blocking=False):
            yield False
            return
        try:
            with (self.folder / "sending.lock").open("w") as file:
                try:
                    # Unlike flock's it is not inherited: loading processes outlive a killed worker.
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    yield False
                else:
                    yield True
        finally:
            _ONE_SENDER.release()


@contextmanager
def exclusive(descriptor: int) -> Iterator[None]:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
