"""Laws of fits that go on: by `partial_fit`, by a warm start, with other parameters."""

import numpy as np
import pytest
import torch
from sklearn.base import clone

from tests.estimators import with_width
from tests.laws import N, assert_same, clone_fitted, each_kind, epochs_of_a_pass, few_bits, outputs

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")


@pytest.fixture
def X():
    return few_bits()


@each_kind
def test_partial_fit_goes_on(estimator, X):
    model = clone(estimator)
    assert model.partial_fit(X) is model
    first = model.transform(X)
    assert model.n_iter_ == epochs_of_a_pass(estimator)
    model.partial_fit(X[:20])
    assert model.n_iter_ == sum(epochs_of_a_pass(estimator, left) for left in (None, 0))
    assert np.abs(model.transform(X) - first).max() > 0
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :3])


@each_kind
def test_one_epoch_of_fit_is_one_partial_fit(estimator, X):
    epochs = {"n_iter", "max_iter"} & set(estimator.get_params())
    once = clone(estimator).set_params(**{epochs.pop(): 1})
    assert_same(outputs(clone(once).fit(X), X), outputs(clone(once).partial_fit(X), X))


@each_kind
def test_a_warm_start_goes_on(estimator, X):
    """At a constant rate, two fits are one of twice as many epochs, to the same bits."""
    names = set(estimator.get_params())
    epochs = (names & {"n_iter", "max_iter"}).pop()
    steady = {
        "learning_rate_schedule": "constant",
        "early_stopping": False,
        "n_iter_no_change": 100,
        "kl_warmup": 0,
        "warm_start": True,
    }
    model = clone(estimator).set_params(**{k: v for k, v in steady.items() if k in names})
    whole = clone(model).set_params(**{epochs: 4})
    twice = clone(model).set_params(**{epochs: 2}).fit(X).fit(X)
    if len(whole._schedule().stages) > 1:  # which are all run again, but those that set the start
        assert twice.n_iter_ > 2
        return
    whole.fit(X)
    assert twice.n_iter_ == whole.n_iter_ == 4
    assert_same(outputs(twice, X), outputs(whole, X))


@each_kind
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_error_while_going_on_changes_nothing(estimator, X, method, monkeypatch):
    """Neither the answers nor what a later call goes on from, whatever had been trained by then."""
    model = clone(estimator).fit(X)
    model.set_params(**{"warm_start": True} if method == "fit" else {})
    untouched = clone_fitted(model)
    before = outputs(model, X)

    def fails(self, *args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(type(model), "_finish", fails)
        with pytest.raises(MemoryError):
            getattr(model, method)(X)
    assert_same(outputs(model, X), before)
    assert len(model.history_["loss"]) == model.n_iter_ == untouched.n_iter_
    assert_same(outputs(model.partial_fit(X), X), outputs(untouched.partial_fit(X), X))


@each_kind
def test_going_on_hears_of_parameters_set_anew(estimator, X):
    model = clone(estimator).partial_fit(X)
    before = model.transform(X)
    model.set_params(learning_rate=1e-30).partial_fit(X)
    np.testing.assert_allclose(model.transform(X), before, rtol=1e-6)


@each_kind
def test_going_on_takes_another_precision(estimator, X):
    model = clone(estimator).fit(X).set_params(precision="float64").partial_fit(X)
    assert next(model.module_.parameters()).dtype == torch.float64
    assert np.isfinite(model.transform(X)).all()


@each_kind
def test_going_on_refuses_another_architecture(estimator, X):
    model = clone(estimator).partial_fit(X).set_params(**with_width(estimator, 7))
    with pytest.raises(ValueError, match=r"== .*7.* had .*4"):
        model.partial_fit(X)
    assert model.transform(X).shape == (N, 4)
