"""What the base makes of its hooks, and of a module's arguments."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    CategoricalRBM,
    ContractiveAutoencoder,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    ImplicitVAE,
    RatingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)
from skdeepunsup.base import estimator as base
from tests.estimators import ESTIMATORS

FIT = {"max_iter": 1, "warm_start": True, "random_state": 0}


@pytest.mark.parametrize(
    "model",
    [
        CategoricalRBM(2, n_iter=1, validation_fraction=0.5),
        DeepBeliefNetwork((2,), visible_units="categorical", n_iter=1, validation_fraction=0.5),
        VariationalAutoencoder(
            2, likelihood="categorical", early_stopping=True, validation_fraction=0.5, max_iter=1
        ),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_codes_of_held_out_rows_are_counted(model):
    """Whichever of the rows has the largest code: half of them are held out."""
    for row in range(8):
        X = np.zeros((8, 3))
        X[row, 1] = 4
        model.set_params(random_state=0).fit(X)
        assert np.isfinite(model.history_["validation_loss"]).all()
        assert model.reconstruct([[4, 4, 4]]).shape == (1, 3)


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (Autoencoder(2, **FIT), {"activation": "tanh"}),
        (VariationalAutoencoder(2, **FIT), {"noise_scale": "shared"}),
        (
            VariationalAutoencoder(2, likelihood="categorical", n_categories=5, **FIT),
            {"n_categories": 6},
        ),
    ],
)
@pytest.mark.parametrize("go_on", ["fit", "partial_fit"])
def test_a_fit_that_goes_on_names_the_parameter_that_was_changed(model, change, go_on):
    model = clone(model).fit(np.arange(12.0).reshape(4, 3) % 5)
    (name,) = change
    with pytest.raises(ValueError, match=rf"\b{name}\b.* ==? ?.*go on from had"):
        getattr(model.set_params(**change), go_on)(np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("model", "change"),
    [
        (SparseAutoencoder(4, **FIT), {"sparsity_cost": 0.5}),
        (SparseAutoencoder(4, **FIT), {"sparsity_target": 0.5}),
        (DenoisingAutoencoder(2, **FIT), {"corruption_level": 0.5}),
        (ContractiveAutoencoder(2, **FIT), {"contraction": 0.5}),
        (VariationalAutoencoder(2, **FIT), {"n_importance_samples": 5}),
        (VariationalAutoencoder(2, **FIT), {"beta": 0.5}),
        (VariationalAutoencoder(2, **FIT), {"free_bits": 0.5}),
    ],
)
@pytest.mark.parametrize("go_on", ["fit", "partial_fit"])
def test_what_only_the_loss_uses_may_be_another_when_a_fit_goes_on(model, change, go_on):
    X = np.arange(12.0).reshape(4, 3) % 5
    as_before, model = clone(model).fit(X), clone(model).fit(X)
    answers = [getattr(m, go_on)(X).module_ for m in (as_before, model.set_params(**change))]
    assert model.n_iter_ == 2
    before, after = (torch.cat([p.flatten() for p in m.parameters()]) for m in answers)
    assert not torch.equal(before, after)


def test_answers_are_in_double_precision_unless_a_network_is_the_users_own():
    X = np.random.default_rng(0).normal(size=(5, 3))

    def doubled(model):
        return not np.array_equal(Z := model.fit(X).transform(X), Z.astype(np.float32))

    assert doubled(DenoisingAutoencoder(2, max_iter=1, corruption=lambda x, generator: x / 2))
    assert not doubled(Autoencoder(2, max_iter=1, encoder=torch.nn.Linear))
    assert not doubled(Autoencoder(2, max_iter=1, decoder=torch.nn.Linear(2, 3)))


ONE = {"max_iter": 1, "random_state": 0}

BEYOND = [
    Autoencoder(pretrained=BernoulliRBM(4, n_iter=1), **ONE),
    EncoderDecoder(2, **ONE),
    FineTunedClassifier(Autoencoder(2, max_iter=1), **ONE),
    FineTunedRegressor(Autoencoder(2, max_iter=1), **ONE),
    DeepEmbeddedClustering(2, encoder=Autoencoder(2, max_iter=1), **ONE),
    VariationalDeepEmbedding(2, encoder=VariationalAutoencoder(2, max_iter=1), **ONE),
    ImplicitVAE(2, **ONE),
    RatingAutoencoder(2, **ONE),
]
"""Those that learn something before their module can be made, or are given targets, or ratings."""

QUESTIONS = ("_check_parameters", "_schedule", "_prepare", "_module_arguments", "_objective")


@pytest.mark.filterwarnings("ignore:all .* ratings in X are")
@pytest.mark.parametrize("estimator", [*ESTIMATORS, *BEYOND], ids=lambda e: type(e).__name__)
def test_a_hook_that_is_asked_leaves_nothing_behind_and_only_prepare_trains(estimator, monkeypatch):
    """In a fit that begins, and in one that goes on."""
    X, y = (np.random.default_rng(0).random((50, 6)) < 0.4).astype(float), np.arange(50) % 2
    X = sp.csr_array(X) if isinstance(estimator, ImplicitVAE | RatingAutoencoder) else X
    model, asked, train = clone(estimator), [], base.train

    def asking(hook, plain):
        def ask(self, *args, **kwargs):
            if self is not model:  # an encoder
                return plain(self, *args, **kwargs)
            before = dict(vars(self))
            asked.append(hook)
            answer = plain(self, *args, **kwargs)
            assert vars(self).keys() == before.keys(), hook
            assert all(vars(self)[name] is value for name, value in before.items()), hook
            asked.remove(hook)
            return answer

        return ask

    def trains(*args, **kwargs):
        assert asked in ([], ["_prepare"])
        train(*args, **kwargs)

    for hook in QUESTIONS:
        monkeypatch.setattr(type(model), hook, asking(hook, getattr(type(model), hook)))
    monkeypatch.setattr(base, "train", trains)
    model.fit(X, y)
    if "warm_start" in model.get_params():
        model.set_params(warm_start=True).fit(X, y)
    if hasattr(model, "partial_fit"):
        model.partial_fit(X, y)
    assert model.n_iter_ > 0
