"""Inference: every path that leads to a model, and those that do not."""

from tests.contract.rows.row import Row, row

TEXT = {"content": b"hello", "headers": {"content-type": "text/plain"}}
JSON = {"json": {"instances": [1]}}

FOUND = (
    ("default", "/predictions/acting"),
    ("trailing-slash", "/predictions/acting/"),
    ("version", "/predictions/acting/1.0"),
    ("other-version", "/predictions/acting/2.0"),
    ("version-and-slash", "/predictions/acting/1.0/"),
    ("url-path", "/predictions/acting/1.0/any/more"),
    ("url-path-slash", "/predictions/acting/1.0/any/"),
    ("query-is-ignored", "/predictions/acting?x=1"),
    ("explanations", "/explanations/acting"),
    ("explanations-slash", "/explanations/acting/"),
    ("explanations-version", "/explanations/acting/1.0"),
    ("explanations-other-version", "/explanations/acting/2.0"),
    ("explanations-query", "/explanations/acting/1.0?target=MEL"),
    ("explanations-url-path", "/explanations/acting/1.0/any/more"),
    ("invocations-query", "/invocations?model_name=acting"),
    ("invoke", "/models/acting/invoke"),
    ("legacy", "/acting/predict"),
    ("legacy-version", "/acting/2.0/predict"),
    ("legacy-query", "/acting/predict?data=abc&more=1"),
    ("kserve-v1", "/v1/models/acting:predict"),
    ("kserve-v1-longer", "/v1/models/acting:predictX"),
    ("kserve-v1-explain", "/v1/models/acting:explain"),
    ("kserve-v2", "/v2/models/acting/infer"),
    ("kserve-v2-explain", "/v2/models/acting/explain"),
)
MISSING = (
    ("unknown", 404, "/predictions/nobody"),
    ("unknown-slash", 404, "/predictions/nobody/"),
    ("unknown-version", 404, "/predictions/acting/9.9"),
    ("version-of-unknown", 404, "/predictions/nobody/1.0"),
    ("unknown-explained", 404, "/explanations/nobody"),
    ("unknown-version-explained", 404, "/explanations/acting/9.9"),
    ("unknown-invocations", 404, "/invocations?model_name=nobody"),
    ("unknown-invoke", 404, "/models/nobody/invoke"),
    ("unknown-legacy", 404, "/nobody/predict"),
    ("unknown-legacy-version", 404, "/acting/9.9/predict"),
    ("unknown-kserve-v1", 404, "/v1/models/nobody:predict"),
    ("unknown-kserve-v2", 404, "/v2/models/nobody/infer"),
    ("unknown-escaped", 404, "/predictions/no%20body"),
    ("unknown-unicode", 404, "/predictions/%C3%A9"),
    ("unknown-upper-case", 404, "/predictions/ACTING"),
    ("no-name", 400, "/invocations"),
    ("no-model", 404, "/predictions"),
    ("no-model-slash", 404, "/predictions/"),
    ("no-model-explained", 404, "/explanations"),
    ("longer-word", 404, "/predictionsx/acting"),
    ("upper-case", 404, "/PREDICTIONS/acting"),
    ("kserve-v1-classify", 404, "/v1/models/acting:classify"),
    ("kserve-v2-metadata", 404, "/v2/models/acting"),
    ("kserve-v2-ready", 404, "/v2/models/acting/ready"),
    ("kserve-v2-server", 404, "/v2"),
    ("kserve-v2-live", 404, "/v2/health/live"),
    ("nothing", 404, "/nothing"),
    ("nothing-deeper", 404, "/nothing/at/all"),
    ("invoke-longer", 404, "/models/acting/invoked"),
    ("workflow", 404, "/wfpredict/nobody"),
)

ROWS: tuple[Row, ...] = (
    *(row(f"paths/{name}", 200, f"POST {path}", **TEXT) for name, path in FOUND),
    *(row(f"paths/{name}", status, f"POST {path}", **TEXT) for name, status, path in MISSING),
    # Without a query the one model that was loaded at the start is asked; these are no images.
    row("paths/invocations-form", 400, "POST /invocations", data={"model_name": "acting"}),
    row(
        "paths/invocations-multipart",
        400,
        "POST /invocations",
        files={"model_name": (None, "acting"), "data": ("x.txt", b"hello", "text/plain")},
    ),
    row("paths/invocations-json", 400, "POST /invocations", json={"model_name": "acting"}),
    row("paths/explained-child", 200, "POST /explanations/greeting", **TEXT),
    row("paths/predicted-child", 200, "POST /predictions/greeting", **TEXT),
)
