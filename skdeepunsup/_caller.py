"""What a call owes its caller: the estimator as it was if it fails."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from sklearn.base import BaseEstimator


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Leave the estimator's attributes as they were if the block fails.

    Training needs gradients, whatever the caller has switched off.
    """
    before = dict(vars(estimator))
    try:
        with torch.inference_mode(False), torch.enable_grad():
            yield
    except BaseException:
        # with_callbacks clears these up itself, after this.
        callbacks = {k: v for k, v in vars(estimator).items() if k.startswith(("_callb", "_skl"))}
        vars(estimator).clear()
        vars(estimator).update(before | callbacks)
        raise
