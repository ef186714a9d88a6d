"""The property `models`: how what load_models names is served, read as TorchServe reads it."""

import json
from dataclasses import dataclass

from serve.dialect.calls import Registration
from serve.dialect.numbers import whole
from serve.dialect.properties import PropertiesError
from serve.models.section import Section, section


@dataclass(frozen=True, kw_only=True)
class Loading:
    """`registration` has neither URL nor name yet."""

    registration: Registration
    is_default: bool = False


NOTHING_SAID = Loading(registration=Registration(url=""))


def read(text: str) -> dict[tuple[str, str], Loading]:
    """By model and version. Raises PropertiesError."""
    try:
        return {
            (model, version): loading(Section(f"version {version} of {model}", said))
            for model, versions in section("models", json.loads(text)).items()
            for version, said in section(f"model {model}", versions).items()
        }
    except (ValueError, RecursionError) as error:
        raise PropertiesError(f"The property models can't be read: {error}.") from error


def loading(said: Section) -> Loading:
    return Loading(
        registration=Registration(
            url="",
            batch_size=above_0(said, "batchSize"),
            max_batch_delay_ms=above_0(said, "maxBatchDelay"),
            initial_workers=above_0(said, "minWorkers"),
            max_workers=above_0(said, "maxWorkers"),
            response_timeout_s=above_0(said, "responseTimeout"),
            startup_timeout_s=above_0(said, "startupTimeout"),
        ),
        is_default=said.said.get("defaultVersion") is True,
    )


def above_0(said: Section, key: str) -> int | None:
    """A number may be a text; one that is not above 0 counts as not given."""
    value = said.said.get(key)
    if value is None:
        return None
    number = whole(str(value))
    if number is None:
        raise said.unfit(key, "a whole number")
    return number if number > 0 else None
