"""What an archive's own model-config.yaml says of workers and batches."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

import yaml

from serve.dialect.faults import InvalidModel

MOST_BYTES = 1 << 20
# A merge in YAML copies what it names, so a short file of many could grow without end.
MOST_ALIASES = 20
# Their field here, and the least that makes sense.
NUMBERS = {
    "minWorkers": ("min_workers", 0),
    "maxWorkers": ("max_workers", 0),
    "batchSize": ("batch_size", 1),
    "maxBatchDelay": ("max_batch_delay_ms", 0),
    "responseTimeout": ("response_timeout_s", 1),
    "startupTimeout": ("startup_timeout_s", 1),
    "jobQueueSize": ("job_queue_size", 1),
    "maxRetryTimeoutInSec": ("max_retry_timeout_s", 1),
    "clientTimeoutInMills": ("client_timeout_ms", 0),
}
UNSUPPORTED = {
    "parallelType": "A model over several processes is not supported: use one that fits a worker.",
    "torchrun": "torchrun is not supported: use a model that fits a worker.",
    "continuousBatching": "It is not supported: use batchSize and maxBatchDelay.",
    "sequenceBatching": "It is not supported: use batchSize and maxBatchDelay.",
    "asyncCommunication": "It is not supported: use batchSize and maxWorkers.",
    "useJobTicket": "It is not supported: use a small jobQueueSize.",
    "useVenv": "It is not supported: install the packages where the server runs.",
    "deviceIds": "Ray gives each worker its GPU: use deviceType and CUDA_VISIBLE_DEVICES.",
}


@dataclass(frozen=True, kw_only=True)
class ArchiveConfig:
    """None is: not said, so the registration or TorchServe's default holds."""

    min_workers: int | None = None
    max_workers: int | None = None
    batch_size: int | None = None
    max_batch_delay_ms: int | None = None
    response_timeout_s: int | None = None
    startup_timeout_s: int | None = None
    job_queue_size: int | None = None
    max_retry_timeout_s: int | None = None
    client_timeout_ms: int | None = None
    device_type: Literal["cpu", "gpu"] | None = None

    @classmethod
    def read(cls, file: Path) -> Self:
        """Raises InvalidModel. Keys that no one knows here are the handler's own."""
        said = loaded(file)
        for key, sentence in UNSUPPORTED.items():
            if said.get(key):
                raise InvalidModel(f"{file.name} sets {key}. {sentence}")
        if said.get("runtimeType") not in (None, "", "python", "python3"):
            raise InvalidModel(f"{file.name} sets runtimeType. Only python is supported.")
        numbers = {
            field: number(file.name, key, said[key], least)
            for key, (field, least) in NUMBERS.items()
            if key in said
        }
        if numbers.get("max_workers", numbers.get("min_workers", 0)) < numbers.get(
            "min_workers", 0
        ):
            raise InvalidModel(f"{file.name}: maxWorkers must not be less than minWorkers.")
        return cls(**numbers, device_type=device(file.name, said.get("deviceType")))


def loaded(file: Path) -> dict[str, object]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidModel(f"{file.name} is larger than {MOST_BYTES} bytes.")
        text = file.read_text("utf-8")
        tokens = yaml.scan(text, Loader=yaml.SafeLoader)
        if sum(isinstance(token, yaml.AliasToken) for token in tokens) > MOST_ALIASES:
            raise InvalidModel(f"{file.name} has more than {MOST_ALIASES} aliases.")
        said = yaml.safe_load(text)
    # PyYAML checks no value whose type is named, as in !!int "", and follows nesting with the
    # stack.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        raise InvalidModel(f"{file.name} can't be read: {error}") from error
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise InvalidModel(f"{file.name} must be keys and values, such as minWorkers: 1.")
    return said


def number(file: str, key: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 31:
        raise InvalidModel(f"{file}: {key} must be a whole number from {least} on, not {value!r}.")
    return value


def device(file: str, value: object) -> Literal["cpu", "gpu"] | None:
    match value:
        case None | "":
            return None
        case "cpu":
            return "cpu"
        case "gpu":
            return "gpu"
    raise InvalidModel(f"{file}: deviceType must be cpu or gpu, not {value!r}.")
