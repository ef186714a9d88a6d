"""What TorchServe's Python side writes is read back: here it is its own code that writes."""

import pytest
from ts.context import Context, RequestProcessor
from ts.protocol.otf_message_handler import create_predict_response

from serve.dialect.calls import Failure, Reply
from serve.models.replies import replies

IDS = {0: "first", 1: "second"}


def context() -> Context:
    made = Context("m", "", {}, 2, None, "0.12.0")
    made.request_ids = IDS
    made.request_processor = [RequestProcessor({}), RequestProcessor({})]
    return made


def test_each_answer_has_its_own_status_type_and_headers() -> None:
    told = context()
    told.set_response_content_type(0, "application/json")
    told.set_response_status(418, "Teapot", 1)
    told.set_response_header(1, "x-own", "häder")

    found = replies(create_predict_response([{"a": 1}, b"\xff\x00"], IDS, "fine", 200, told))

    assert found == [
        Reply(body=b'{\n  "a": 1\n}', content_type="application/json"),
        Reply(body=b"\xff\x00", status=418, phrase="Teapot", headers={"x-own": "häder"}),
    ]


@pytest.mark.parametrize("code", [400, 503, 507])
def test_what_failed_together_is_told_to_each(code: int) -> None:
    found = replies(create_predict_response(None, IDS, "Prediction failed", code))

    assert found == [Failure(code=code, message="Prediction failed")] * 2


def test_what_cannot_be_written_is_a_failure() -> None:
    found = replies(create_predict_response([{1}, {2}], IDS, "fine", 200, context()))

    assert {type(one) for one in found} == {Failure}
