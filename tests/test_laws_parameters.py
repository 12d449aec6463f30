"""Laws of parameters: what values every model takes, and that it names those it refuses."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skdeepunsup import BoltzmannMachine
from tests.laws import assert_same, each_kind, few_bits, outputs

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")


@pytest.fixture
def X():
    return few_bits()


@each_kind
def test_random_state_may_be_an_instance_or_nothing(estimator, X):
    seeded = clone(estimator).set_params(random_state=np.random.RandomState(3)).fit(X)
    again = clone(estimator).set_params(random_state=np.random.RandomState(3)).fit(X)
    assert_same(outputs(seeded, X), outputs(again, X))
    free = clone(estimator).set_params(random_state=None)
    assert np.abs(free.fit(X).transform(X) - clone(free).fit(X).transform(X)).max() > 1e-6


@each_kind
def test_numpy_s_integers_are_integers(estimator, X):
    """As grids over a power of two give them."""
    whole = {k: v for k, v in estimator.get_params().items() if type(v) is int}
    model = clone(estimator).set_params(batch_size=16)
    same = clone(model).set_params(**{k: np.int64(v) for k, v in whole.items()})
    same.set_params(batch_size=np.int64(16))
    assert_same(outputs(model.fit(X), X), outputs(same.fit(X), X))


BAD_PARAMETERS = {
    "n_components": [0, -1, 2.5, "four"],
    "learning_rate": [0, -1.0, "fast", True],
    "batch_size": [0, 1.5],
    "device": ["abacus", 7.5, "meta"],
    "precision": ["float16", 32],
    "n_iter": [0, 2.5, None],
    "max_iter": [0, None],
    "cd_steps": [0],
    "n_chains": [0],
    "momentum": [-0.1, 1.0],
    "weight_decay": [-1.0],
    "sparsity_target": [0.0, 1.0],
    "sparsity_cost": [-1.0],
    "learning_rate_schedule": ["cosine"],
    "validation_fraction": [-0.1, 1.0],
    "hidden_layer_sizes": [(0,), ("a",), "ab", None, (2.5,)],
    "activation": ["step", None],
    "loss": ["absolute"],
    "output": ["tanh", None],
    "conditional": ["no"],
    "gradient_penalty": ["l2"],
    "penalty_weight": [-1.0, "strong"],
    "penalty_interval": [0],
    "spectral_norm": [1],
    "n_critic": [0],
    "averaging": [-0.1, 1.0],
    "discriminator_learning_rate": [0, "fast"],
    "encoder_max_iter": [0],
    "quality": ["inception", None],
    "quality_interval": [0],
    "encoder": ["resnet"],
    "n_iter_no_change": [0],
    "tol": [-1.0],
    "early_stopping": ["no"],
    "warm_start": [1],
    "tied_weights": [None, 2],
    "dropout": [-0.1, 1.0],
    "image_shape": [(2,), (2, 4), "square", (0, 6)],
    "missing": ["fill"],
    "sparsity": ["l2"],
    "corruption": ["pepper", None],
    "corruption_level": [-0.1],
    "contraction": [-1.0],
    "likelihood": ["poisson"],
    "noise_scale": [0.0, "mine"],
    "beta": [-1.0],
    "kl_warmup": [-1, 0.5],
    "free_bits": [-0.1],
    "regularizer": ["l2"],
    "n_importance_samples": [0],
    "centered": ["no"],
    "persistent": [0],
    "resample": [3],
}


@each_kind
def test_bad_parameters_are_named_and_leave_the_model_unfitted(estimator, X):
    tested = 0
    for name in BAD_PARAMETERS.keys() & estimator.get_params().keys():
        for value in BAD_PARAMETERS[name]:
            if (name, value) == ("n_components", 0) and isinstance(estimator, BoltzmannMachine):
                continue  # which is fully visible then
            if value is None and getattr(type(estimator)(), name) is None:
                continue  # which lets the model decide
            model = clone(estimator).set_params(**{name: value})
            with pytest.raises((ValueError, TypeError), match=name):
                model.fit(X)
            with pytest.raises(NotFittedError):
                model.transform(X)
            tested += 1
    assert tested > 10
