"""The machine of ratings: its levels, and its probabilities by the paper and by enumeration."""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit, logsumexp, softmax
from sklearn.base import clone

from skdeepunsup import RatingRBM
from tests.applications.recommending.models import MODELS, nan

machines = pytest.mark.parametrize("estimator", MODELS[:2], ids=repr)


def test_levels_are_what_is_found():
    X = np.array([[0, 0.5, nan], [2.5, nan, 0.5], [0, 0, 2.5]])
    model = clone(MODELS[0]).fit(X)
    np.testing.assert_array_equal(model.levels_, [0, 0.5, 2.5])
    predicted = model.predict(X)
    assert predicted.min() > 0
    assert predicted.max() < 2.5


def test_levels_that_are_given():
    X = np.array([[1, 3, nan], [3, nan, 1]], dtype=float)
    model = clone(MODELS[0]).set_params(levels=[3, 2, 1, 2]).fit(X)
    np.testing.assert_array_equal(model.levels_, [1, 2, 3])
    model.predict([[2, nan, nan]])  # which fit has not seen
    with pytest.raises(ValueError, match=r"rating of 5.*levels are \[1.0, 2.0, 3.0\]"):
        clone(model).fit(np.array([[1, 5.0]]))
    with pytest.raises(ValueError, match=r"rating of 1\.5"):
        model.predict([[1.5, nan, nan]])
    for wrong in ([1], [1, nan], []):
        with pytest.raises(ValueError, match="levels == "):
            clone(model).set_params(levels=wrong).fit(X)
    with pytest.raises(ValueError, match="101 different ratings"):
        clone(MODELS[0]).fit(np.arange(101.0)[None])


def parts_of(model):
    """W of shape (n_items, K, n_hidden), a of (n_items, K), and b."""
    rbm, K = model.rbm_, model.rbm_.n_categories_
    W = rbm.components_.astype(float).T.reshape(-1, K, model.n_components)
    return W, rbm.intercept_visible_.reshape(-1, K).astype(float), rbm.intercept_hidden_


def test_the_conditional_machine_is_the_paper_s(X):
    """P(hⱼ = 1 | v, r) = σ(bⱼ + Σᵢₖ vᵢᵏ Wᵢⱼᵏ + Σᵢ rᵢ Dᵢⱼ), the K weights of W summing to 0."""
    model = clone(MODELS[0]).set_params(n_iter=30).fit(X)
    W, _, b = parts_of(model)
    paper_s_D = W.mean(1)
    assert np.abs(paper_s_D).max() > 0.001
    W0 = W - paper_s_D[:, None]
    known = ~np.isnan(X)
    v = (X[..., None] == model.levels_).astype(float)
    h = expit(b + np.einsum("nik,ikj->nj", v, W0) + known @ paper_s_D)
    np.testing.assert_allclose(model.transform(X), h, rtol=1e-5)
    plain = clone(MODELS[1]).set_params(n_iter=30).fit(X)
    assert np.abs(parts_of(plain)[0].sum(1)).max() < 1e-5


@machines
def test_predictions_are_means_of_the_levels_probabilities(estimator, X):
    model = clone(estimator).set_params(n_iter=30).fit(X)
    W, a, b = parts_of(model)
    v = (X[..., None] == model.levels_).astype(float)
    h = expit(b + np.einsum("nik,ikj->nj", v, W))
    p = softmax(np.einsum("ikj,nj->nik", W, h) + a, axis=2)
    mean = p @ model.levels_
    np.testing.assert_allclose(model.predict(X), mean, rtol=1e-5)
    std = np.sqrt((p * (model.levels_ - mean[..., None]) ** 2).sum(2))
    np.testing.assert_allclose(model.predict_std(X), std, rtol=1e-4)
    assert std.min() > 0


def test_spreads_and_levels_do_not_depend_on_the_unit_of_ratings(X):
    model = RatingRBM(4, n_iter=5, random_state=0)
    std, far = (clone(model).fit(ratings).predict_std(ratings) for ratings in (X, X + 1e9))
    np.testing.assert_allclose(far, std, rtol=1e-5)
    with pytest.raises(ValueError, match="has a rating of 9e-07, but the levels are"):
        clone(model).fit(1e-7 * X).predict(np.full((1, X.shape[1]), 9e-7))


def test_the_machine_s_conditional_probabilities_are_those_of_its_energy(X):
    """P(hⱼ = 1 | v) by enumerating h of exp(−E(v, h)), over the user's own items alone."""
    model = clone(MODELS[0]).set_params(n_components=3, n_iter=30).fit(X)
    W, a, b = parts_of(model)
    v = (X[:5, :, None] == model.levels_).astype(float)
    H = np.array(list(product([0, 1], repeat=3)), dtype=float)
    minus_energy = (
        np.einsum("nik,ikj,hj->nh", v, W, H)
        + np.einsum("nik,ik->n", v, a)[:, None]
        + H @ b.astype(float)
    )
    p = np.exp(minus_energy - logsumexp(minus_energy, axis=1, keepdims=True))
    np.testing.assert_allclose(model.transform(X[:5]), p @ H, rtol=1e-5)


def test_levels_that_float32_rounds():
    X = np.array([[0.1, 0.2, nan], [0.3, nan, 0.1]] * 10)
    model = RatingRBM(2, levels=[0.1, 0.2, 0.3], n_iter=2).fit(X.astype(np.float32))
    model.predict(X)
    with pytest.raises(ValueError, match="levels == 'abc'"):
        RatingRBM(levels="abc").fit(X)


def outputs(model):
    return model.predict(RATED), model.transform(RATED)


RATED = np.array([[1.0, 2, nan], [2, nan, 1], [1, 1, 2], [nan, 2, 2]])


def test_a_warm_start_goes_on_to_the_same_bits():
    steady = {"learning_rate_schedule": "constant", "random_state": 0}
    twice = RatingRBM(3, n_iter=2, warm_start=True, **steady).fit(RATED).fit(RATED)
    whole = RatingRBM(3, n_iter=4, **steady).fit(RATED)
    assert twice.n_iter_ == whole.n_iter_ == 4
    for a, b in zip(outputs(twice), outputs(whole), strict=True):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(
        ValueError, match=r"levels == \[1, 2, 3\], but the fit to go on from had \[1"
    ):
        twice.set_params(levels=[1, 2, 3]).fit(RATED)
    with pytest.raises(ValueError, match=r"n_components == 4.* had 3"):
        twice.set_params(levels=None, n_components=4).fit(RATED)
    twice.set_params(warm_start=False).fit(RATED)  # as the message says


def test_users_may_come_in_parts():
    model = RatingRBM(3, random_state=0).partial_fit(RATED[1:2])
    assert not model.similar_items([1], 1)[0].max() >= 0  # nobody has rated the item yet
    before = model.predict(RATED[1:2])
    model.partial_fit(RATED[:1])
    assert model.n_iter_ == 2
    assert np.abs(model.predict(RATED[1:2]) - before).max() > 0
    assert model.similar_items([1], 1)[0].min() >= 0
    untouched = outputs(model)
    with pytest.raises(ValueError, match=r"rating of 5"):
        model.partial_fit(np.array([[5.0, 1, nan]]))
    with pytest.raises(ValueError, match="no ratings"):
        model.partial_fit(np.full((1, 3), nan))
    for a, b in zip(outputs(model), untouched, strict=True):
        np.testing.assert_array_equal(a, b)
