"""The law that a device changes time, not answers: a model fitted there answers so on the CPU."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from skdeepunsup import GenerativeImputer, LosslessCompressor, RatingAutoencoder, RatingRBM
from tests.estimators import EVERY_KIND
from tests.laws import few_bits

COMPUTING = [e for e in EVERY_KIND if any(n.endswith("device") for n in e.get_params())]
every_kind = pytest.mark.parametrize("estimator", COMPUTING, ids=lambda e: type(e).__name__)
ANSWERS = (
    *("transform", "reconstruct", "score_samples"),
    *("predict", "predict_proba", "decision_function", "inverse_transform"),
)
N_DRAWN, SIGMAS = 1000, 5

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("hasty_log_partition")]


@pytest.fixture
def device():
    return "cuda" if torch.cuda.is_available() else "mps"


def data_for(estimator):
    """Rows and targets; about half of the entries are rated where ratings are wanted."""
    X = few_bits()
    if isinstance(estimator, RatingRBM | RatingAutoencoder):
        X = np.random.default_rng(0).choice([np.nan, 1.0, 2.0], X.shape)
    tags = get_tags(estimator).target_tags
    return X, None if not tags.required else X if tags.multi_output else X[:, 0]


def put_on(thing, device):
    """Set the device of an estimator, and of all those that it contains."""
    if isinstance(thing, BaseEstimator):
        if "device" in thing.get_params(deep=False):
            thing.set_params(device=device)
        for part in vars(thing).values():
            put_on(part, device)
    elif isinstance(thing, list | tuple):
        for part in thing:
            put_on(part, device)


def fitted_there(estimator, device):
    """A model that was fitted on ``device``, and the same where all is on the CPU."""
    model = clone(estimator)
    put_on(model, device)
    X, y = data_for(model)
    model.fit(X, y)
    here = pickle.loads(pickle.dumps(model))
    put_on(here, "cpu")
    return model, pickle.loads(pickle.dumps(here)), X, y


def modules(thing):
    """The networks of an estimator and of those that it contains."""
    if isinstance(thing, torch.nn.Module):
        yield thing
    elif isinstance(thing, BaseEstimator):
        for part in vars(thing).values():
            yield from modules(part)
    elif isinstance(thing, list | tuple):
        for part in thing:
            yield from modules(part)


def devices(model):
    return {p.device.type for module in modules(model) for p in module.parameters()}


@every_kind
def test_answers_of_a_device_are_those_of_the_cpu(estimator, device):
    there, here, X, _ = fitted_there(estimator, device)
    if not isinstance(estimator, LosslessCompressor):  # whose networks run on the CPU
        assert devices(there) == {device}
    assert devices(here) == {"cpu"}
    if isinstance(estimator, GenerativeImputer):
        X = np.where(np.arange(X.size).reshape(X.shape) % 7, X, np.nan)
        assert np.isfinite(there.transform(X)).all()  # draws of the device's own
        return
    for name in (name for name in ANSWERS if hasattr(there, name)):
        rows = X if name != "inverse_transform" else here.transform(X)
        expected, found = (getattr(model, name)(rows) for model in (here, there))
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4, err_msg=name)


@every_kind
def test_the_score_of_a_device_is_that_of_the_cpu(estimator, device):
    there, here, X, y = fitted_there(estimator, device)
    if not hasattr(there, "score"):
        pytest.skip("it has no score")
    assert there.score(X, y) == pytest.approx(here.score(X, y), rel=1e-2, abs=1e-2)


@every_kind
def test_draws_of_a_device_have_the_moments_of_the_cpus(estimator, device):
    there, here, *_ = fitted_there(estimator, device)
    if not hasattr(there, "sample"):
        pytest.skip("it draws no rows")
    of_cluster = {"cluster": 0} if hasattr(there, "cluster_centers_") else {}
    asked = {"n_samples": N_DRAWN, "random_state": 0} | of_cluster
    a, b = (np.asarray(model.sample(**asked)) for model in (there, here))
    error = np.sqrt((a.var(0) + b.var(0)) / N_DRAWN)
    assert (np.abs(a.mean(0) - b.mean(0)) <= SIGMAS * error + 1e-3).all()


@every_kind
def test_a_fit_goes_on_on_a_device(estimator, device):
    there, _, X, y = fitted_there(estimator, device)
    if not hasattr(there, "partial_fit"):
        pytest.skip("it begins anew")
    there.partial_fit(X, y)
    assert devices(there) == {device}
