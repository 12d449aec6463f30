"""Memory of a process that fits, transforms and scores a file larger than its budget."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.large_files import resident

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
@pytest.mark.skipif(resident() is None, reason="this system does not tell memory in /proc")
def test_a_file_of_1_gb_takes_less_than_its_size(tmp_path):
    np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (340_000, 784))  # holes
    command = [sys.executable, "-m", "tests.memory_of_large"]
    files = [str(tmp_path / name) for name in ("X.npy", "codes.npy")]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=True)
    own, mapped = map(float, done.stdout.split())
    assert own < 1000  # two buffers of 256 MB, batches, and the blocks that are read (it was 860)
    assert mapped < 100
