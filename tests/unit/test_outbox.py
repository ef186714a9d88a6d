"""Messages wait on disk in their order, whatever happens to who writes or sends them."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from train.delivery import Delivery, Refused, Unreachable, send
from train.outbox import Message, Outbox, State, exclusive

HOLD = """
import sys, time
from pathlib import Path
from train.outbox import Outbox
with Outbox(Path(sys.argv[1])).sending() as allowed:
    print(allowed, flush=True)
    time.sleep(60)
"""


class Server:
    """Takes what a test lets it take."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.up = True
        self.refuses = ""

    def deliver(self, message: Message, run_id: str | None) -> str | None:
        if not self.up:
            raise Unreachable("no answer")
        if message["kind"] == self.refuses:
            raise Refused("not like this")
        self.taken.append(message["kind"])
        return run_id or "a run"


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "outbox")


def kinds(outbox: Outbox) -> list[str]:
    return [waiting.message["kind"] for waiting in outbox.waiting()]


def test_what_is_put_waits_in_its_order(outbox: Outbox) -> None:
    for kind in ("first", "second\n", "third"):
        outbox.put({"kind": kind})

    assert kinds(outbox) == ["first", "second\n", "third"]


def test_a_line_that_a_killed_process_left_half_written_spoils_no_other(outbox: Outbox) -> None:
    outbox.put({"kind": "first"})
    with outbox.messages.open("a") as file:
        file.write('{"kind": "ha')

    before = kinds(outbox)
    outbox.put({"kind": "second"})

    assert (before, kinds(outbox)) == (["first"], ["first", "second"])


def test_a_message_waits_while_another_is_being_written(outbox: Outbox) -> None:
    outbox.put({"kind": "first"})
    with outbox.messages.open("ab+") as file, exclusive(file.fileno()):
        file.write(b'{"kind": "sec')
        file.flush()
        other = threading.Thread(target=outbox.put, args=({"kind": "third"},))
        other.start()
        other.join(0.3)
        file.write(b'ond"}\n')
        file.flush()
    other.join(10)

    assert kinds(outbox) == ["first", "second", "third"]


def test_one_process_sends_at_a_time_and_one_that_is_killed_is_in_nobodys_way(
    outbox: Outbox,
) -> None:
    outbox.put({"kind": "first"})
    server = Server()
    command = [sys.executable, "-c", HOLD, str(outbox.folder)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    with other, other.stdout as told:
        assert told.readline() == "True\n"

        send(outbox, server.deliver)
        meanwhile = list(server.taken)
        other.send_signal(signal.SIGKILL)
        other.wait(timeout=10)
        send(outbox, server.deliver)

    assert (meanwhile, server.taken) == ([], ["first"])


def test_what_could_not_be_sent_is_kept_with_the_reason_and_sent_later(outbox: Outbox) -> None:
    server = Server()
    outbox.put({"kind": "first"})
    send(outbox, server.deliver)
    outbox.put({"kind": "second"})
    outbox.put({"kind": "third"})
    server.up = False

    reached = send(outbox, server.deliver)
    kept, state = kinds(outbox), outbox.state()
    server.up = True
    send(outbox, server.deliver)

    assert not reached
    assert (kept, state.failure, state.run_id) == (["second", "third"], "no answer", "a run")
    assert server.taken == ["first", "second", "third"]
    assert (kinds(outbox), outbox.state().failure) == ([], None)


def test_a_message_that_is_refused_holds_up_no_other_and_can_still_be_read(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server()
    server.refuses = "bad"
    for kind in ("first", "bad", "last"):
        outbox.put({"kind": kind})

    send(outbox, server.deliver)

    assert server.taken == ["first", "last"]
    assert f"refused a message, left out: {outbox.messages}: not like this" in caplog.text
    written = [json.loads(line)["kind"] for line in outbox.messages.read_text().splitlines()]
    assert written == ["first", "bad", "last"]


def test_a_file_is_kept_until_it_is_sent(outbox: Outbox) -> None:
    kept = outbox.place("a.txt")
    kept.write_text("words")
    outbox.put_file(kept, "")
    server = Server()
    server.up = False

    send(outbox, server.deliver)
    before = kept.read_text()
    server.up = True
    send(outbox, server.deliver)

    assert before == "words"
    assert not kept.exists()


def test_who_has_put_nothing_sends_nothing(outbox: Outbox) -> None:
    server = Server()
    outbox.put({"kind": "from rank 0"})

    watching = Delivery(outbox, server.deliver, "a server")
    watching.begin(0)
    time.sleep(0.5)

    assert server.taken == []


def test_it_is_said_once_that_a_server_is_down_and_once_that_it_is_back(
    outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    outbox.put({"kind": "from rank 0"})
    watching = Delivery(outbox, Server().deliver, "a server")

    for failure in (None, "no answer", "no answer", None, None):
        outbox.mark(State(failure=failure))
        watching.tell()

    down, back = caplog.messages
    assert "a server can't be reached" in down
    assert "a server is back" in back


def test_a_server_that_takes_its_time_holds_up_the_end_no_longer_than_allowed(
    outbox: Outbox,
) -> None:
    released = threading.Event()

    def slow(message: Message, run_id: str | None) -> str | None:
        released.wait(20)
        return run_id

    delivery = Delivery(outbox, slow, "a server")
    delivery.begin(outbox.put({"kind": "first"}))

    kept = delivery.settle(0.3)
    released.set()
    sent = delivery.settle(10)

    assert (kept, sent) == (1, 0)
