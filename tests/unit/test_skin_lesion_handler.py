"""TorchServe's door: one answer a row, and each row its own status."""

import inspect
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from handlers import schema, skin_lesion_handler
from handlers.limits import MAX_BODY_BYTES
from handlers.skin_lesion_handler import JSON, PNG, SkinLesionHandler
from tests.images import encoded, lesion
from tests.tiny import Exported

EXPLAIN = {"explain": "True"}


class Context:
    """What the handler uses of TorchServe's context; a row's status is 200 unless set."""

    def __init__(self, model: Path) -> None:
        # By row; those of the others are a prediction's.
        self.headers: dict[int, dict[str, str]] = {}
        self.system_properties = {"model_dir": str(model.parent), "gpu_id": None}
        self.manifest = {"model": {"serializedFile": model.name}}
        self.statuses: dict[int, tuple[int, str]] = {}
        self.types: dict[int, str] = {}

    def get_all_request_header(self, idx: int) -> dict[str, str]:
        return {"explain": "False"} | self.headers.get(idx, {})

    def set_response_status(self, code: int = 200, phrase: str = "", idx: int = 0) -> None:
        self.statuses[idx] = (code, phrase)

    def set_response_content_type(self, idx: int, value: str) -> None:
        self.types[idx] = value


@pytest.fixture
def context(exported: Exported) -> Context:
    return Context(exported.model)


@pytest.fixture
def handler(context: Context) -> SkinLesionHandler:
    handler = SkinLesionHandler()
    handler.initialize(context)
    return handler


def test_the_module_defines_the_one_class_that_torchserve_looks_for() -> None:
    members = vars(skin_lesion_handler).values()

    classes = [one for one in members if inspect.isclass(one)]

    # As ts.model_loader looks: those of the module's own, whatever it imports.
    own = [one for one in classes if one.__module__ == skin_lesion_handler.__name__]
    assert own == [SkinLesionHandler]


def probabilities(answer: object) -> dict[str, float]:
    assert isinstance(answer, dict)
    return dict(answer["probabilities"])


def test_each_row_has_its_own_answer(handler: SkinLesionHandler, context: Context) -> None:
    rows: list[dict[str, object]] = [{"body": encoded(lesion(n), "JPEG")} for n in range(3)]

    together = handler.handle(rows, context)

    alone = [handler.handle([row], context)[0] for row in rows]
    assert len(together) == 3
    for one, other in zip(together, alone, strict=True):
        assert probabilities(one) == pytest.approx(probabilities(other), abs=1e-5)
    assert probabilities(together[0]) != pytest.approx(probabilities(together[1]), abs=1e-5)


def test_a_bad_row_gets_its_own_fault_and_its_neighbours_keep_their_answers(
    handler: SkinLesionHandler, context: Context
) -> None:
    first: dict[str, object] = {"body": encoded(lesion(), "JPEG")}
    second: dict[str, object] = {"body": encoded(lesion(1), "JPEG")}
    expected = handler.handle([first, second], context)

    answers = handler.handle([{"body": b"not an image"}, first, {}, second], context)

    assert context.statuses == {0: (400, "Bad Request"), 2: (400, "Bad Request")}
    assert context.types == dict.fromkeys(range(4), JSON)
    assert answers[0] == {
        "code": 400,
        "type": "BadRequestException",
        "message": "The body is not an image this service can read:"
        " send a whole JPEG, PNG, WebP, TIFF or BMP file.",
    }
    for one, other in zip([answers[1], answers[3]], expected, strict=True):
        assert probabilities(one) == pytest.approx(probabilities(other), abs=1e-5)


def test_a_row_that_is_too_large_is_told_so(handler: SkinLesionHandler, context: Context) -> None:
    handler.handle([{"body": bytes(MAX_BODY_BYTES + 1)}], context)

    assert context.statuses == {0: (413, "Request Entity Too Large")}


@pytest.mark.parametrize("field", ["body", "data"])
@pytest.mark.parametrize("kind", [bytes, bytearray])
def test_an_image_comes_raw_or_in_a_form(
    handler: SkinLesionHandler, context: Context, field: str, kind: type[bytes | bytearray]
) -> None:
    row: dict[str, object] = {field: kind(encoded(lesion(), "JPEG"))}

    answers = handler.handle([row], context)

    assert context.statuses == {}
    assert sum(probabilities(answers[0]).values()) == pytest.approx(1)


@pytest.mark.parametrize("value", ["text", {"an": "object"}, [1], 5], ids=str)
@pytest.mark.parametrize("field", ["body", "data"])
def test_text_and_json_are_a_bad_request(
    handler: SkinLesionHandler, context: Context, field: str, value: object
) -> None:
    (answer,) = handler.handle([{field: value}], context)

    assert context.statuses == {0: (400, "Bad Request")}
    assert "is not an image this service can read" in str(answer)


def test_nothing_but_bad_rows_is_answered_too(handler: SkinLesionHandler, context: Context) -> None:
    answers = handler.handle([{"body": b""}, {"body": "text"}], context)

    assert len(answers) == 2
    assert all("BadRequestException" in str(answer) for answer in answers)


