"""The metrics port: which metrics there are, and with which labels."""

from tests.contract.rows import views
from tests.contract.rows.row import Row, row

ROWS: tuple[Row, ...] = (
    row("metrics/on-inference", 404, "GET /metrics"),
    row("metrics/all", 200, "GET /metrics", port="metrics", view=views.metrics),
    row("metrics/POST", 200, "POST /metrics", port="metrics", view=views.metrics),
    row("metrics/longer", 200, "GET /metrics/x", port="metrics", view=views.metrics),
    row("metrics/one", 200, "GET /metrics?name[]=Requests2XX", port="metrics", view=views.metrics),
    row(
        "metrics/two",
        200,
        "GET /metrics?name[]=Requests2XX&name[]=QueueTime",
        port="metrics",
        view=views.metrics,
    ),
    row("metrics/unknown", 200, "GET /metrics?name[]=nobody", port="metrics"),
)
