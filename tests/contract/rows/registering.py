"""Management: what can be registered, what is refused, and the words of both."""

from typing import Any

from tests.contract.rows.row import Row, Step, row, sequence, step

URL = "acting.mar"


def register(status: int, name: str, **given: Any) -> Step:  # noqa: ANN401
    """Without a worker, if none is asked for: that is what takes time."""
    params = {"url": URL, "model_name": name, "initial_workers": 0} | given
    return step(status, "POST /models", port="management", params=params)


def register_json(status: int, name: str, **given: Any) -> Step:  # noqa: ANN401
    body = {"url": URL, "model_name": name, "initial_workers": 0} | given
    return step(status, "POST /models", port="management", json=body)


def describe(name: str, status: int = 200, **options: Any) -> Step:  # noqa: ANN401
    return step(status, f"GET /models/{name}", port="management", **options)


def unregister(name: str, status: int | None = 200) -> Step:
    return step(status, f"DELETE /models/{name}", port="management")


def registered(name: str, *, json: bool = False, **given: Any) -> Row:  # noqa: ANN401
    """Registered, described and removed, under the row's own name."""
    model = f"rows_{name.replace('-', '_')}"
    asked = register_json if json else register
    return sequence(
        f"registering/{name}", asked(200, model, **given), describe(model), unregister(model)
    )


def refused(name: str, status: int, **given: Any) -> Row:  # noqa: ANN401
    return row(f"registering/{name}", status, "POST /models", port="management", **given)


ROWS: tuple[Row, ...] = (
    registered("query"),
    registered("json", json=True),
    registered("batch", batch_size=8, max_batch_delay=50),
    registered("batch-json", json=True, batch_size=8, max_batch_delay=50),
    registered("batch-json-without-delay", json=True, batch_size=8),
    registered("timeouts", response_timeout=7, startup_timeout=9),
    registered("timeouts-json", json=True, response_timeout=7, startup_timeout=9),
    registered("numbers-that-are-none", batch_size="many", max_batch_delay="long"),
    registered("runtime", runtime="python3"),
    registered("handler", handler="acting.py:handle"),
    registered("asynchronous", synchronous="false"),
    registered("synchronous-in-capitals", synchronous="TRUE"),
    registered("config-of-the-archive", url="acting_in_batches.mar"),
    registered("config-and-query", url="acting_in_batches.mar", batch_size=2, max_batch_delay=9),
    registered("child-of-base-handler", url="greeting.mar"),
    registered("queue-of-the-archive", url="impatient.mar"),
    registered("unknown-parameter", nobody_knows="1"),
    sequence(
        "registering/name-of-the-archive",
        step(
            200,
            "POST /models",
            port="management",
            params={"url": "plain.mar", "initial_workers": 0},
        ),
        describe("plain"),
        unregister("plain"),
    ),
    sequence(
        "registering/a-name-with-a-space",
        register(200, "rows a b"),
        describe("rows%20a%20b"),
        unregister("rows%20a%20b"),
    ),
    sequence(
        "registering/twice",
        register(200, "rows_twice"),
        register(409, "rows_twice"),
        register_json(409, "rows_twice"),
        unregister("rows_twice"),
    ),
    sequence(
        "registering/again-after-removal",
        register(200, "rows_again"),
        unregister("rows_again"),
        register(200, "rows_again"),
        unregister("rows_again"),
    ),
    refused("nothing", 400),
    refused("no-url", 400, params={"model_name": "rows_none"}),
    refused("no-url-json", 400, json={"model_name": "rows_none"}),
    refused("empty-json-object", 400, json={}),
    refused("empty-url", 404, params={"url": ""}),
    refused("missing-file", 404, params={"url": "nobody.mar"}),
    refused("missing-file-json", 404, json={"url": "nobody.mar"}),
    refused("relative-path", 404, params={"url": "../acting.mar"}),
    refused("absolute-path", 404, params={"url": "/nowhere/nobody.mar"}),
    refused("unreachable-address", 400, params={"url": "http://127.0.0.1:9/nobody.mar"}),
    refused("missing-file-address", 400, params={"url": "file:///nowhere/nobody.mar"}),
    refused("unknown-scheme", 404, params={"url": "ftp://127.0.0.1/nobody.mar"}),
    refused(
        "runtime-unknown", 400, params={"url": URL, "model_name": "rows_none", "runtime": "lua"}
    ),
    refused("broken-json", 500, content=b"{", headers={"content-type": "application/json"}),
    refused("empty-json", 500, content=b"", headers={"content-type": "application/json"}),
    refused("json-list", 500, json=[1]),
    refused(
        "json-as-text",
        400,
        content=b'{"url": "acting.mar"}',
        headers={"content-type": "text/plain"},
    ),
    refused("form-is-no-query", 400, data={"url": URL}),
    *(
        refused(name, 400, params={"url": f"{name.replace('-', '_')}.mar", "initial_workers": 0})
        for name in ("no-zip", "no-manifest", "broken-manifest")
    ),
    sequence(
        "registering/no-handler",
        register(200, "rows_no_handler", url="no_handler.mar"),
        unregister("rows_no_handler", None),
    ),
    sequence(
        "registering/fails-to-start",
        register(500, "broken", url="broken.mar", initial_workers=1),
        unregister("broken", None),
    ),
)