def relevance(answer: object) -> dict[str, object]:
    assert isinstance(answer, dict)
    return dict(answer["relevance"])


def test_an_explanation_is_a_prediction_with_relevance(
    handler: SkinLesionHandler, context: Context
) -> None:
    row: dict[str, object] = {"body": encoded(lesion(), "JPEG")}
    (expected,) = handler.handle([row], context)
    context.headers = {0: EXPLAIN}

    (answer,) = handler.handle([row], context)

    assert isinstance(answer, dict)
    assert isinstance(expected, dict)
    assert answer.keys() == {*expected, "relevance"}
    assert probabilities(answer) == pytest.approx(probabilities(expected), abs=1e-6)
    # Without UNK, which is no output: it can't be explained.
    shares = {code: share for code, share in probabilities(answer).items() if code != "UNK"}
    assert relevance(answer)["target"] == max(shares, key=shares.__getitem__)
    assert context.types == {0: JSON}


@pytest.mark.parametrize("target", ["MEL", b"MEL", bytearray(b"MEL")], ids=repr)
def test_a_target_is_explained(
    handler: SkinLesionHandler, context: Context, target: str | bytes
) -> None:
    context.headers = {0: EXPLAIN, 1: EXPLAIN}
    body = encoded(lesion(), "JPEG")

    mel, vasc = handler.handle(
        [{"body": body, "target": target}, {"body": body, "target": "VASC"}], context
    )

    assert relevance(mel)["target"] == "MEL"
    assert relevance(vasc)["target"] == "VASC"
    assert relevance(mel)["grid"] != relevance(vasc)["grid"]


@pytest.mark.parametrize("target", ["UNK", "melanoma", "", b"\xff", 5], ids=repr)
def test_a_target_that_is_no_output_is_a_bad_request(
    handler: SkinLesionHandler, context: Context, target: object
) -> None:
    context.headers = {0: EXPLAIN}

    (answer,) = handler.handle([{"body": encoded(lesion(), "JPEG"), "target": target}], context)

    assert context.statuses == {0: (400, "Bad Request")}
    assert "is no output of this model: ask for MEL, NV, BCC, AK, BKL, DF, VASC, SCC." in str(
        answer
    )


def test_a_target_of_a_prediction_is_ignored(handler: SkinLesionHandler, context: Context) -> None:
    (answer,) = handler.handle([{"body": encoded(lesion(), "JPEG"), "target": "dog"}], context)

    assert context.statuses == {}
    assert "relevance" not in str(answer)


# As a client may write it, and TorchServe hands it over.
@pytest.mark.parametrize("name", ["accept", "Accept", "ACCEPT"])
@pytest.mark.parametrize("accepted", [PNG, f"{PNG}, */*;q=0.1"])
def test_an_explanation_comes_as_a_picture_where_one_is_asked_for(
    handler: SkinLesionHandler, context: Context, name: str, accepted: str
) -> None:
    context.headers = {0: EXPLAIN | {name: accepted}}

    (answer,) = handler.handle([{"body": encoded(lesion(), "JPEG")}], context)

    assert isinstance(answer, bytes)
    picture = Image.open(BytesIO(answer))
    assert (picture.format, picture.size) == ("PNG", lesion().size)
    assert context.types == {0: PNG}


def test_a_prediction_is_json_whatever_is_asked_for(
    handler: SkinLesionHandler, context: Context
) -> None:
    context.headers = {0: {"accept": PNG}}

    (answer,) = handler.handle([{"body": encoded(lesion(), "JPEG")}], context)

    assert isinstance(answer, dict)
    assert context.types == {0: JSON}


def test_a_fault_is_json_where_a_picture_was_asked_for(
    handler: SkinLesionHandler, context: Context
) -> None:
    context.headers = {0: EXPLAIN | {"accept": PNG}}

    (answer,) = handler.handle([{"body": b"not an image"}], context)

    assert isinstance(answer, dict)
    assert answer["code"] == 400
    assert context.types == {0: JSON}


def test_predictions_and_explanations_may_come_together(
    handler: SkinLesionHandler, context: Context
) -> None:
    rows: list[dict[str, object]] = [{"body": encoded(lesion(n), "JPEG")} for n in range(5)]
    expected = handler.handle(rows, context)
    rows[2] = {"body": b"not an image"}
    context.headers = {1: EXPLAIN, 2: EXPLAIN, 3: EXPLAIN | {"accept": PNG}}

    answers = handler.handle(rows, context)

    assert context.statuses == {2: (400, "Bad Request")}
    assert context.types == {0: JSON, 1: JSON, 2: JSON, 3: PNG, 4: JSON}
    assert [isinstance(answer, dict) and "relevance" in answer for answer in answers] == [
        False, True, False, False, False,
    ]  # fmt: skip
    for place in (0, 1, 4):
        assert probabilities(answers[place]) == pytest.approx(
            probabilities(expected[place]), abs=1e-5
        )


def test_it_describes_itself_by_the_answers_schema(
    handler: SkinLesionHandler, context: Context
) -> None:
    context.headers = {0: {"describe": "True"}}

    answers = handler.handle([{}], context)

    assert answers == [schema.answers()]
