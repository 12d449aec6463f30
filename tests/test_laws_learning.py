"""Laws of learning: in any precision and on any device, within Pipelines, searches and workers."""

import pickle
from functools import cache

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler
from sklearn.utils import get_tags

from skdeepunsup import GAN, BiGAN, GaussianRBM, metrics
from tests.estimators import with_width
from tests.laws import D, assert_same, clone_fitted, each_kind, few_bits, outputs

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")


@pytest.fixture
def X():
    return few_bits()


@each_kind
def test_a_progress_bar_nests_under_a_grid_search(estimator, X, capsys):
    search = GridSearchCV(clone(estimator), {"learning_rate": [0.01, 0.02]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X)
    assert type(estimator).__name__ in capsys.readouterr().out


@each_kind
def test_it_stands_where_pca_stood(estimator):
    X = np.random.default_rng(0).normal(size=(60, D))
    y = (X[:, 0] > 0).astype(int)
    scaler = MinMaxScaler()
    if get_tags(estimator).input_tags.categorical:
        scaler = KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf")
    pipeline = make_pipeline(scaler, clone(estimator), LogisticRegression())
    assert 0 <= pipeline.fit(X, y).score(X, y) <= 1
    prefix = type(estimator).__name__.lower()
    widths = [with_width(estimator, width) for width in (2, 3)]
    grid = {f"{prefix}__{name}": [w[name] for w in widths] for name in widths[0]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_estimator_[:-1].transform(X).shape[1] in (2, 3)


@each_kind
def test_reconstruction_score_selects_ours_and_pca_alike(estimator, X):
    for model in (clone(estimator), PCA()):
        widths = [with_width(model, width) for width in (2, 3)]
        grid = {name: [w[name] for w in widths] for name in widths[0]}
        search = GridSearchCV(model, grid, scoring=metrics.reconstruction_score, cv=2).fit(X)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@each_kind
@pytest.mark.slow  # workers start, which import all anew
def test_big_inputs_are_memory_mapped_by_workers_without_harm(estimator):
    X = (np.random.default_rng(0).random((100, 40)) < 0.5).astype(np.float64)
    models = [clone(estimator).set_params(random_state=s) for s in range(2)]
    there = joblib.Parallel(n_jobs=2, max_nbytes=1000)(
        joblib.delayed(lambda m, A: m.fit(A).transform(A))(m, X) for m in models
    )
    assert_same(there, [m.fit(X).transform(X) for m in models])


@each_kind
@pytest.mark.slow  # 120 epochs, 400 of a game
@pytest.mark.parametrize(
    "precision",
    [pytest.param("float64", marks=pytest.mark.nightly("so exact are the checks")), "bfloat16"],
)
def test_precisions_agree_in_what_they_learn(estimator, precision):
    other = share_learned_in(precision, estimator)
    assert other > 0.3
    reference = share_learned_in("float32", estimator)
    assert other == pytest.approx(reference, abs=0.15)  # fits that draw take other ways


@cache
def share_learned_in(precision, estimator):
    rng = np.random.default_rng(0)
    cause = rng.random((40, 1)) < 0.5  # for the topmost layer of a deep model to find
    X = np.repeat(cause ^ (rng.random((40, 3)) < 0.1), 2, axis=1).astype(float)
    epochs = {"n_iter", "max_iter"} & set(estimator.get_params())
    rate = 0.1 if isinstance(estimator, GaussianRBM) else 0.2 if "n_iter" in epochs else 0.02
    rate = 0.005 if isinstance(estimator, GAN | BiGAN) else rate
    n_epochs = 200 if isinstance(estimator, GAN | BiGAN) else 60
    model = clone(estimator).set_params(**{epochs.pop(): n_epochs}, learning_rate=rate)
    model.set_params(batch_size=10)
    if "n_iter_no_change" in model.get_params() and not isinstance(model, GAN | BiGAN):
        model.set_params(n_iter_no_change=n_epochs)  # the loss of so few rows is noise in some
    if isinstance(model, GAN):
        model.set_params(encoder_max_iter=100)
    return share_learned(model.set_params(precision=precision).fit(X), X)


def share_learned(model, X):
    """1 for all there is to learn, 0 for the mean row."""
    if not isinstance(model, BiGAN):
        return metrics.reconstruction_score(model, X)
    # Its reconstructions share what tells rows apart, and so few of them no more than that.
    samples = model.sample(1000, random_state=0)
    return 1 - metrics.frechet_distance(X, samples) / X.var(axis=0).sum()


@each_kind
@pytest.mark.gpu
def test_an_accelerator_learns_the_same(estimator, X):
    model = clone(estimator).set_params(device="auto").fit(X)
    assert next(model.module_.parameters()).device.type != "cpu"
    there = pickle.loads(pickle.dumps(clone_fitted(model).set_params(device="cpu")))
    assert next(there.module_.parameters()).device.type == "cpu"
    assert_same(outputs(model, X), outputs(there, X), rtol=1e-3, atol=1e-4)
