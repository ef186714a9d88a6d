"""Batches, queues and workers that end: what several requests at once are answered."""

import json
from typing import Any

from tests.contract.rows.returned import act
from tests.contract.rows.row import Row, Step, sequence, step

BATCHED = "POST /predictions/acting/2.0"
IMPATIENT = "POST /predictions/impatient"


def acting(status: int | tuple[int, ...], path: str, word: str, value: object, **more: Any) -> Step:  # noqa: ANN401
    headers = {"x-act": word, "x-value": json.dumps(value), "content-type": "text/plain"}
    return step(status, path, headers=headers, **more)


# The next request waits until the worker is back.
BACK = acting(200, IMPATIENT, "answer", "back")
# What a request's body is does not matter to most.
BODY = (b"x",)

ROWS: tuple[Row, ...] = (
    sequence("working/full-batch", acting((200,) * 4, BATCHED, "sleep", 0.1, bodies=BODY * 4)),
    sequence("working/part-of-a-batch", acting((200,) * 3, BATCHED, "sleep", 0.1, bodies=BODY * 3)),
    sequence("working/over-a-batch", acting((200,) * 6, BATCHED, "sleep", 0.3, bodies=BODY * 6)),
    act("working/batch-of-one", "sleep", 0, path=BATCHED),
    sequence(
        "working/no-batches",
        acting((200,) * 3, "POST /predictions/acting", "sleep", 0.1, bodies=BODY * 3),
    ),
    sequence(
        "working/batch-refused",
        acting((422,) * 4, BATCHED, "refuse", ["not like this", 422], bodies=BODY * 4),
    ),
    sequence(
        "working/one-bad-in-a-batch",
        acting((400,) * 4, BATCHED, "refuse_marked", 0.1, bodies=(b"good", b"bad", b"ok", b"fine")),
    ),
    sequence(
        "working/queue-is-full",
        acting((200,) * 3 + (503,) * 3, IMPATIENT, "sleep", 1, bodies=BODY * 6),
    ),
    act("working/threads-wait", "variable", "GOMP_SPINCOUNT"),
    sequence("working/exits", acting(500, IMPATIENT, "leave", 1), BACK),
    sequence("working/exits-by-python", acting(500, IMPATIENT, "leave_by_python", 1), BACK),
    sequence("working/interrupted", acting(500, IMPATIENT, "interrupt", None), BACK),
    sequence("working/killed", acting(500, IMPATIENT, "kill", None, also=507), BACK),
    sequence("working/too-slow", acting(500, IMPATIENT, "sleep", 10)),
)
