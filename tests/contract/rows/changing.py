"""Management: scaling, versions, and removal."""

from typing import Any

from tests.contract.rows.registering import describe, register, unregister
from tests.contract.rows.row import Row, Step, row, sequence, step


def scale(status: int, path: str, **params: Any) -> Step:  # noqa: ANN401
    return step(status, f"PUT /models/{path}", port="management", params=params)


def on_idle(name: str, *steps: Step) -> Row:
    """With a model of its own, which has no worker."""
    return sequence(
        f"changing/{name}", register(200, f"rows_{name}"), *steps, unregister(f"rows_{name}")
    )


def with_versions(name: str, *steps: Step) -> Row:
    """1.0, which is the default, and 2.0."""
    model = f"rows_{name}"
    return sequence(
        f"changing/{name}",
        register(200, model),
        register(200, model, url="acting_in_batches.mar"),
        *steps,
    )


def put(status: int, path: str) -> Step:
    return step(status, f"PUT /models/{path}", port="management")


ROWS: tuple[Row, ...] = (
    on_idle(
        "scale_to_none",
        scale(200, "rows_scale_to_none", min_worker=0, synchronous="true"),
        scale(202, "rows_scale_to_none", min_worker=0),
        scale(200, "rows_scale_to_none/1.0", min_worker=0, synchronous="true"),
        describe("rows_scale_to_none"),
    ),
    on_idle(
        "scale_max_below_min",
        scale(400, "rows_scale_max_below_min", min_worker=2, max_worker=1),
        scale(400, "rows_scale_max_below_min", max_worker=0),
        scale(400, "rows_scale_max_below_min/1.0", min_worker=2, max_worker=1, synchronous="true"),
        describe("rows_scale_max_below_min"),
    ),
    on_idle("scale_negative", scale(500, "rows_scale_negative", min_worker=-1, synchronous="true")),
    on_idle(
        "scale_to_a_range",
        scale(200, "rows_scale_to_a_range", min_worker=0, max_worker=3, synchronous="true"),
        describe("rows_scale_to_a_range"),
    ),
    on_idle("scale_unknown_version", scale(404, "rows_scale_unknown_version/9.9", min_worker=0)),
    sequence("changing/scale-unknown", scale(404, "nobody", min_worker=0)),
    sequence("changing/scale-to-what-is", scale(200, "greeting", min_worker=1, synchronous="true")),
    sequence(
        "changing/scale-unused-parameters",
        scale(200, "greeting", min_worker=1, number_gpu=1, timeout=-1, synchronous="true"),
    ),
    sequence(
        "changing/scale-no-number", scale(200, "greeting", min_worker="x", synchronous="true")
    ),
    with_versions(
        "set_default",
        describe("rows_set_default"),
        put(200, "rows_set_default/2.0/set-default"),
        describe("rows_set_default"),
        describe("rows_set_default/all"),
        put(200, "rows_set_default/2.0/set-default"),
        put(404, "rows_set_default/3.3/set-default"),
        unregister("rows_set_default/2.0", 403),
        unregister("rows_set_default", 403),
        unregister("rows_set_default/1.0"),
        unregister("rows_set_default"),
        describe("rows_set_default", 404),
    ),
    with_versions(
        "scale_by_query",
        scale(200, "rows_scale_by_query", model_version="2.0", min_worker=0, synchronous="true"),
        scale(404, "rows_scale_by_query", model_version="9.9", min_worker=0, synchronous="true"),
        unregister("rows_scale_by_query/2.0"),
        unregister("rows_scale_by_query"),
    ),
    with_versions(
        "remove_versions",
        unregister("rows_remove_versions", 403),
        unregister("rows_remove_versions/1.0", 403),
        unregister("rows_remove_versions/9.9", 404),
        unregister("rows_remove_versions/2.0"),
        describe("rows_remove_versions/2.0", 404),
        describe("rows_remove_versions/all"),
        unregister("rows_remove_versions/1.0"),
        unregister("rows_remove_versions/1.0", 404),
    ),
    with_versions(
        "versions_without_workers",
        step(503, "POST /predictions/rows_versions_without_workers", content=b"x"),
        step(503, "POST /predictions/rows_versions_without_workers/2.0", content=b"x"),
        step(404, "POST /predictions/rows_versions_without_workers/3.0", content=b"x"),
        unregister("rows_versions_without_workers/2.0"),
        unregister("rows_versions_without_workers"),
    ),
    row(
        "changing/set-default-unknown", 404, "PUT /models/nobody/1.0/set-default", port="management"
    ),
    row("changing/set-default-POST", 405, "POST /models/acting/1.0/set-default", port="management"),
    row("changing/set-default-same", 200, "PUT /models/acting/1.0/set-default", port="management"),
    row("changing/remove-unknown", 404, "DELETE /models/nobody", port="management"),
    row("changing/remove-unknown-version", 404, "DELETE /models/acting/9.9", port="management"),
    row("changing/remove-default", 403, "DELETE /models/acting", port="management"),
    row("changing/remove-slash", 403, "DELETE /models/acting/", port="management"),
    row("changing/remove-workflow", 404, "DELETE /workflows/nobody", port="management"),
)
