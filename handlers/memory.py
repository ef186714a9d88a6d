"""Memory that one batch gave back stays with the process for the next one."""

import ctypes
import platform

# mallopt(3). A batch of 8 has no tensor above the block (the largest is 77 MB); of a picture of 50
# megapixels, which hardly ever comes, all that is above it goes back to the system.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGEST_BLOCK = 2**27
MOST_KEPT = 2**30


def keep_memory() -> None:
    """Where glibc is. By itself it gives a tensor's memory back at once and asks for as much again
    for the next one, which the system has to clear: up to a third of a batch's time.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK)
        libc.mallopt(M_TRIM_THRESHOLD, MOST_KEPT)
