"""Laws of fits that are kept in files: they go on to the same bits, whatever they are of."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone

import skdeepunsup.training.loop as loop
from benchmarks.survival_fits import content
from skdeepunsup import Checkpoint
from skdeepunsup._fingerprint import fingerprint
from tests.estimators import (
    APPLICATIONS,
    ESTIMATORS,
    FURTHER_APPLICATIONS,
    FURTHER_RECOMMENDERS,
    LIMITED,
    RECOMMENDERS,
    VARIANTS,
)
from tests.laws import few_bits

KINDS = [e for e in [*ESTIMATORS, *APPLICATIONS, *RECOMMENDERS] if hasattr(e, "set_callbacks")]
FURTHER = [
    e
    for e in [*VARIANTS, *LIMITED, *FURTHER_APPLICATIONS, *FURTHER_RECOMMENDERS]
    if hasattr(e, "set_callbacks")
]


class Killed(BaseException):
    """Ends a fit as a kill does: nothing of ours catches it."""


class Epochs:
    """Counts the epochs of all fits, and ends them at one."""

    def __init__(self, run_epoch):
        self.run_epoch, self.n, self.last = run_epoch, 0, np.inf

    def __call__(self, *arguments):
        if self.n >= self.last:
            raise Killed
        self.n += 1
        return self.run_epoch(*arguments)

    def until(self, last):
        self.n, self.last = 0, last


@pytest.fixture
def epochs(monkeypatch):
    counted = Epochs(loop.run_epoch)
    monkeypatch.setattr(loop, "run_epoch", counted)
    return counted


def arguments_of(estimator):
    X = few_bits()
    y = (X[:, 0] + X[:, 1]).astype(int)
    match type(estimator).__name__:
        case "FineTunedClassifier" | "FineTunedRegressor":
            return X, y
        case "EncoderDecoder":
            return X, X[:, ::-1].copy()
        case "RatingRBM" | "RatingAutoencoder":
            gaps = np.random.default_rng(0).random(X.shape) < 0.3
            return (np.where(gaps, np.nan, 1 + X + y[:, None]),)
    return (X,)


@pytest.mark.parametrize(
    "estimator",
    [*KINDS, *(pytest.param(e, marks=pytest.mark.nightly("kinds are tried")) for e in FURTHER)],
    ids=lambda e: f"{e!r:.90}",
)
def test_a_fit_goes_on_from_its_file_to_the_same_bits(estimator, tmp_path, epochs, recwarn):
    """After any epoch, of an encoder too; and from the file of a fit that is over."""
    arguments = arguments_of(estimator)
    np.random.seed(0)  # which stands for random_state=None
    whole = fingerprint(content(clone(estimator).fit(*arguments)))
    n = epochs.n
    for k in {0, 1, n // 2, max(n - 1, 0)} if n else ():
        kept = Checkpoint(tmp_path / f"{k}.ckpt")
        epochs.until(k)
        np.random.seed(0)
        with pytest.raises(Killed):
            clone(estimator).set_callbacks(kept).fit(*arguments)
        epochs.until(np.inf)
        np.random.seed(1)  # another process
        found = fingerprint(content(clone(estimator).set_callbacks(kept).fit(*arguments)))
        assert (found, epochs.n) == (whole, n - k)
        again = fingerprint(content(clone(estimator).set_callbacks(kept).fit(*arguments)))
        assert (again, epochs.n) == (whole, n - k)
        assert [path.name for path in Path(tmp_path).iterdir()] == [f"{k}.ckpt"]
        kept.path.unlink()
