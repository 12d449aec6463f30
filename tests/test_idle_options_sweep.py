"""An option that is not named as doing nothing does something."""

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from skdeepunsup import LogMel
from tests.estimators import EVERY_KIND
from tests.idle_options import fitted, learned

OTHER_VALUES: dict[str, list[Any]] = {
    "activation": ["tanh", "silu"],
    "augmentation": [lambda x, generator: 0.9 * x],
    "batch_size": [3],
    "beta": [0.5],
    "cd_steps": [2],
    "centered": [True, False],
    "clamped": ["gibbs", "mean-field"],
    "clamped_steps": [2],
    "code_activation": ["tanh"],
    "conditional": [True, False],
    "connections": [np.eye(10, k=7, dtype=bool) | np.eye(10, k=-7, dtype=bool)],
    "contamination": [0.3],
    "contraction": [0.3],
    "corruption": ["gaussian"],
    "corruption_level": [0.1],
    "criterion": ["reconstruction-error"],
    "discriminator_learning_rate": [0.1],
    "dof": [3.0],
    "dropout": [0.3],
    "early_stopping": [True, False],
    "embedding_size": [5],
    "encoder_learning_rate": [0.3],
    "encoder_max_iter": [2],
    "fine_tuning": ["up-down"],
    "fine_tuning_iter": [2],
    "free_bits": [1.0],
    "gradient_penalty": [None],
    "hidden_layer_sizes": [(7, 3)],
    "hidden_size": [6],
    "hidden_units": ["relu"],
    "image_shape": [(3, 2)],
    "init": ["equal-mixture"],
    "kl_warmup": [3],
    "learning_rate": [0.3],
    "learning_rate_schedule": ["constant", "linear"],
    "likelihood": ["bernoulli", "categorical"],
    "loss": ["bernoulli", "hinge"],
    "max_iter": [1],
    "max_samples": [20],
    "mean_field_steps": [2],
    "min_variance": [2.0],
    "missing": ["mask"],
    "momentum": [0.5],
    "n_categories": [3],
    "n_chains": [7],
    "n_clusters": [2],
    "n_components": [2],
    "n_critic": [2],
    "n_estimators": [2],
    "n_importance_samples": [3],
    "n_iter": [4],
    "n_nonzero": [2],
    "n_rounds": [2],
    "n_temperatures": [3],
    "noise_scale": [0.5],
    "output": ["identity"],
    "penalty_interval": [2],
    "penalty_weight": [0.5],
    "persistent": [True, False],
    "pretraining_iter": [1],
    "pretraining_learning_rate": [0.3],
    "quality": ["frechet"],
    "quality_interval": [2],
    "reconstruction_weight": [2.0],
    "regularization": [7.0],
    "regularizer": ["tc"],
    "resample": [True],
    "shrinkage": [1.0],
    "skip_connections": [True],
    "sparsity": ["l1"],
    "sparsity_cost": [0.3],
    "sparsity_target": [0.2],
    "spectral_norm": [True],
    "step": [0.1],
    "target_shape": [(3, 2)],
    "tied_weights": [True, False],
    "validation_fraction": [0.3],
    "variational": [False],
    "view": ["users"],
    "visible_units": ["gaussian"],
    "weight_decay": [0.3],
    "word_dropout": [0.3],
}
"""Other valid values; those that an estimator refuses beside its others are passed over."""

ASIDE = {
    "how it is computed": {"device", "precision", "random_state", "verbose", "warm_start"},
    "models and networks": {"decoder", "encoder", "estimator", "model", "pretrained"},
    "what only answers depend on": {"depth", "n_draws", "n_steps"},
    "what needs a long fit": {"averaging", "n_iter_no_change", "tol"},
    "what needs other rows": {"levels"},
}


def outcome(estimator):
    """What a fit learned, and which of its options did nothing; None if it refused them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            found = learned(fitted(estimator))
        except (TypeError, ValueError):
            return None
    texts = [str(warning.message) for warning in caught]
    return found, {text.split(" == ")[0] for text in texts if "does nothing" in text}


@pytest.mark.nightly("fits every estimator once for each of its parameters")
@pytest.mark.parametrize(
    "estimator",
    [estimator for estimator in EVERY_KIND if not isinstance(estimator, LogMel)],  # learns nothing
    ids=lambda e: type(e).__name__,
)
def test_an_option_that_is_not_named_does_something(estimator):
    if "n_clusters" in estimator.get_params():
        estimator = clone(estimator).set_params(tol=0.0)  # few rows settle in an epoch
    before = outcome(clone(estimator))
    parameters = estimator.get_params(deep=False)
    for name in sorted(parameters.keys() - set().union(*ASIDE.values())):
        others = [value for value in OTHER_VALUES[name] if repr(value) != repr(parameters[name])]
        found = [outcome(clone(estimator).set_params(**{name: value})) for value in others]
        tried = [after for after in found if after is not None]
        assert not tried or any(name in named or after != before[0] for after, named in tried), (
            f"{name} does nothing, and no warning says so"
        )
