"""What an archive's model-config.yaml may say, and what is refused."""

from pathlib import Path

import pytest

from serve.models.archive import unpack
from serve.models.archive_config import ArchiveConfig
from tests.unit.packed import mar, refused


def configured(tmp_path: Path, text: str) -> Path:
    return mar(tmp_path, {"model-config.yaml": text}, configFile="model-config.yaml")


def test_a_config_may_say_all_that_is_known(tmp_path: Path, into: Path) -> None:
    text = """
        minWorkers: 1
        maxWorkers: 3
        batchSize: 8
        maxBatchDelay: 0
        responseTimeout: 60
        startupTimeout: 90
        jobQueueSize: 5
        maxRetryTimeoutInSec: 30
        clientTimeoutInMills: 500
        deviceType: gpu
        continuousBatching: false
        parallelType: ""
        handler: {threshold: 0.5}
    """

    found = unpack(configured(tmp_path, text), into)

    assert found.config == ArchiveConfig(
        min_workers=1,
        max_workers=3,
        batch_size=8,
        max_batch_delay_ms=0,
        response_timeout_s=60,
        startup_timeout_s=90,
        job_queue_size=5,
        max_retry_timeout_s=30,
        client_timeout_ms=500,
        device_type="gpu",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("batchSize: 0", "batchSize must be a whole number from 1 on, not 0"),
        ("batchSize: many", "not 'many'"),
        ("batchSize: true", "not True"),
        ("minWorkers: 1.5", "not 1.5"),
        ("minWorkers: -1", "from 0 on"),
        ("minWorkers: 3\nmaxWorkers: 2", "maxWorkers must not be less than minWorkers"),
        ("deviceType: tpu", "deviceType must be cpu or gpu"),
        ("parallelType: pp", "fits a worker"),
        ("torchrun: {nproc-per-node: 2}", "torchrun"),
        ("continuousBatching: true", "use batchSize"),
        ("sequenceBatching: true", "use batchSize"),
        ("asyncCommunication: true", "use batchSize"),
        ("useVenv: true", "install the packages where the server runs"),
        ("useJobTicket: true", "jobQueueSize"),
        ("deviceIds: [0, 1]", "CUDA_VISIBLE_DEVICES"),
        ("runtimeType: LSP", "Only python"),
        ("- a list", "must be keys and values"),
        ("batchSize: [", "can't be read"),
        ("date: 2024-99-99", "can't be read"),
        ("handler: !!int ''", "can't be read"),
        ("handler: !!timestamp 'x'", "can't be read"),
        ("handler: !!bool 'x'", "can't be read"),
        ("[" * 5000, "can't be read"),
        ("!!python/object/apply:os.system ['true']", "can't be read"),
    ],
)
def test_a_config_that_can_not_be_followed_is_refused(
    text: str, sentence: str, tmp_path: Path, into: Path
) -> None:
    assert sentence in refused(configured(tmp_path, text), into)


def test_a_config_that_grows_by_merging_is_refused(tmp_path: Path, into: Path) -> None:
    text = "l0: &l0 {a: 1, b: 2}\n" + "".join(
        f"l{level}: &l{level} {{<<: [{', '.join([f'*l{level - 1}'] * 9)}]}}\n"
        for level in range(1, 12)
    )

    assert "aliases" in refused(configured(tmp_path, text), into)


def test_an_empty_config_says_nothing(tmp_path: Path, into: Path) -> None:
    assert unpack(configured(tmp_path, "# nothing\n"), into).config == ArchiveConfig()
