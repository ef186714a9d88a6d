"""Which path asks which model for what; the contract asks TorchServe the same."""

import pytest

from serve.dialect.inference import Wanted, wanted
from serve.dialect.management import owns

PREDICTS = {"explain": "False"}
EXPLAINS = {"explain": "True"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/predictions/m", Wanted(model="m", headers=PREDICTS | {"url_path": ""})),
        ("/predictions/m/", Wanted(model="m", headers=PREDICTS | {"url_path": ""})),
        (
            "/predictions/m/1.0/a/b",
            Wanted(model="m", version="1.0", headers=PREDICTS | {"url_path": "a/b"}),
        ),
        (
            "/explanations/m/2.0",
            Wanted(
                model="m",
                version="2.0",
                command="explain",
                headers=EXPLAINS | {"url_path": ""},
                query=True,
            ),
        ),
        ("/invocations", Wanted(model=None, query=True)),
        ("/models/m/invoke", Wanted(model="m", query=True)),
        ("/m/predict", Wanted(model="m", query=True)),
        ("/m/1.0/predict", Wanted(model="m", version="1.0", query=True)),
        ("/v1/models/m:predict", Wanted(model="m", headers=PREDICTS)),
        ("/v1/models/m:explain", Wanted(model="m", command="explain", headers=EXPLAINS)),
        ("/v2/models/m/infer", Wanted(model="m", headers=PREDICTS)),
        ("/v2/models/m/explain", Wanted(model="m", command="explain", headers=EXPLAINS)),
    ],
)
def test_a_path_asks_for(path: str, expected: Wanted) -> None:
    assert wanted(path) == expected


@pytest.mark.parametrize(
    "path", ["/", "/predictions", "/predictions/", "/models", "/models/m", "/v1/models/m:classify"]
)
def test_other_paths_are_none_of_inferences(path: str) -> None:
    assert wanted(path) is None


@pytest.mark.parametrize(
    ("path", "managed"),
    [
        ("/models", True),
        ("/models/m/1.0/set-default", True),
        ("/v1/models/m", True),
        ("/v1/models/m:predict", False),
        ("/models/m/invoke", False),
        ("/predictions/models", False),
        ("/ping", False),
    ],
)
def test_on_one_address_each_path_has_one_owner(path: str, managed: bool) -> None:
    assert owns(path) is managed
