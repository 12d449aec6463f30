"""Options that do nothing beside others of an estimator, and what a fit of it learned."""

from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import nn

from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    BiGAN,
    BoltzmannMachine,
    CategoricalRBM,
    ContractiveAutoencoder,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DenoisingAutoencoder,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    GenerativeImputer,
    ImplicitVAE,
    SequenceVAE,
    SparseAutoencoder,
    VariationalAutoencoder,
)

BITS = (np.random.default_rng(0).random((40, 6)) < 0.4).astype(np.float64)
HOLES = np.where(np.random.default_rng(1).random(BITS.shape) < 0.1, np.nan, BITS)
LABELS = np.arange(40) % 2


def brief(kind, *args, **parameters):
    """An estimator of few units that is fitted in no time."""
    names = kind._get_param_names()
    small = {"n_iter": 2, "max_iter": 6, "encoder_max_iter": 2, "random_state": 0}
    small |= {"hidden_layer_sizes": (5,), "embedding_size": 3, "hidden_size": 4}
    if "quality" in names:  # a game, which only early stopping ends before its time
        small["max_iter"] = 2
    return kind(*args, **{name: small[name] for name in names if name in small} | parameters)


OWN = {"encoder": nn.Linear, "decoder": nn.Linear}
LINEAR = {"hidden_layer_sizes": ()}
LAYER = {"hidden_layer_sizes": (5,)}
WHOLE = {"early_stopping": False}
STOPS = {"early_stopping": True}
NO_GAIN = {"quality": lambda X, samples: 1.0, "quality_interval": 1}
SOME_GAIN = {"quality_interval": 1, "n_iter_no_change": 1, "learning_rate": 0.01}
CODER = brief(Autoencoder, 2, **LINEAR, **WHOLE)
STACK = DeepBeliefNetwork((4, 3), n_iter=1, random_state=0)
LAYER_OF_CODES = {"visible_units": "categorical", "hidden_layer_sizes": (4,)}
MASKED = brief(VariationalAutoencoder, 2, missing="mask")
MACHINE = GaussianRBM(3, n_iter=1, random_state=0)


class Idle(NamedTuple):
    """Options that do nothing in an estimator, and the change by which they do."""

    estimator: Any
    options: dict[str, Any]
    change: dict[str, Any]


def without_a_layer(kind, **parameters):
    return Idle(brief(kind, 2, **LINEAR, **parameters), {"activation": "silu"}, LAYER)


def with_own_networks(kind, **options):
    options = {"hidden_layer_sizes": (4,), "dropout": 0.3} | options
    networks = OWN | {"hidden_layer_sizes": None}
    return Idle(brief(kind, 2, **networks), options, LAYER | {"decoder": None})


AUTOENCODERS = [
    Autoencoder,
    SparseAutoencoder,
    DenoisingAutoencoder,
    ContractiveAutoencoder,
    VariationalAutoencoder,
]
STOPPING = [
    *AUTOENCODERS,
    SequenceVAE,
    GAN,
    BiGAN,
    EncoderDecoder,
    ImplicitVAE,
]

