"""What every model obeys that draws rows, when it completes some."""

import pickle
from functools import cache
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import skdeepunsup
from skdeepunsup import VariationalAutoencoder, VariationalDeepEmbedding
from skdeepunsup.base.generative import GenerativeModel
from tests.applications.models import VARIATIONAL
from tests.estimators import ESTIMATORS, LIMITED, VARIANTS

MIXTURE = VariationalDeepEmbedding(3, VARIATIONAL, max_iter=3, random_state=0)
MODELS = [m for m in [*ESTIMATORS, *VARIANTS, *LIMITED, MIXTURE] if isinstance(m, GenerativeModel)]
KINDS = [m for m in [*ESTIMATORS, MIXTURE] if isinstance(m, GenerativeModel)]

every = pytest.mark.parametrize("estimator", MODELS, ids=repr)
each_kind = pytest.mark.parametrize("estimator", KINDS, ids=lambda e: type(e).__name__)

N, D = 50, 6
FEW = {"n_steps": 6, "random_state": 0}


def few_bits():
    return (np.random.default_rng(0).random((N, D)) < 0.4).astype(np.float64)


@cache
def fitted(estimator):
    """The model, fitted once for all tests: completing rows changes nothing."""
    return clone(estimator).fit(few_bits())


@pytest.fixture
def X():
    return few_bits()


@pytest.fixture
def holes(X):
    """The rows with entries missing here and there, all of the first and none of the second."""
    missing = np.random.default_rng(1).random(X.shape) < 0.4
    missing[0], missing[1] = True, False
    return np.where(missing, np.nan, X)


def test_every_public_model_that_draws_rows_is_there():
    public = [getattr(skdeepunsup, name) for name in skdeepunsup.__all__]
    kinds = {k for k in public if isinstance(k, type) and issubclass(k, GenerativeModel)}
    assert kinds == {type(m) for m in KINDS}


@every
def test_what_is_observed_stays_and_nothing_is_missing(estimator, X, holes):
    model = fitted(estimator)
    for answer in (
        model.impute(holes, **FEW),
        model.impute(holes, mean=True, **FEW),
        *model.impute(holes, n_draws=3, **FEW),
    ):
        assert answer.shape == X.shape
        assert answer.dtype == np.float64
        assert np.isfinite(answer).all()
        np.testing.assert_array_equal(answer[~np.isnan(holes)], X[~np.isnan(holes)])


@every
def test_one_seed_is_one_answer_and_draws_differ(estimator, X, holes):
    model = fitted(estimator)
    draws = model.impute(holes, n_draws=4, **FEW)
    assert draws.shape == (4, N, D)
    np.testing.assert_array_equal(draws, model.impute(holes, n_draws=4, **FEW))
    again = pickle.loads(pickle.dumps(model)).impute(holes, n_draws=4, **FEW)
    np.testing.assert_array_equal(draws, again)
    assert all((a != b).any() for a, b in pairwise(draws))
    assert (model.impute(holes, n_steps=6, random_state=1) != draws[0]).any()


@each_kind
def test_means_are_nearer_to_each_other_than_draws(estimator, X, holes):
    """Categories have no mean: there it is the most probable one."""
    model = fitted(estimator)
    options = {"n_draws": 8, "n_steps": 20}
    a, b = (model.impute(holes, mean=True, random_state=s, **options) for s in (0, 1))
    c, d = (model.impute(holes, random_state=s, n_steps=20) for s in (0, 1))
    assert np.square(a - b).sum() < 0.7 * np.square(c - d).sum()


@each_kind
def test_float32_comes_back_as_float32(estimator, X, holes):
    model = fitted(estimator)
    seen = (holes + 0.0).astype(np.float32)
    answer = model.impute(seen, **FEW)
    assert answer.dtype == np.float32
    np.testing.assert_array_equal(answer[~np.isnan(seen)], seen[~np.isnan(seen)])


@each_kind
def test_every_kind_of_input_gives_the_same(estimator, X, holes, tmp_path):
    model = fitted(estimator)
    expected = model.impute(holes, **FEW)
    np.save(tmp_path / "X.npy", holes)
    frozen = holes.copy()
    frozen.flags.writeable = False
    kinds = {
        "csr": sp.csr_array(holes),
        "csc": sp.csc_matrix(holes),
        "memmap": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "fortran": np.asfortranarray(holes),
        "tensor": torch.tensor(holes),
        "list": holes.tolist(),
        "read-only": frozen,
    }
    for kind, other in kinds.items():
        np.testing.assert_array_equal(model.impute(other, **FEW), expected, err_msg=kind)
    with torch.inference_mode():
        np.testing.assert_array_equal(model.impute(holes, **FEW), expected)
    integers = model.impute(X.astype(np.int8), **FEW)  # nothing is missing
    np.testing.assert_array_equal(integers, X)


