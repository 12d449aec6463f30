"""The law that a step waits for nothing: only an epoch's record is read from the device.

Without an accelerator, a step must not call what would read a tensor; with CUDA, torch tells.
"""

from collections import Counter

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.utils import get_tags

from skdeepunsup import RatingAutoencoder, RatingRBM, SequenceVAE
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.energy.likelihood.partition import anneal
from skdeepunsup.training import loop
from skdeepunsup.training.batches import batches
from tests.energy.estimators import SMALL as MACHINES
from tests.estimators import APPLICATIONS, ESTIMATORS, LIMITED, RECOMMENDERS, VARIANTS
from tests.waits import Waits

KINDS = [*ESTIMATORS, *APPLICATIONS, *RECOMMENDERS]
every_kind = pytest.mark.parametrize("estimator", KINDS, ids=lambda e: type(e).__name__)
every_setting = pytest.mark.parametrize("estimator", [*KINDS, *VARIANTS, *LIMITED], ids=repr)

OF_SEQUENCES = {
    # A batch is packed by its lengths, so that no step computes what comes after an end.
    "cpu in /reconstruction/modules/sequence.py, in packed",
    # How many sequences reach each step, which packing leaves on the host.
    "tolist in /networks/recurrent.py, in forward",
    "_local_scalar_dense.default in /networks/recurrent.py, in forward",
    "cpu in /reconstruction/modules/sequence.py, in cross_entropy",
}
"""What a step of `SequenceVAE` reads; the first of them waits."""


def fit(estimator):
    X = (np.random.default_rng(0).random((40, 6)) < 0.4).astype(np.float64)
    if isinstance(estimator, RatingRBM | RatingAutoencoder):
        X = np.random.default_rng(0).choice([np.nan, 1.0, 2.0], (40, 6))
    tags = get_tags(estimator).target_tags
    y = None if not tags.required else X if tags.multi_output else X[:, 0]
    return clone(estimator).fit(X, y)


def watch_steps(monkeypatch, watched):
    """Make each step of a fit by ``watched(step, batch)``."""
    epoch = loop.run_epoch

    def run_epoch(objective, *arguments):
        step = objective.step
        objective.step = lambda *batch: watched(step, batch)
        try:
            return epoch(objective, *arguments)
        finally:
            del objective.step

    monkeypatch.setattr(loop, "run_epoch", run_epoch)


@pytest.fixture
def found(monkeypatch):
    """What the steps of the fits of a test would wait for."""
    found = Counter()

    def watched(step, batch):
        with Waits() as waits:
            named = step(*batch)
        found.update(waits.found)
        return named

    watch_steps(monkeypatch, watched)
    return found


@every_setting
def test_no_step_reads_from_the_device(estimator, found):
    fit(estimator)
    allowed = OF_SEQUENCES if isinstance(estimator, SequenceVAE) else set()
    assert set(found) <= allowed


@pytest.mark.parametrize("estimator", MACHINES, ids=lambda e: type(e).__name__)
def test_more_sweeps_and_temperatures_read_no_more(estimator):
    model = fit(estimator)

    def read(n):
        with Waits() as waits:
            model.sample(5, n_steps=n, random_state=0)
            if hasattr(model.module_, "path"):
                stream, path = Stream(0), model.module_.path()
                betas = torch.linspace(0, 1, n + 1, dtype=torch.float64)
                anneal(path, path.base_state(5, stream), betas, stream)
        return waits.found

    assert read(4) == read(8) != Counter()


@pytest.mark.parametrize(
    "read",
    [
        lambda x: x.sum().item(),
        lambda x: bool(x.sum() > 0),
        lambda x: x.cpu(),
        lambda x: x[x > 0],
        lambda x: x.nonzero(),
        lambda x: x.masked_select(x > 0),
    ],
)
def test_a_step_that_reads_would_be_found(read):
    with Waits() as waits:
        read(torch.ones(3))
    assert waits.found.total() == 1


@every_kind
@pytest.mark.gpu
def test_no_step_waits_for_cuda(estimator, monkeypatch):
    if not torch.cuda.is_available():
        pytest.skip("only CUDA tells")
    if isinstance(estimator, SequenceVAE) or "device" not in estimator.get_params():
        pytest.skip("it waits for the lengths of its sequences, or has a device in a model")

    def watched(step, batch):
        torch.cuda.set_sync_debug_mode("error" if seen else "default")
        seen.append(len(batch))
        try:
            return step(*batch)
        finally:
            torch.cuda.set_sync_debug_mode("default")

    seen = []  # the first step allocates, and begins chains
    watch_steps(monkeypatch, watched)
    fit(clone(estimator).set_params(device="cuda"))
    assert seen


@pytest.mark.gpu
def test_no_batch_of_weighted_rows_waits_for_cuda():
    if not torch.cuda.is_available():
        pytest.skip("only CUDA tells")
    rows = ResidentRows(torch.ones(10, 2, device="cuda")).weighted(np.arange(1.0, 11.0))
    drawn = batches(rows, 2, Stream(0, "cuda"))
    next(drawn)
    torch.cuda.set_sync_debug_mode("error")
    try:
        assert len(list(drawn)) == 4
    finally:
        torch.cuda.set_sync_debug_mode("default")
