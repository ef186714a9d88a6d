"""Inference does not look at the method; everything else does."""

from tests.contract.rows import views
from tests.contract.rows.row import Row, row

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
TEXT = {"content": b"hello", "headers": {"content-type": "text/plain"}}

ROWS: tuple[Row, ...] = (
    *(
        row(f"methods/predict-{word}", 200, f"{word} /predictions/acting", **TEXT)
        for word in METHODS
    ),
    row("methods/predict-HEAD", 200, "HEAD /predictions/acting", view=views.nothing),
    row("methods/explain-GET", 200, "GET /explanations/acting"),
    row("methods/invocations-GET", 200, "GET /invocations?model_name=acting"),
    row("methods/kserve-v1-GET", 200, "GET /v1/models/acting:predict"),
    row("methods/kserve-v2-PUT", 200, "PUT /v2/models/acting/infer", **TEXT),
    *(row(f"methods/ping-{word}", 200, f"{word} /ping") for word in METHODS),
    row("methods/ping-longer", 200, "GET /ping/x"),
    *(row(f"methods/root-{word}", 405, f"{word} /") for word in METHODS),
    *(
        row(f"methods/root-{word}-{port}", 405, f"{word} /", port=port)
        for word in ("GET", "POST")
        for port in ("management", "metrics")
    ),
    row("methods/root-OPTIONS", 200, "OPTIONS /", view=views.description),
    row(
        "methods/root-OPTIONS-management",
        200,
        "OPTIONS /",
        port="management",
        view=views.description,
    ),
    row("methods/root-OPTIONS-metrics", 200, "OPTIONS /", port="metrics", view=views.description),
    row("methods/two-slashes", 405, "OPTIONS /", raw="//"),
    row("methods/star", 500, "OPTIONS /", raw="*"),
    row("methods/description", 200, "GET /api-description", view=views.description),
    row("methods/description-POST", 200, "POST /api-description", view=views.description),
    row(
        "methods/description-management",
        200,
        "GET /api-description",
        port="management",
        view=views.description,
    ),
    row(
        "methods/description-metrics",
        200,
        "GET /api-description",
        port="metrics",
        view=views.description,
    ),
    row("methods/description-longer", 404, "GET /api-description/x"),
    row("methods/model-OPTIONS", 200, "OPTIONS /predictions/acting", view=views.description),
    row(
        "methods/model-OPTIONS-version",
        200,
        "OPTIONS /predictions/acting/2.0",
        view=views.description,
    ),
    row("methods/model-OPTIONS-unknown", 404, "OPTIONS /predictions/nobody"),
    row("methods/model-OPTIONS-unknown-version", 404, "OPTIONS /predictions/acting/9.9"),
    row(
        "methods/model-OPTIONS-kserve",
        200,
        "OPTIONS /v1/models/acting:predict",
        view=views.description,
    ),
    row(
        "methods/model-OPTIONS-management",
        200,
        "OPTIONS /models/acting",
        port="management",
        view=views.description,
    ),
    row(
        "methods/model-OPTIONS-management-unknown", 404, "OPTIONS /models/nobody", port="management"
    ),
    *(
        row(f"methods/models-{word}", 405, f"{word} /models", port="management")
        for word in ("PUT", "DELETE", "PATCH", "OPTIONS")
    ),
    *(
        row(f"methods/model-{word}", 405, f"{word} /models/acting", port="management")
        for word in ("POST", "PATCH")
    ),
    row("methods/model-HEAD", 405, "HEAD /models/acting", port="management", view=views.nothing),
    row("methods/unknown-model-PATCH", 405, "PATCH /models/nobody", port="management"),
    row("methods/kserve-ready-POST", 405, "POST /v1/models/acting", port="management"),
)