IDLE = [
    *(Idle(brief(kind, 2, **WHOLE), {"validation_fraction": 0.3}, STOPS) for kind in STOPPING),
    *(
        Idle(brief(kind, CODER), {"validation_fraction": 0.3}, STOPS)
        for kind in (FineTunedClassifier, FineTunedRegressor)
    ),
    *(with_own_networks(kind, activation="tanh") for kind in AUTOENCODERS[:2]),
    with_own_networks(VariationalAutoencoder, activation="tanh"),
    *(with_own_networks(kind) for kind in (DenoisingAutoencoder, ContractiveAutoencoder)),
    *(
        Idle(brief(kind, 2, **LINEAR), {"dropout": 0.3}, LAYER)
        for kind in (*AUTOENCODERS, EncoderDecoder)
    ),
    *map(without_a_layer, (Autoencoder, SparseAutoencoder, VariationalAutoencoder)),
    *map(without_a_layer, (GAN, BiGAN, EncoderDecoder, ImplicitVAE)),
    without_a_layer(DenoisingAutoencoder, code_activation="relu"),
    *(
        Idle(brief(kind, CODER, **LINEAR), {"activation": "tanh"}, LAYER)
        for kind in (FineTunedClassifier, FineTunedRegressor)
    ),
    Idle(
        brief(Autoencoder, 3, hidden_layer_sizes=None, pretrained=STACK),
        {"hidden_layer_sizes": (7,), "activation": "tanh", "n_components": 2},
        {"pretrained": None},
    ),
    Idle(
        brief(Autoencoder, 3, hidden_layer_sizes=None, pretrained=BernoulliRBM(3, n_iter=1)),
        {"dropout": 0.3},
        {"pretrained": STACK},
    ),
    *(
        Idle(brief(SparseAutoencoder, 3, sparsity=kind), {"n_nonzero": 2}, {"sparsity": "top-k"})
        for kind in ("kl", "l1", "running-mean")
    ),
    *(
        Idle(brief(SparseAutoencoder, 3, sparsity=kind), {"sparsity_target": 0.1}, {"sparsity": to})
        for kind, to in (("l1", "kl"), ("top-k", "running-mean"))
    ),
    Idle(
        brief(DenoisingAutoencoder, 2, corruption=lambda x, generator: x / 2),
        {"corruption_level": 0.2},
        {"corruption": "masking"},
    ),
    *(
        Idle(
            brief(VariationalAutoencoder, 2, likelihood=kind),
            {"noise_scale": 0.5},
            {"likelihood": "gaussian"},
        )
        for kind in ("bernoulli", "categorical", "beta-binomial")
    ),
    *(
        Idle(
            brief(VariationalAutoencoder, 2, likelihood=kind),
            {"n_categories": 3},
            {"likelihood": to},
        )
        for kind, to in (("gaussian", "categorical"), ("bernoulli", "beta-binomial"))
    ),
    *(
        Idle(brief(VariationalAutoencoder, 2), {"regularizer": kind}, {"beta": 2.0})
        for kind in ("tc", "dip")
    ),
    *(
        Idle(
            brief(kind, 2, gradient_penalty=None),
            {"penalty_weight": 0.5, "penalty_interval": 2},
            {"gradient_penalty": "r1"},
        )
        for kind in (GAN, BiGAN)
    ),
    *(
        Idle(
            brief(kind, 2),
            {"quality": "frechet", "quality_interval": 2},
            STOPS,
        )
        for kind in (GAN, BiGAN)
    ),
    *(
        Idle(brief(kind, 2, max_iter=3), {"n_iter_no_change": 1}, STOPS | NO_GAIN)
        for kind in (GAN, BiGAN)
    ),
    *(Idle(brief(kind, 2, max_iter=3), {"tol": 10.0}, STOPS | SOME_GAIN) for kind in (GAN, BiGAN)),
    *(
        Idle(brief(kind, 2), {"sparsity_cost": 0.3}, {"sparsity_target": 0.1})
        for kind in (BernoulliRBM, GaussianRBM, CategoricalRBM)
    ),
    *(
        Idle(brief(kind, 2, persistent=False), {"n_chains": 7}, {"persistent": True})
        for kind in (BernoulliRBM, GaussianRBM, CategoricalRBM)
    ),
    # With a second layer they begin as draws that n_chains numbers, and are never used.
    Idle(brief(DeepBeliefNetwork, persistent=False), {"n_chains": 7}, {"persistent": True}),
    Idle(
        brief(DeepBeliefNetwork, **LAYER_OF_CODES),
        {"n_chains": 7, "n_temperatures": 3},
        {"hidden_layer_sizes": (4, 3)},
    ),
    Idle(
        brief(DeepBeliefNetwork, **LAYER_OF_CODES),
        {"persistent": False},
        {"hidden_layer_sizes": (4, 3)},
    ),
    Idle(brief(DeepBeliefNetwork), {"fine_tuning_iter": 1}, {"fine_tuning": "up-down"}),
    Idle(brief(DeepBeliefNetwork), {"n_categories": 3}, {"visible_units": "categorical"}),
    *(
        Idle(
            brief(DeepBeliefNetwork, visible_units=kind),
            {"min_variance": 2.0},
            {"visible_units": "gaussian"},
        )
        for kind in ("bernoulli", "categorical")
    ),
    Idle(
        brief(DeepBoltzmannMachine, pretraining_iter=0),
        {"pretraining_learning_rate": 0.5},
        {"pretraining_iter": 1},
    ),
    Idle(
        brief(DeepBoltzmannMachine),
        {"mean_field_steps": 2},
        {"hidden_layer_sizes": (5, 4)},
    ),
    Idle(
        brief(BoltzmannMachine, 0),
        {"clamped": "mean-field", "clamped_steps": 2},
        {"n_components": 2},
    ),
    Idle(brief(EncoderDecoder, 2), {"n_categories": 3}, {"loss": "categorical"}),
    Idle(brief(EncoderDecoder, 2, **LINEAR), {"target_shape": (3, 2)}, LAYER),
    Idle(
        brief(ImplicitVAE, 2, variational=False),
        {"beta": 0.5, "kl_warmup": 3},
        {"variational": True},
    ),
    Idle(
        brief(ImplicitVAE, 2, precision="bfloat16", batch_size=2),
        {"n_sampled": 3},
        {"precision": "float32"},
    ),
    Idle(brief(ImplicitVAE, 2, **LINEAR), {"activation": "relu"}, {"variational": False}),
    *(
        Idle(
            GenerativeImputer(model, n_steps=2, random_state=0), {"n_rounds": 1}, {"model": MACHINE}
        )
        for model in (MASKED, CategoricalRBM(3, n_iter=1), brief(GaussianRBM, 3).fit(BITS))
    ),
]


def fitted(estimator):
    X = HOLES if isinstance(estimator, GenerativeImputer) else BITS
    y = BITS[:, ::-1] if isinstance(estimator, EncoderDecoder) else LABELS
    torch.manual_seed(0)  # a network of the user's own draws before the fit
    return estimator.fit(X, y)


def copied(estimator):
    """A clone, in which a fitted model is still fitted."""
    parameters = estimator.get_params(deep=False)
    return type(estimator)(**parameters)


def learned(found: Any, path: str = "") -> dict[str, Any]:
    """All numbers that a fit found, but for the parameters and what only counts epochs."""
    if isinstance(found, nn.Module):
        found = found.state_dict()
        found.pop("warmth", None)
    elif isinstance(found, BaseEstimator):
        names = [name for name in vars(found) if name.endswith("_") and name[0] != "_"]
        found = {name: getattr(found, name) for name in names}
    elif isinstance(found, list | tuple):
        found = dict(enumerate(found))
    if isinstance(found, dict):
        parts = [learned(part, f"{path}.{name}") for name, part in found.items()]
        return {name: value for part in parts for name, value in part.items()}
    array = torch.as_tensor(found).cpu().numpy() if isinstance(found, torch.Tensor) else found
    return {path: array.tobytes() if isinstance(array, np.ndarray) else repr(array)}
