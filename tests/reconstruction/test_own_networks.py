"""Networks of the user's own: modules that are copied, callables that make them."""

import pickle

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from torch import nn

from skdeepunsup import (
    Autoencoder,
    ContractiveAutoencoder,
    DenoisingAutoencoder,
    SparseAutoencoder,
    VariationalAutoencoder,
)

KINDS = [
    Autoencoder,
    SparseAutoencoder,
    DenoisingAutoencoder,
    ContractiveAutoencoder,
    VariationalAutoencoder,
]
every = pytest.mark.parametrize("kind", KINDS)


def factory(n_inputs, n_outputs):
    return nn.Sequential(nn.Linear(n_inputs, 7), nn.ELU(), nn.Dropout(0.5), nn.Linear(7, n_outputs))


def wide(n_inputs, n_outputs):
    return nn.Linear(n_inputs, n_outputs + 1)


def without_dropout(n_inputs, n_outputs):
    return nn.Sequential(nn.Linear(n_inputs, 7), nn.ELU(), nn.Identity(), nn.Linear(7, n_outputs))


def normed(n_inputs, n_outputs):
    return nn.Sequential(nn.Linear(n_inputs, 7), nn.BatchNorm1d(7), nn.Linear(7, n_outputs))


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(80, 6))


def made(kind, **params):
    own = {"max_iter": 3, "random_state": 0, "encoder": factory, "decoder": factory}
    return kind(4, **own | params)


@every
def test_callables_are_seeded_and_leave_the_global_generator_alone(kind, X):
    before = torch.get_rng_state()
    model = made(kind).fit(X)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    np.testing.assert_array_equal(made(kind).fit(X).transform(X), model.transform(X))
    start, other = (
        made(kind, random_state=seed, learning_rate=1e-12).fit(X).module_ for seed in (0, 1)
    )
    for name in ("encoder", "decoder"):
        weights = (getattr(module, name)[0].weight for module in (start, other))
        assert not torch.allclose(*weights, atol=1e-3)


@every
def test_dropout_of_one_s_own_modules_is_seeded(kind, X):
    width = 8 if kind is VariationalAutoencoder else 4
    networks = {"encoder": factory(6, width), "decoder": factory(4, 6)}
    before = torch.get_rng_state()
    model = made(kind, **networks).fit(X)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    np.testing.assert_array_equal(made(kind, **networks).fit(X).transform(X), model.transform(X))
    assert type(networks["encoder"][2]) is nn.Dropout  # the user's is left as it was
    assert networks["encoder"][0].weight.grad is None


@every
def test_dropout_is_there_in_training_alone(kind, X):
    model = made(kind, learning_rate=1e-12).fit(X)
    np.testing.assert_array_equal(model.transform(X), model.transform(X))
    without = made(
        kind,
        learning_rate=1e-12,
        encoder=without_dropout,
        decoder=without_dropout,
    ).fit(X)
    np.testing.assert_allclose(model.transform(X), without.transform(X), atol=1e-5)
    assert abs(model.history_["loss"][0] - without.history_["loss"][0]) > 1e-3


@every
def test_it_is_cloned_and_pickled(kind, X, tmp_path):
    model = made(kind).fit(X)
    np.testing.assert_array_equal(clone(model).fit(X).transform(X), model.transform(X))
    joblib.dump(model, tmp_path / "model.joblib")
    for again in (pickle.loads(pickle.dumps(model)), joblib.load(tmp_path / "model.joblib")):
        np.testing.assert_array_equal(again.transform(X), model.transform(X))
        again.partial_fit(X)
        assert again.n_iter_ == 4
    model.partial_fit(X)
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


@every
def test_one_network_of_one_s_own_goes_with_one_of_ours(kind, X):
    for name in ("encoder", "decoder"):
        other = {"encoder": "decoder", "decoder": "encoder"}[name]
        model = made(kind, **{other: None}, hidden_layer_sizes=(5,)).fit(X)
        assert isinstance(getattr(model.module_, name)[2], nn.Module)
        assert model.reconstruct(X).shape == X.shape


@every
@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_wrong_widths_are_named(kind, X, name):
    with pytest.raises(ValueError, match=rf"{name} maps .* but must give"):
        made(kind, **{name: wide}).fit(X)
    with pytest.raises(ValueError, match=rf"{name} fails on input of shape"):
        made(kind, **{name: nn.Linear(11, 4)}).fit(X)


@pytest.mark.parametrize("name", ["encoder", "decoder"])
def test_what_makes_no_network_is_named(X, name):
    with pytest.raises(TypeError, match=rf"{name}\(.*returned None"):
        made(Autoencoder, **{name: lambda n, m: None}).fit(X)
    with pytest.raises(TypeError, match=rf"{name} == 'mlp', must be a torch.nn.Module, a callable"):
        made(Autoencoder, **{name: "mlp"}).fit(X)


def test_a_class_of_modules_is_a_callable(X):
    model = made(Autoencoder, encoder=nn.Linear, decoder=nn.Linear).fit(X)
    assert model.module_.encoder.weight.shape == (4, 6)


def test_a_callable_is_told_the_widths_of_a_search(X):
    search = GridSearchCV(made(Autoencoder), {"n_components": [2, 3]}, cv=2).fit(X)
    assert search.transform(X).shape == (80, search.best_params_["n_components"])


def test_a_variational_encoder_gives_two_numbers_for_each_component(X):
    seen = []

    def spied(n, m):
        seen.append((n, m))
        return nn.Linear(n, m)

    made(VariationalAutoencoder, encoder=spied, decoder=spied).fit(X)
    assert set(seen) == {(6, 8), (4, 6)}


def test_batch_norm_learns_its_statistics_in_training_alone(X):
    model = made(Autoencoder, encoder=normed, decoder=nn.Linear).fit(X)
    alone = np.vstack([model.transform(x[None]) for x in X])
    np.testing.assert_allclose(alone, model.transform(X), rtol=1e-5, atol=1e-6)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.transform(X), model.transform(X))


def test_a_frozen_layer_stays_as_it_is(X):
    encoder = nn.Sequential(nn.Linear(6, 5), nn.Linear(5, 4))
    encoder[0].requires_grad_(False)
    model = made(Autoencoder, encoder=encoder, decoder=None).fit(X)
    assert torch.equal(model.module_.encoder[0].weight, encoder[0].weight)
    assert not torch.equal(model.module_.encoder[1].weight, encoder[1].weight)
