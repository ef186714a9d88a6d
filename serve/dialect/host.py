"""How busy this machine is, in the units of TorchServe's gauges."""

import psutil

MEGABYTE = 1024**2
GIGABYTE = 1024**3


def gauges() -> dict[str, float]:
    """Percent, megabytes of memory, gigabytes of the root's disk.

    The processors' share is of the time since this thread's call before, 0 in its first.
    """
    memory = psutil.virtual_memory()
    disk = psutil.disk_usage("/")
    return {
        "CPUUtilization": psutil.cpu_percent(),
        "MemoryUsed": memory.used / MEGABYTE,
        "MemoryAvailable": memory.available / MEGABYTE,
        "MemoryUtilization": memory.percent,
        "DiskUsage": disk.used / GIGABYTE,
        "DiskUtilization": disk.percent,
        "DiskAvailable": disk.free / GIGABYTE,
    }
