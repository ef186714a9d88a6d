"""What a batch gave back is there for the next: in a process of its own, as it is all of one's."""

import platform
import subprocess
import sys

import pytest

from tests.tiny import Exported

# 64 MB, which glibc always takes from the system and gives back to it, unless told otherwise.
FAULTS = """
import resource, sys
from pathlib import Path
import torch
from handlers.classifier import LesionClassifier

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.empty(2**24).fill_(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
LesionClassifier.load(Path(sys.argv[1]), Path(sys.argv[2]))
print(*(faults() for _ in range(5)))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no mallopt")
def test_a_tensor_gets_the_memory_of_those_before_it(exported: Exported) -> None:
    command = [sys.executable, "-c", FAULTS, str(exported.model), str(exported.config)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    first, *others = map(int, told)
    assert first > 100
    # Whatever small was asked for meanwhile may lie in the way of the second.
    assert others[-1] < first / 10
