"""The table: every request that is sent to both servers."""

from tests.contract.rows import (
    changing,
    describing,
    envelopes,
    failing,
    forms,
    limits,
    methods,
    metrics,
    paths,
    registering,
    returned,
    working,
)
from tests.contract.rows.row import Row

# Workers end in the last ones.
GROUPS = (
    paths,
    methods,
    forms,
    returned,
    failing,
    limits,
    describing,
    registering,
    changing,
    metrics,
    working,
    envelopes,
)
ROWS: tuple[Row, ...] = tuple(row for group in GROUPS for row in group.ROWS)
