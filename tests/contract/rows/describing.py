"""Management: lists, descriptions and KServe's readiness."""

from typing import Any

import httpx

from tests.contract.rows.registering import describe, register, unregister
from tests.contract.rows.row import Row, row, sequence, step


def listed(name: str, path: str, status: int = 200, **options: Any) -> Row:  # noqa: ANN401
    return row(f"describing/{name}", status, f"GET {path}", port="management", **options)


def our_models(answer: httpx.Response) -> object:
    """The two servers may serve other models as well."""
    found = answer.json()
    return {
        "has": list(found),
        "models": [one for one in found["models"] if one["modelName"].startswith("rows_")],
    }


ROWS: tuple[Row, ...] = (
    sequence(
        "describing/list",
        register(200, "rows_b"),
        register(200, "rows_a"),
        register(200, "rows_a", url="acting_in_batches.mar"),
        step(200, "GET /models", port="management", view=our_models),
        step(200, "GET /models/", port="management", view=our_models),
        step(200, "GET /models?limit=100&next_page_token=0", port="management", view=our_models),
        unregister("rows_a/2.0"),
        unregister("rows_a"),
        unregister("rows_b"),
    ),
    listed("list-one", "/models?limit=1"),
    listed("list-next", "/models?limit=1&next_page_token=1"),
    listed("list-two", "/models?limit=2"),
    listed("list-last-page", "/models?limit=100&next_page_token=2"),
    listed("list-none", "/models?limit=0"),
    listed("list-negative", "/models?limit=-1"),
    listed("list-too-many", "/models?limit=101"),
    listed("list-no-number", "/models?limit=x&next_page_token=y"),
    listed("list-beyond", "/models?next_page_token=1000"),
    listed("list-negative-token", "/models?next_page_token=-1"),
    listed("list-unknown-parameter", "/models?more=1"),
    listed("default", "/models/acting"),
    listed("slash", "/models/acting/"),
    listed("version", "/models/acting/1.0"),
    listed("other-version", "/models/acting/2.0"),
    listed("all", "/models/acting/all"),
    listed("child", "/models/greeting"),
    listed("unknown", "/models/nobody", 404),
    listed("unknown-version", "/models/acting/9.9", 404),
    listed("unknown-all", "/models/nobody/all", 404),
    listed("customized", "/models/greeting?customized=true"),
    listed("customized-false", "/models/greeting?customized=false"),
    listed("customized-one", "/models/greeting?customized=1"),
    listed("customized-all", "/models/greeting/all?customized=true"),
    listed("customized-function", "/models/acting/1.0?customized=true"),
    listed("deeper", "/models/acting/1.0/more", 404),
    sequence(
        "describing/without-workers",
        register(200, "rows_idle"),
        describe("rows_idle"),
        describe("rows_idle?customized=true", 503),
        step(503, "POST /predictions/rows_idle", content=b"x"),
        step(503, "POST /predictions/rows_idle/1.0", content=b"x"),
        step(503, "POST /explanations/rows_idle", content=b"x"),
        step(503, "POST /v1/models/rows_idle:predict", content=b"x"),
        step(200, "GET /v1/models/rows_idle", port="management"),
        step(200, "GET /ping"),
        unregister("rows_idle"),
    ),
    listed("kserve-ready", "/v1/models/acting"),
    listed("kserve-ready-unknown", "/v1/models/nobody", 404),
    listed("kserve-ready-slash", "/v1/models/acting/"),
    listed("kserve-models", "/v1/models", 404),
    listed("kserve-v2-ready", "/v2/models/acting/ready", 404),
    listed("workflows", "/workflows"),
    listed("workflow-unknown", "/workflows/nobody", 404),
    listed("token-without-authorization", "/token?type=inference", 400),
    listed("nothing", "/nothing", 404),
    listed("predictions-on-management", "/predictions/acting", 404),
    listed("ping-on-management", "/ping", 404),
    listed("metrics-on-management", "/metrics", 404),
    row("describing/models-on-inference", 404, "GET /models"),
    row("describing/model-on-inference", 404, "GET /models/acting"),
    row("describing/kserve-ready-on-inference", 404, "GET /v1/models/acting"),
    row("describing/predictions-on-metrics", 404, "GET /predictions/acting", port="metrics"),
    row("describing/models-on-metrics", 404, "GET /models", port="metrics"),
    row("describing/ping-on-metrics", 404, "GET /ping", port="metrics"),
    row("describing/nothing-on-metrics", 404, "GET /nothing", port="metrics"),
)
