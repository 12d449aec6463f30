"""Prints the peak of a process's own memory, in MB, while it fits, transforms and scores a file."""

import sys
from pathlib import Path

import numpy as np
import torch

from benchmarks.large_files import MODELS, watched

if __name__ == "__main__":
    torch.set_num_threads(1)
    X = np.load(Path(sys.argv[1]), mmap_mode="r")
    model = MODELS["BernoulliRBM(8)"].set_params(batch_size=1000)
    model.fit(X[:1000])  # what libraries load at first
    before = watched(lambda: None)
    out = np.lib.format.open_memmap(sys.argv[2], "w+", np.float32, (len(X), 8))

    def all_steps() -> None:
        model.fit(X).transform(X, out=out)
        model.score_samples(X)

    peaks = watched(all_steps)
    print((peaks[1] - before[1]) / 1e6, (peaks[2] - before[2]) / 1e6)