@each_kind
def test_frames_are_checked_for_their_names(estimator, X, holes):
    model = clone(estimator).fit(pd.DataFrame(X, columns=list("abcdef")))
    answer = model.impute(pd.DataFrame(holes, columns=list("abcdef")), **FEW)
    np.testing.assert_array_equal(answer[1], X[1])
    with pytest.raises(ValueError, match="feature names"):
        model.impute(pd.DataFrame(holes, columns=list("ghijkl")))


@each_kind
def test_chunks_are_but_parts_of_a_whole(estimator, X, holes, monkeypatch):
    monkeypatch.setattr("skdeepunsup.base.generative.CHUNK_ROWS", 8)
    model = fitted(estimator)
    X, holes = X[:11], holes[:11]
    for options in ({"n_draws": 3}, {"n_draws": 20}, {"mean": True, "n_draws": 3}):
        answer = model.impute(holes, **options, **FEW)
        wanted = np.broadcast_to(X, answer.shape)[..., ~np.isnan(holes)]
        np.testing.assert_array_equal(answer[..., ~np.isnan(holes)], wanted)
        assert np.isfinite(answer).all()


@each_kind
def test_many_draws_of_one_row_are_made_some_at_a_time(estimator, X, holes, monkeypatch):
    monkeypatch.setattr("skdeepunsup.base.generative.CHUNK_ROWS", 8)
    model, sizes = pickle.loads(pickle.dumps(fitted(estimator))), []

    def noted(module, x, stream, begin=model._completion):
        sizes.append(len(x))
        return begin(module, x, stream)

    monkeypatch.setattr(model, "_completion", noted)
    draws = model.impute(holes[:1], n_draws=20, **FEW)
    assert sizes == [8, 8, 4]
    assert len(np.unique(draws[:, 0], axis=0)) > 5
    assert model.impute(holes[:1], mean=True, n_draws=20, **FEW).shape == (1, D)
    assert sizes == [8, 8, 4] * 2


@each_kind
def test_what_cannot_be_asked_is_refused(estimator, X, holes):
    with pytest.raises(NotFittedError):
        clone(estimator).impute(holes)
    model = fitted(estimator)
    for options, name in (
        ({"n_draws": 0}, "n_draws"),
        ({"n_draws": 1.5}, "n_draws"),
        ({"n_steps": 0}, "n_steps"),
        ({"mean": 1}, "mean"),
        ({"random_state": "x"}, "random_state"),
    ):
        with pytest.raises((ValueError, TypeError), match=name):
            model.impute(holes, **options)
    with pytest.raises(ValueError, match="infinity"):
        model.impute(np.where(holes == 1, np.inf, holes))
    with pytest.raises(ValueError, match="features"):
        model.impute(holes[:, :5])


def test_a_bernoulli_likelihood_refuses_what_is_no_bit(X, holes):
    model = VariationalAutoencoder(2, likelihood="bernoulli", max_iter=2, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        model.impute(3 * holes)
    mixture = VariationalDeepEmbedding(2, model, max_iter=1, random_state=0).fit(X)
    with pytest.raises(ValueError, match=r"in \[0, 1\]"):
        mixture.impute(3 * holes)


@pytest.mark.parametrize("estimator", KINDS[:-1], ids=lambda e: type(e).__name__)
def test_rows_of_which_all_is_missing_are_samples(estimator, X):
    model, n = fitted(estimator), 4000
    unknown = np.full((1, D), np.nan)
    drawn = model.impute(unknown, n_draws=n, n_steps=30, random_state=0)[:, 0]
    samples = model.sample(n, random_state=1)
    for a, b in (
        (drawn, samples),
        (drawn**2, samples**2),
        (drawn * drawn[:, :1], samples * samples[:, :1]),
    ):
        error = np.sqrt((a.var(0) + b.var(0)) / n)
        assert (abs(a.mean(0) - b.mean(0)) < 5 * error + 1e-6).all()
