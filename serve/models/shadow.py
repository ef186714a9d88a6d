"""A copy of a request for a second version, and whether it says the same."""

import json
from dataclasses import replace

from handlers.errors import Fault
from serve.dialect.calls import Job, Reply
from serve.dialect.metrics import Metrics
from serve.models.version import Version


async def compare(shadow: Version, job: Job, reply: Reply, metrics: Metrics) -> None:
    """A shadow that fails disagrees; nobody else hears of it."""
    try:
        copy = replace(job, version=shadow.version)
        agrees = verdict(await shadow.ask(copy)) == verdict(reply)
    except Fault:
        agrees = False
    metrics.shadowed(shadow.model, shadow.version, agrees=agrees)


def verdict(reply: Reply) -> object:
    """The label of an answer that has one, else the whole of it."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        return reply.status, reply.body
    label = found.get("label", found) if isinstance(found, dict) else found
    return reply.status, label
