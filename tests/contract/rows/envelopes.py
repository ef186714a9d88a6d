"""With a service_envelope, which changes every answer: each needs servers of its own.

Those have two other settings that the session's servers can't have, too.
"""

from collections.abc import Mapping
from typing import Any

from tests.contract.rows.row import Envelope, Row, Step, step

PREDICT = "POST /predictions/acting"
V1 = "POST /v1/models/acting:predict"
V1_EXPLAIN = "POST /v1/models/acting:explain"
V2 = "POST /v2/models/acting/infer"
V2_EXPLAIN = "POST /v2/models/acting/explain"
INPUT = {"name": "one", "shape": [2, 2], "datatype": "FP32", "data": [1.5, 2, 3, 4]}
LETTERS = {"name": "letters", "shape": [1], "datatype": "BYTES", "data": ["hello"]}
AS_IS = {"x-act": "back"}
# The pattern that is blacklist_env_vars, and variables of the servers.
HIDDEN = "SKIN_TEST_(SECRET|KEY)"
VARIABLES = ("SKIN_TEST_SECRET", "SKIN_TEST_KEY", "SKIN_TEST_KEYS", "A_SKIN_TEST_KEY")


def under(
    needs: Envelope,
    name: str,
    status: int,
    line: str,
    *,
    headers: Mapping[str, str] | None = None,
    **options: Any,  # noqa: ANN401
) -> Row:
    """The handler gives back what the envelope hands it, unless it is told something else."""
    found: Step = step(status, line, headers=AS_IS | dict(headers or {}), **options)
    return Row(id=f"{needs}/{name}", steps=(found,), needs=needs)


def kserve(name: str, status: int, line: str, **options: Any) -> Row:  # noqa: ANN401
    return under("kserve", name, status, line, **options)


def v2(name: str, status: int, line: str, **options: Any) -> Row:  # noqa: ANN401
    return under("kservev2", name, status, line, **options)


def inputs(*found: object, **more: object) -> dict[str, object]:
    return {"inputs": list(found)} | more


JPEG: dict[str, Any] = {"content": b"\xff\xd8\xff", "headers": {"content-type": "image/jpeg"}}

ROWS: tuple[Row, ...] = (
    kserve("one", 200, V1, json={"instances": [[1, 2]]}),
    kserve("two", 200, V1, json={"instances": [1, 2]}),
    kserve("texts", 200, V1, json={"instances": ["a"]}),
    kserve("objects", 200, V1, json={"instances": [{"data": "YWJj"}]}),
    kserve("by-predictions", 200, PREDICT, json={"instances": [1]}),
    kserve("untyped", 200, V1, content=b'{"instances": [1]}'),
    kserve("explained", 200, V1_EXPLAIN, json={"instances": [1]}),
    kserve("explained-by-explanations", 200, "POST /explanations/acting", json={"instances": [1]}),
    kserve("no-instances", 503, V1, json={"other": [1]}),
    kserve("list", 503, V1, json=[1]),
    kserve("image", 503, PREDICT, **JPEG),
    kserve("empty", 503, V1),
    kserve(
        "refused",
        422,
        V1,
        json={"instances": [1]},
        headers={"x-act": "refuse", "x-value": '["no", 422]'},
    ),
    kserve("unknown", 404, "POST /v1/models/nobody:predict", json={"instances": [1]}),
    v2("one", 200, V2, json=inputs(INPUT), shaped=r"\.json\.id"),
    v2("own-id", 200, V2, json=inputs(INPUT, id="mine")),
    v2("empty-id", 200, V2, json=inputs(INPUT, id=" "), shaped=r"\.json\.id"),
    v2("two-inputs", 200, V2, json=inputs(INPUT, INPUT | {"name": "two"}, id="mine")),
    v2("letters", 200, V2, json=inputs(LETTERS, id="mine")),
    v2("by-predictions", 200, PREDICT, json=inputs(INPUT, id="mine")),
    v2("explained", 200, V2_EXPLAIN, json=inputs(INPUT, id="mine")),
    v2("version", 200, f"{PREDICT}/1.0", json=inputs(INPUT, id="mine")),
    v2("wrong-shape", 503, V2, json=inputs(INPUT | {"shape": [3]}, id="mine")),
    v2("no-inputs", 503, V2, json={"id": "mine"}),
    v2("image", 503, PREDICT, **JPEG),
    v2("unknown", 404, "POST /v2/models/nobody/infer", json=inputs(INPUT)),
    under("json", "one", 200, PREDICT, json={"instances": [[1, 2]]}),
    under("json", "two", 200, PREDICT, json={"instances": [1, 2]}),
    under("json", "explained", 200, "POST /explanations/acting", json={"instances": [1]}),
    under("json", "no-instances", 503, PREDICT, json={"other": [1]}),
    under("json", "image", 503, PREDICT, **JPEG),
    under("body", "object", 200, PREDICT, json={"a": 1}),
    under("body", "text", 200, PREDICT, content=b"hello", headers={"content-type": "text/plain"}),
    under("body", "file", 200, PREDICT, files={"data": ("a.txt", b"hello", "text/plain")}),
    under("body", "empty", 200, PREDICT),
    *(
        under("body", name, 200, PREDICT, headers={"x-act": "variable", "x-value": f'"{name}"'})
        for name in VARIABLES
    ),
    under("body", "no-metrics", 404, "GET /metrics"),
    under("body", "no-metrics-on-management", 404, "GET /metrics", port="management"),
)
