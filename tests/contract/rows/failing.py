"""Handlers that refuse, fail, or return what they must not."""

from tests.contract.rows.returned import act
from tests.contract.rows.row import Row

REFUSED = (400, 401, 403, 404, 408, 409, 412, 416, 422, 429, 499, 500, 501, 502, 503, 504, 507)

ROWS: tuple[Row, ...] = (
    *(act(f"failing/refused-{code}", "refuse", ["not like this", code], code) for code in REFUSED),
    act("failing/refused-413-is-507", "refuse", ["too much", 413], 507),
    act("failing/refused-without-code", "refuse", ["not like this"], 500),
    act("failing/refused-unicode", "refuse", ['é: "漢" \\ <b>\'&=', 400], 400),
    act("failing/refused-empty", "refuse", ["", 400], 400),
    act("failing/refused-lines", "refuse", ["one\ntwo\ttab", 400], 400),
    act("failing/refused-200", "refuse", ["no error", 299], 299),
    act("failing/refused-explained", "refuse", ["no", 422], 422, "POST /explanations/acting"),
    act("failing/refused-kserve", "refuse", ["no", 422], 422, "POST /v2/models/acting/infer"),
    act("failing/refused-version", "refuse", ["no", 422], 422, "POST /predictions/acting/2.0"),
    act("failing/any", "fail", ["ValueError", "what happened"], 503),
    act("failing/any-key", "fail", ["KeyError", "x"], 503),
    act("failing/memory", "fail", ["MemoryError", "no more"], 507),
    act("failing/cuda", "fail", ["ValueError", "CUDA out of memory"], 507),
    act("failing/returns-none", "raw", None, 503),
    act("failing/returns-string", "raw", "hello", 503),
    act("failing/returns-dict", "raw", {"a": 1}, 503),
    act("failing/returns-number", "raw", 7, 503),
    act("failing/returns-nothing", "raw", [], 503),
    act("failing/returns-two", "raw", ["a", "b"], 503),
    act("failing/returns-set", "unwritable", None, 503),
    act("failing/acts-unknown", "no such act", None, 503),
)
