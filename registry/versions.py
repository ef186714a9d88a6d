"""The registered model's versions: making one, finding one, fetching its files."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version as installed
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import RegisteredModel
from mlflow.exceptions import MlflowException

from registry.address import SQLITE, RegistryError, check_there
from registry.moved import FILES

NAME = "skin_vit"
EXPERIMENT = "skin-lesions"
REQUIREMENTS = ("torch", "pillow", "numpy", "pandas")
URI = re.compile(r"models:/(?P<name>[^/@]+)(/(?P<number>[1-9]\d*)|@(?P<alias>[^/@]+))")
# Characters; MLflow's store in PostgreSQL or MySQL takes no more.
LONGEST_DESCRIPTION = 5000
# MLflow 3.17 warns of its own type hints, asks pandas for what a later release drops, and takes an
# answer's only integer, its schema, for one that may be missing.
OF_MLFLOW_ITSELF = (
    ".*Any type hint is inferred as AnyType",
    "Operation with range is deprecated",
    "Hint: Inferred schema contains integer",
)


@dataclass(frozen=True, kw_only=True)
class Version:
    """`source` is MLflow's own address of the files: no two versions anywhere share it."""

    name: str
    number: str
    source: str

    @property
    def folder(self) -> str:
        return f"{self.name}-{self.number}-{sha256(self.source.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a model: its card (Markdown) and the tags of its version."""

    card: str
    tags: dict[str, str]


@contextmanager
def explained(uri: str) -> Iterator[None]:
    """MLflow's own errors, and those of a store elsewhere, as one sentence."""
    try:
        yield
    except MlflowException as error:
        raise RegistryError(f"MLflow at {uri} says: {reason(error)}.") from error
    except ImportError as error:
        raise RegistryError(
            f"What keeps the files of MLflow at {uri} needs another package: {reason(error)}."
            " Install it."
        ) from error
    # What requests raises, too.
    except OSError as error:
        raise RegistryError(
            f"The files of MLflow at {uri} can't be reached: {reason(error)}."
        ) from error


def reason(error: Exception) -> str:
    """The first line, with no point at its end."""
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".:")


def register(
    uri: str, files: Path, code: list[Path], example: object, answers: object, evidence: Evidence
) -> Version:
    """A new version of a folder of `files`; the last of `code` is the module that loads them.

    The signature is that of `example`, a frame of inputs, and the model's `answers` to it.
    """
    with explained(uri), warnings.catch_warnings():
        for message in OF_MLFLOW_ITSELF:
            warnings.filterwarnings("ignore", message)
        client = mlflow.MlflowClient(uri)
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(experiment_id=experiment_id(client, uri))
        logged = mlflow.pyfunc.log_model(
            name=NAME,
            loader_module=code[-1].stem,
            data_path=str(files),
            code_paths=[str(path) for path in code],
            pip_requirements=[f"{name}=={installed(name)}" for name in REQUIREMENTS],
            signature=mlflow.models.infer_signature(example, answers),
            input_example=example,
            registered_model_name=NAME,
        )
        number = str(logged.registered_model_version)
        client.update_model_version(NAME, number, description=described(evidence.card))
        for key, value in evidence.tags.items():
            client.set_model_version_tag(NAME, number, key, value)
    return numbered(uri, NAME, number)


def described(card: str) -> str:
    """As much of the card as fits, cut at the end of a line; whole it is among the files."""
    if len(card) <= LONGEST_DESCRIPTION:
        return card
    end = "\n\nThe rest is in the model card among this version's files."
    return card[: card.rindex("\n", 0, LONGEST_DESCRIPTION - len(end))] + end


def experiment_id(client: mlflow.MlflowClient, uri: str) -> str:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    if experiment is not None:
        return str(experiment.experiment_id)
    # A server keeps artefacts itself; a local file keeps them beside it.
    file = Path(uri.removeprefix(SQLITE)).resolve()
    place = file.with_name(FILES).as_uri() if uri.startswith(SQLITE) else None
    return str(client.create_experiment(EXPERIMENT, artifact_location=place))


def addressed(uri: str, model: str) -> Version:
    """The version that `models:/name@alias` or `models:/name/number` names."""
    parts = URI.fullmatch(model)
    if parts is None:
        raise RegistryError(
            f"{model} is no registered model: write models:/{NAME}@champion or models:/{NAME}/3."
        )
    if parts["number"]:
        return numbered(uri, parts["name"], parts["number"])
    version = with_alias(uri, parts["name"], parts["alias"])
    if version is None:
        raise RegistryError(
            f"No version of {parts['name']} at {uri} is its {parts['alias']}: register one"
            " (python -m train.register_model) or promote one (python -m train.promote)."
        )
    return version


def numbered(uri: str, name: str, number: str) -> Version:
    check_there(uri)
    with explained(uri):
        found = mlflow.MlflowClient(uri).get_model_version(name, number)
    return Version(name=name, number=number, source=str(found.source))


def registered(uri: str, name: str) -> RegisteredModel:
    with explained(uri):
        try:
            return mlflow.MlflowClient(uri).get_registered_model(name)
        except MlflowException as error:
            if not is_absent(error):
                raise
            raise RegistryError(
                f"No {name} is registered at {uri}: register one (python -m train.register_model)."
            ) from error


def is_absent(error: MlflowException) -> bool:
    return str(error.error_code) == "RESOURCE_DOES_NOT_EXIST"


def numbered_if_there(uri: str, name: str, number: str) -> Version | None:
    """None of one that was deleted."""
    try:
        return numbered(uri, name, number)
    except RegistryError as error:
        if isinstance(error.__cause__, MlflowException) and is_absent(error.__cause__):
            return None
        raise


def with_alias(uri: str, name: str, alias: str) -> Version | None:
    """None if no version has it; raises RegistryError if there is no such model."""
    check_there(uri)
    aliases = registered(uri, name).aliases
    return numbered(uri, name, str(aliases[alias])) if alias in aliases else None


def give_alias(uri: str, version: Version, alias: str) -> None:
    with explained(uri):
        mlflow.MlflowClient(uri).set_registered_model_alias(version.name, alias, version.number)


def download(uri: str, version: Version, folder: Path) -> Path:
    """MLflow's folder `data` of the version, somewhere below `folder`."""
    with explained(uri):
        # MLflow resolves models:/ where the process points it, whatever it is given here.
        mlflow.set_tracking_uri(uri)
        data = mlflow.artifacts.download_artifacts(
            artifact_uri=f"models:/{version.name}/{version.number}/data", dst_path=str(folder)
        )
    return Path(data)
