"""A handler's answer as it can be sent."""

import json

import pytest

from serve.dialect.answers import fault, replied
from serve.dialect.calls import Reply
from serve.dialect.faults import Internal


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "CONNECTION"])
def test_how_an_answer_is_sent_is_not_the_handlers_to_say(name: str) -> None:
    answer = replied(Reply(body=b"hello", headers={name: "2", "x-own": "1"}))

    assert answer.headers["content-length"] == "5"
    assert "2" not in answer.headers.values()
    assert answer.headers["x-own"] == "1"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("1\r\nset-cookie: evil=1", "1??set-cookie: evil=1"),
        ("a\0b", "a?b"),
        ("5 €", "5 ?"),
        (" a\tb ", "a\tb"),
        ("", ""),
    ],
)
def test_a_headers_value_is_one_line(value: str, sent: str) -> None:
    answer = replied(Reply(body=b"", headers={"x-own": value}, content_type=value))

    assert answer.headers["x-own"] == sent
    assert answer.headers.get("content-type", "") == sent


@pytest.mark.parametrize("name", ["", "x y", "x:", "x-é", "x\n"])
def test_a_header_without_a_proper_name_is_left_out(name: str) -> None:
    sent = replied(Reply(body=b"", headers={name: "own"})).headers

    assert "own" not in sent.values()


@pytest.mark.parametrize("status", [0, 100, 199, 600, 700])
def test_a_status_that_is_none_is_told(status: int) -> None:
    with pytest.raises(Internal, match=f"{status}, can't be sent"):
        replied(Reply(body=b"", status=status))


@pytest.mark.parametrize("code", [-1, 0, 42, 100, 101, 600, 999])
def test_a_handlers_failure_under_no_status_is_told_as_500(code: int) -> None:
    answer = fault(Internal("not like this", code))

    assert answer.status_code == 500
    assert json.loads(bytes(answer.body)) == {
        "code": 500,
        "type": "InternalServerException",
        "message": "not like this",
    }


@pytest.mark.parametrize("status", [200, 204, 302, 418, 599])
def test_a_handlers_own_status_is_sent(status: int) -> None:
    assert replied(Reply(body=b"", status=status)).status_code == status
