"""Who holds a key gets in until it expires or is renewed; everybody else hears TorchServe's no."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest

from serve.dialect.faults import InvalidKey
from serve.dialect.tokens import Tokens

NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
AUTHORIZATION = (
    "Token Authorization failed. Token either incorrect, expired, or not provided correctly"
)
AUTHENTICATION = (
    "Token Authentication failed. Token either incorrect, expired, or not provided correctly"
)
Kind = Literal["inference", "management"]


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "logs" / "key_file.json"


@pytest.fixture
def tokens(path: Path, clock: Clock) -> Tokens:
    return Tokens.create(path, HOUR, clock)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def bearer(path: Path, kind: str) -> str:
    return f"Bearer {json.loads(path.read_text())[kind]['key']}"


def refusal(call: Callable[[], None]) -> str:
    with pytest.raises(InvalidKey) as caught:
        call()
    assert caught.value.as_json()["code"] == 400
    assert caught.value.as_json()["type"] == "InvalidKeyException"
    return str(caught.value)


def test_the_key_file_is_torchserves_to_the_letter(tokens: Tokens, path: Path) -> None:
    keys = {kind: token.removeprefix("Bearer ") for kind, token in all_of(path).items()}

    assert path.read_text() == (
        "{\n"
        '  "management": {\n'
        f'    "key": "{keys["management"]}",\n'
        '    "expiration time": "2026-11-25T13:00:00.123456Z"\n'
        "  },\n"
        '  "inference": {\n'
        f'    "key": "{keys["inference"]}",\n'
        '    "expiration time": "2026-11-25T13:00:00.123456Z"\n'
        "  },\n"
        '  "API": {\n'
        f'    "key": "{keys["API"]}"\n'
        "  }\n"
        "}"
    )
    assert len(set(keys.values())) == 3
    assert {len(key) for key in keys.values()} == {8}


def all_of(path: Path) -> dict[str, str]:
    return {kind: bearer(path, kind) for kind in ("management", "inference", "API")}


@pytest.mark.usefixtures("open_umask")
def test_only_the_owner_can_read_the_key_file(tokens: Tokens, path: Path) -> None:
    made = stat.S_IMODE(path.stat().st_mode)
    tokens.renew("inference", bearer(path, "API"))
    renewed = stat.S_IMODE(path.stat().st_mode)

    assert (made, renewed) == (0o600, 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_a_readable_file_from_before_is_replaced_not_written_into(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("{}")
    path.chmod(0o644)

    with path.open() as held_open:
        Tokens.create(path, HOUR)

        assert held_open.read() == "{}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_two_servers_have_no_key_in_common(tmp_path: Path) -> None:
    Tokens.create(tmp_path / "one.json", HOUR)
    Tokens.create(tmp_path / "other.json", HOUR)

    one, other = (set(all_of(tmp_path / f"{name}.json").values()) for name in ("one", "other"))

    assert not one & other


@pytest.mark.parametrize("kind", ["inference", "management"])
def test_a_key_opens_its_own_door_and_no_other(tokens: Tokens, path: Path, kind: Kind) -> None:
    others = {"inference", "management", "API"} - {kind}

    tokens.check(kind, bearer(path, kind))

    for other in others:
        wrong = bearer(path, other)
        assert refusal(lambda wrong=wrong: tokens.check(kind, wrong)) == AUTHORIZATION  # type: ignore[misc]


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "{key}",
        "Bearer",
        "Bearer ",
        "Bearer{key}",
        "bearer {key}",
        "BEARER {key}",
        "Basic {key}",
        " Bearer {key}",
        "Bearer {key} ",
        "Bearer {key} {key}",
        "Bearer {key}\n",
        "Bearer {key}x",
        "Bearer é{key}",
    ],
)
def test_anything_but_one_bearer_is_refused(
    tokens: Tokens, path: Path, written: str | None
) -> None:
    key = bearer(path, "inference").removeprefix("Bearer ")
    header = written and written.replace("{key}", key)

    assert refusal(lambda: tokens.check("inference", header)) == AUTHORIZATION


def test_more_than_one_space_after_bearer_is_allowed(tokens: Tokens, path: Path) -> None:
    key = bearer(path, "inference").removeprefix("Bearer ")

    tokens.check("inference", f"Bearer  \t{key}")


def test_a_key_holds_for_its_lifetime_and_no_longer(
    tokens: Tokens, path: Path, clock: Clock
) -> None:
    key = bearer(path, "inference")

    clock.time = NOON + HOUR - timedelta(microseconds=1)
    tokens.check("inference", key)

    clock.time = NOON + HOUR
    assert refusal(lambda: tokens.check("inference", key)) == AUTHORIZATION


def test_a_renewed_key_takes_the_place_of_the_old_one(
    tokens: Tokens, path: Path, clock: Clock
) -> None:
    old = all_of(path)
    clock.time = NOON + HOUR * 100

    tokens.renew("inference", old["API"])

    assert refusal(lambda: tokens.check("inference", old["inference"])) == AUTHORIZATION
    new = all_of(path)
    assert new == old | {"inference": new["inference"]}
    clock.time += HOUR - timedelta(seconds=1)
    tokens.check("inference", new["inference"])
    clock.time += timedelta(seconds=1)
    assert refusal(lambda: tokens.check("inference", new["inference"])) == AUTHORIZATION


def test_the_old_key_dies_before_its_time(tokens: Tokens, path: Path) -> None:
    old = bearer(path, "management")

    tokens.renew("management", bearer(path, "API"))

    assert refusal(lambda: tokens.check("management", old)) == AUTHORIZATION
    tokens.check("management", bearer(path, "management"))


@pytest.mark.parametrize("holder", ["inference", "management", None])
def test_only_the_api_key_renews(tokens: Tokens, path: Path, holder: str | None) -> None:
    before = path.read_text()
    key = holder and bearer(path, holder)

    assert refusal(lambda: tokens.renew("inference", key)) == AUTHENTICATION
    assert path.read_text() == before


@pytest.mark.parametrize("kind", [None, "", "API", "api", "Inference", "both"])
def test_nothing_but_the_two_keys_is_renewed(tokens: Tokens, path: Path, kind: str | None) -> None:
    before = path.read_text()

    assert refusal(lambda: tokens.renew(kind, bearer(path, "API"))) == AUTHENTICATION
    assert path.read_text() == before


def test_a_renewal_that_cannot_be_written_leaves_the_old_key(tokens: Tokens, path: Path) -> None:
    old = all_of(path)
    path.unlink()
    path.mkdir()

    with pytest.raises(OSError, match="key_file"):
        tokens.renew("inference", old["API"])

    tokens.check("inference", old["inference"])
    assert list(path.parent.iterdir()) == [path]


def test_closing_takes_the_file_away(tokens: Tokens, path: Path) -> None:
    tokens.renew("inference", bearer(path, "API"))

    tokens.close()
    tokens.close()

    assert list(path.parent.iterdir()) == []


def test_closing_leaves_another_servers_file(tokens: Tokens, path: Path) -> None:
    other = Tokens.create(path, HOUR)

    tokens.close()

    other.check("inference", bearer(path, "inference"))
