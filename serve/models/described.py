"""A version as TorchServe describes it."""

import json
import logging
from datetime import UTC, datetime

import psutil

from serve.dialect.answers import request_id
from serve.dialect.calls import Job
from serve.models.fleet import Replica
from serve.models.version import Version

log = logging.getLogger(__name__)

STATES = {"RUNNING": "READY"}


async def described(version: Version, metadata: object) -> dict[str, object]:
    """Its keys in TorchServe's order; what this project does not do is off."""
    terms, config = version.terms, version.archived.config
    replicas = await version.workers.replicas()
    gpu = config.device_type == "gpu"
    custom = {} if metadata is None else {"customizedMetadata": metadata}
    return {
        "modelName": version.model,
        "modelVersion": version.version,
        "modelUrl": terms.url,
        "runtime": terms.runtime,
        "minWorkers": version.min_workers,
        "maxWorkers": version.max_workers,
        "batchSize": terms.batch_size,
        "maxBatchDelay": terms.max_batch_delay_ms,
        "responseTimeout": terms.response_timeout_s,
        "startupTimeout": terms.startup_timeout_s,
        "maxRetryTimeoutInSec": config.max_retry_timeout_s or 300,
        "clientTimeoutInMills": config.client_timeout_ms or 0,
        "parallelType": "",
        "parallelLevel": 0,
        "deviceType": "gpu" if gpu else "cpu",
        "continuousBatching": False,
        "useJobTicket": False,
        "useVenv": False,
        "stateful": False,
        "sequenceMaxIdleMSec": 0,
        "sequenceTimeoutMSec": 0,
        "maxNumSequence": 0,
        "maxSequenceJobQueueSize": 0,
        "loadedAtStartup": terms.at_startup,
        "workers": [worker(one, gpu) for one in replicas],
        "jobQueueStatus": {
            "remainingCapacity": terms.job_queue_size - len(version.queue.waiting),
            "pendingRequests": len(version.queue.waiting),
        },
    } | custom


async def metadata(version: Version) -> object:
    """What the handler tells of itself; it waits its turn like any request.

    As in TorchServe, what is no JSON object becomes an empty one, and nothing stays nothing.
    """
    reply = await version.ask(Job(request_id=request_id(), parameters=(), command="describe"))
    if not reply.body:
        return None
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return found
    log.warning("%s %s describes itself by no JSON object", version.model, version.version)
    return {}


def worker(replica: Replica, gpu: bool) -> dict[str, object]:
    started = datetime.fromtimestamp(replica.started, UTC)
    return {
        "id": replica.id,
        "startTime": started.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": STATES.get(replica.state, "UNLOADING"),
        "memoryUsage": memory(replica.pid),
        "pid": replica.pid or -1,
        "gpu": gpu,
        "gpuUsage": "N/A",
    }


def memory(pid: int | None) -> int:
    """Bytes; 0 where the process is gone, or on another machine."""
    try:
        found: int = psutil.Process(pid).memory_info().rss if pid else 0
    except psutil.NoSuchProcess:
        return 0
    return found
