"""First weights tell rows apart, unless most entries are missing."""

import numpy as np
import pytest

from skdeepunsup import BernoulliRBM, CategoricalRBM, RatingRBM

N, D = 400, 12


def first_weights(estimator, X):
    return estimator.set_params(learning_rate=1e-12, random_state=0).fit(X).module_.W


def codes(share):
    rng = np.random.default_rng(0)
    X = rng.integers(0, 3, (N, D)).astype(float)
    X[rng.random((N, D)) >= share] = np.nan
    return X


def test_inputs_of_hidden_units_vary_by_one_at_most():
    X = (np.random.default_rng(0).random((N, D)) < 0.5).astype(float)
    inputs = X @ first_weights(BernoulliRBM(6, n_iter=1), X).numpy()
    assert 0.5 < inputs.var(0).mean() < 1.5


@pytest.mark.parametrize(("share", "large"), [(1.0, True), (0.8, True), (0.3, False)])
def test_weights_start_near_0_where_most_entries_are_missing(share, large):
    W = first_weights(CategoricalRBM(6, n_categories=3, n_iter=1), codes(share))
    assert (float(W.std()) > 0.1) == large
    if not large:
        assert float(W.std()) == pytest.approx(0.01, rel=0.3)


def test_ratings_that_few_have_start_near_0():
    model = RatingRBM(6, n_iter=1, learning_rate=1e-12, random_state=0).fit(codes(0.2))
    assert float(model.rbm_.module_.W.std()) < 0.02
