"""TorchServe's door: one answer a row, and each row its own status."""

import inspect
from pathlib import Path

import pytest

from handlers import skin_lesion_handler
from handlers.limits import MAX_BODY_BYTES
from handlers.skin_lesion_handler import SkinLesionHandler
from tests.images import encoded, lesion
from tests.tiny import Exported


class Context:
    """What the handler uses of TorchServe's context; a row's status is 200 unless set."""

    def __init__(self, model: Path) -> None:
        self.system_properties = {"model_dir": str(model.parent), "gpu_id": None}
        self.manifest = {"model": {"serializedFile": model.name}}
        self.statuses: dict[int, tuple[int, str]] = {}
        self.types: dict[int, str] = {}

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
    assert context.types == dict.fromkeys(range(4), "application/json")
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
