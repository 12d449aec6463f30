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
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GenerativeImputer,
    LosslessCompressor,
    OutlierDetector,
    SparseAutoencoder,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
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


class Shifted(nn.Module):
    """Subtracts 0.1 and doubles, in place or in a new tensor."""

    def __init__(self, inplace):
        super().__init__()
        self.inplace = inplace

    def forward(self, x):
        if self.inplace:
            x -= 0.1
            return x.mul_(2.0)
        return (x - 0.1) * 2.0


def in_place(n_inputs, n_outputs, inplace=True):
    """First layers, and a last one, that write to what they are given."""
    return nn.Sequential(
        Shifted(inplace),
        nn.ReLU(inplace=inplace),
        nn.Linear(n_inputs, 7),
        nn.ELU(inplace=inplace),
        nn.Linear(7, n_outputs),
        Shifted(inplace),
    )


def in_new_tensors(n_inputs, n_outputs):
    return in_place(n_inputs, n_outputs, inplace=False)


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


BRIEF = {"max_iter": 3, "random_state": 0}
WRITING = [
    *(kind(4, **BRIEF) for kind in KINDS),
    *(kind(4, missing="mask", **BRIEF) for kind in KINDS),
    Autoencoder(4, loss="bernoulli", **BRIEF),
    DenoisingAutoencoder(4, corruption="gaussian", **BRIEF),
    DenoisingAutoencoder(4, corruption=lambda x, generator: x.mul_(0.5), **BRIEF),
    VariationalAutoencoder(4, likelihood="bernoulli", n_importance_samples=3, **BRIEF),
    VariationalAutoencoder(4, regularizer="factor", beta=2.0, **BRIEF),
    DeepEmbeddedClustering(3, Autoencoder(4, **BRIEF), **BRIEF),
    VariationalDeepEmbedding(3, VariationalAutoencoder(4, **BRIEF), **BRIEF),
    FineTunedClassifier(Autoencoder(4, **BRIEF), **BRIEF),
    FineTunedRegressor(ContractiveAutoencoder(4, **BRIEF), **BRIEF),
    OutlierDetector(VariationalAutoencoder(4, **BRIEF), random_state=0),
    OutlierDetector(SparseAutoencoder(4, **BRIEF), random_state=0),
    GenerativeImputer(VariationalAutoencoder(4, missing="mask", **BRIEF), random_state=0),
    LosslessCompressor(VariationalAutoencoder(4, likelihood="categorical", **BRIEF)),
]
ANSWERS = (
    "transform",
    "predict",
    "predict_proba",
    "decision_function",
    "score_samples",
    "score",
    "reconstruct",
    "bits_per_dimension",
    "impute",
    "sample",
)


@pytest.mark.parametrize("estimator", WRITING, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("writes", [("encoder",), ("decoder",), ("encoder", "decoder")], ids=str)
def test_networks_that_work_in_place_are_fitted_and_answer_like_those_that_do_not(
    estimator, writes, X
):
    X = (X > 0).astype(np.float64)  # as every model here takes them
    gaps = X.copy()
    gaps[::3, 1] = np.nan
    fits = []
    for network in (in_place, in_new_tensors):
        model = clone(estimator)
        inner = [f"{part}__" for part in ("encoder", "model", "estimator")]
        prefix = next((p for p in inner if any(n.startswith(p) for n in model.get_params())), "")
        model.set_params(**{f"{prefix}{name}": network for name in writes})
        rows = gaps if isinstance(model, GenerativeImputer) else X
        fits.append(model.fit(rows, (np.arange(len(X)) % 2)))
    asked = [name for name in ANSWERS if hasattr(fits[0], name)]
    assert len(asked) >= 2
    for name in asked:
        one, other = (answer(model, name, X, gaps) for model in fits)
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=name)
    if hasattr(fits[0], "history_"):
        one, other = (list(model.history_.values()) for model in fits)
        np.testing.assert_allclose(one, other, rtol=1e-4)


def answer(model, name, X, gaps):
    """The answer to a question of rows, or of its own kind."""
    if name == "impute":
        return model.impute(gaps, n_steps=2, random_state=0)
    if name == "sample":
        of_cluster = {"cluster": 1} if hasattr(model, "labels_") else {}
        return model.sample(**of_cluster, n_samples=3, random_state=0)
    if name == "score":
        return model.score(X, np.arange(len(X)) % 2)
    return getattr(model, name)(X)


@every
def test_the_score_of_a_network_that_works_in_place_is_the_true_error(kind, X):
    if kind is VariationalAutoencoder:
        pytest.skip("its score is a likelihood")
    model = made(kind, encoder=in_place, decoder=in_place).fit(X)
    errors = -np.square(X - model.reconstruct(X)).sum(1)
    np.testing.assert_allclose(model.score_samples(X), errors, rtol=1e-4)


@pytest.mark.parametrize("own", [nn.Linear(6, 2).double(), lambda i, o: nn.Linear(i, o).double()])
def test_networks_of_another_precision_are_converted(own):
    model = Autoencoder(2, encoder=own, max_iter=1, device="cpu", random_state=0)
    assert model.fit(np.random.default_rng(0).random((20, 6))).n_iter_ == 1
