"""An encoder with a head on top: what is pre-trained, what is tuned, and what is left alone."""

import pickle
import warnings
from itertools import pairwise

import joblib
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning, NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
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
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    SparseAutoencoder,
    VariationalAutoencoder,
)
from skdeepunsup.base.encoders import EncoderStack, parts_of
from tests.callbacks import Silent, StopsAfter

N, D = 80, 6


@pytest.fixture
def X():
    return (np.random.default_rng(0).random((N, D)) < 0.4).astype(np.float64)


@pytest.fixture
def y(X):
    return (X.sum(1) + np.random.default_rng(1).random(N)).astype(int) % 3


SEED = {"random_state": 0}
ENCODERS = [
    BernoulliRBM(4, n_iter=2, learning_rate=0.5, **SEED),
    BernoulliRBM(4, n_iter=2, hidden_units="relu", learning_rate=0.05, **SEED),
    GaussianRBM(4, n_iter=2, **SEED),
    CategoricalRBM(4, n_iter=2, n_categories=3, **SEED),
    CategoricalRBM(4, n_iter=2, conditional=True, **SEED),
    DeepBeliefNetwork((5, 4), n_iter=2, **SEED),
    DeepBeliefNetwork((5, 4, 3), n_iter=2, depth=2, visible_units="gaussian", **SEED),
    DeepBeliefNetwork((5, 4), n_iter=2, visible_units="categorical", **SEED),
    DeepBeliefNetwork((6, 5, 4), n_iter=2, fine_tuning="up-down", fine_tuning_iter=2, **SEED),
    Autoencoder(4, max_iter=2, **SEED),
    Autoencoder(4, hidden_layer_sizes=(5,), tied_weights=True, max_iter=2, **SEED),
    Autoencoder(4, image_shape=(3, 2), hidden_layer_sizes=(3,), max_iter=2, **SEED),
    Autoencoder(4, missing="mask", max_iter=2, **SEED),
    SparseAutoencoder(4, max_iter=2, **SEED),
    SparseAutoencoder(4, sparsity="top-k", n_nonzero=2, max_iter=2, **SEED),
    DenoisingAutoencoder(4, hidden_layer_sizes=(5,), max_iter=2, **SEED),
    ContractiveAutoencoder(4, max_iter=2, **SEED),
    VariationalAutoencoder(4, hidden_layer_sizes=(5,), max_iter=2, **SEED),
    VariationalAutoencoder(4, likelihood="categorical", n_categories=2, max_iter=2, **SEED),
    GAN(4, hidden_layer_sizes=(5,), max_iter=2, encoder_max_iter=1, **SEED),
    BiGAN(4, hidden_layer_sizes=(5,), max_iter=2, **SEED),
    make_pipeline(
        BernoulliRBM(5, n_iter=2, learning_rate=0.5, **SEED),
        DeepBeliefNetwork((5, 4), n_iter=2, **SEED),
        Autoencoder(3, max_iter=2, **SEED),
    ),
]
UNROLLED = [
    DeepBoltzmannMachine((5, 4), n_iter=50, n_chains=10, learning_rate=0.1, **SEED),
    BoltzmannMachine(4, n_iter=2, n_chains=10, batch_size=20, clamped="mean-field", **SEED),
]
"""Their code settles; within a stack it takes few rounds instead."""
every = pytest.mark.parametrize("encoder", [*ENCODERS, *UNROLLED], ids=repr)
exact = pytest.mark.parametrize("encoder", ENCODERS, ids=repr)


def stack_of(encoder):
    """In float64, as answers are."""
    stack = EncoderStack(parts_of(encoder))
    stack.load(encoder)
    return stack.double().eval()


def codes_of(model, X):
    """Codes of the stack within a fitted model."""
    with torch.no_grad():
        return model.module_.stack.double().encode(inward(model.module_.stack, X)).numpy()


def inward(stack, X):
    """Rows in the units of the stack."""
    x = torch.tensor(X)
    return x if stack.scaling is None else stack.scaling.inward(x.double())


def outward(stack, rows):
    """Rows of the stack in the units of the data."""
    return rows if stack.scaling is None else stack.scaling.original(rows)


def state_of(encoder):
    models = [step for _, step in encoder.steps] if hasattr(encoder, "steps") else [encoder]
    return pickle.dumps([(m.__getstate__(), m.history_) for m in models])


def classifier(encoder=None, **params):
    encoder = Autoencoder(4, max_iter=2, **SEED) if encoder is None else encoder
    return FineTunedClassifier(encoder, **{"max_iter": 3, "random_state": 0} | params)


def regressor(encoder=None, **params):
    encoder = Autoencoder(4, max_iter=2, **SEED) if encoder is None else encoder
    return FineTunedRegressor(encoder, **{"max_iter": 3, "random_state": 0} | params)


# The stack


@exact
def test_the_stack_s_code_is_the_encoder_s(encoder, X):
    encoder = clone(encoder).fit(X)
    stack = stack_of(encoder)
    code = stack.encode(inward(stack, X)).detach().numpy()
    np.testing.assert_allclose(code, encoder.transform(X), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("encoder", UNROLLED, ids=repr)
def test_the_code_of_one_that_settles_is_near_the_stack_s(encoder, X):
    X = np.repeat(X[:, :1], D, axis=1)  # a cause for the topmost layer to find
    encoder = clone(encoder).fit(X)
    code = stack_of(encoder).encode(torch.tensor(X)).detach().numpy()
    np.testing.assert_allclose(code, encoder.transform(X), atol=1e-3)
    assert np.ptp(code, axis=0).max() > 0.01  # else any code is near


@every
def test_the_stack_s_way_down_is_the_encoder_s(encoder, X):
    encoder = clone(encoder).fit(X)
    codes = encoder.transform(X)
    stack = stack_of(encoder)
    with torch.no_grad():
        rows = outward(stack, stack.decode(torch.tensor(codes))).numpy()
    # Machines that settle do so in few rounds.
    settles = isinstance(encoder, BoltzmannMachine | DeepBoltzmannMachine)
    atol = 0.2 if settles else 1e-8
    np.testing.assert_allclose(rows, encoder.inverse_transform(codes), rtol=1e-8, atol=atol)


@every
def test_gradients_reach_all_parameters_on_the_way_up(encoder, X):
    """They are the parameters that change the code when changed a little."""
    stack = stack_of(clone(encoder).fit(X))
    x = torch.tensor(X)
    weights = torch.randn(
        stack.encode(x).shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64
    )

    def value():
        return (weights * stack.encode(x)).sum()

    parameters = dict(stack.named_parameters())
    gradients = torch.autograd.grad(value(), list(parameters.values()), allow_unused=True)
    reached = 0
    for (name, parameter), gradient in zip(parameters.items(), gradients, strict=True):
        if not parameter.numel():
            continue
        slope = 0 if gradient is None else gradient.flatten()
        largest = 0 if gradient is None else int(slope.abs().argmax())
        with torch.no_grad():
            entries, step = parameter.view(-1), 1e-5
            start = entries[largest].item()
            entries[largest] = start + step
            above = value()
            entries[largest] = start - step
            below = value()
            entries[largest] = start
        found = 0.0 if gradient is None else slope[largest].item()
        expected = ((above - below) / (2 * step)).item()
        assert found == pytest.approx(expected, rel=1e-4, abs=1e-7), name
        reached += abs(found) > 1e-6
    assert reached >= 2  # weights and biases at least


@pytest.mark.parametrize("kind", [{}, {"fine_tuning": "up-down", "fine_tuning_iter": 2}])
def test_gradients_through_a_deep_belief_network_are_finite_differences(kind, X):
    dbn = DeepBeliefNetwork((4, 3), visible_units="gaussian", n_iter=5, **SEED, **kind).fit(X)
    stack = stack_of(dbn)
    x = torch.tensor(X[:3])
    names = [name for name, _ in stack.named_parameters()]
    parameters = tuple(p.detach().clone().requires_grad_() for p in stack.parameters())

    def code(*values):
        return torch.func.functional_call(
            Encoding(stack), dict(zip([f"stack.{n}" for n in names], values, strict=True)), (x,)
        )

    assert torch.autograd.gradcheck(code, parameters)


class Encoding(nn.Module):
    def __init__(self, stack):
        super().__init__()
        self.stack = stack

    def forward(self, x):
        return self.stack.encode(x)


@every
def test_a_fit_moves_encoder_and_head(encoder, X, y):
    encoder = clone(encoder).fit(X)
    before = stack_of(encoder).encode(torch.tensor(X)).detach().numpy()
    model = classifier(encoder, learning_rate=0.01).fit(X, y)
    assert np.abs(codes_of(model, X) - before).max() > 1e-3
    head = model.module_.head.state_dict()
    untrained = classifier(encoder, learning_rate=1e-12).fit(X, y).module_.head.state_dict()
    assert all(not torch.allclose(head[name].double(), untrained[name].double()) for name in head)


# Fitted, unfitted, frozen


@every
def test_a_fitted_encoder_is_used_and_left_as_it_is(encoder, X, y):
    encoder = clone(encoder).fit(X[:50])
    before, answer = state_of(encoder), encoder.transform(X)
    model = classifier(encoder, learning_rate=0.05).fit(X, y)
    assert model.encoder_ is encoder is model.encoder
    assert state_of(encoder) == before
    np.testing.assert_array_equal(encoder.transform(X), answer)


@every
def test_an_unfitted_encoder_is_cloned(encoder, X, y):
    model = classifier(clone(encoder)).fit(X, y)
    assert model.encoder_ is not model.encoder
    with pytest.raises(NotFittedError):
        model.encoder.transform(X)
    np.testing.assert_array_equal(model.encoder_.transform(X), clone(encoder).fit(X).transform(X))


@every
def test_with_a_rate_of_0_the_encoder_stays_at_its_start(encoder, X, y):
    encoder = clone(encoder).fit(X)
    stack = stack_of(encoder)
    start = stack.encode(inward(stack, X)).detach().numpy()
    model = classifier(encoder, encoder_learning_rate=0, learning_rate=0.1).fit(X, y)
    np.testing.assert_array_equal(codes_of(model, X), start)
    assert len(set(model.history_["loss"])) == model.n_iter_  # the head alone learns


def test_a_rate_of_the_encoder_s_own(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    stack = stack_of(encoder)
    start = stack.encode(inward(stack, X)).detach().numpy()
    slow, fast = (
        np.abs(codes_of(classifier(encoder, encoder_learning_rate=r).fit(X, y), X) - start).mean()
        for r in (1e-5, 1e-2)
    )
    assert 0 < slow < fast / 10
    same = [classifier(encoder, encoder_learning_rate=r).fit(X, y) for r in (None, 1e-3)]
    np.testing.assert_array_equal(*(model.predict_proba(X) for model in same))


def test_a_seed_is_passed_on_to_models_that_have_none(X, y):
    stack = make_pipeline(BernoulliRBM(5, n_iter=2), BernoulliRBM(4, n_iter=2, random_state=7))
    model = classifier(stack, random_state=3).fit(X, y)
    assert [step.random_state for _, step in model.encoder_.steps] == [3, 7]
    assert [step.random_state for _, step in stack.steps] == [None, 7]


def test_a_frozen_encoder_survives_cloning_and_a_search(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    answer, before = encoder.transform(X), state_of(encoder)
    model = clone(classifier(FrozenEstimator(encoder), encoder_learning_rate=0)).fit(X, y)
    assert model.encoder_.estimator is encoder
    np.testing.assert_allclose(codes_of(model, X), answer, rtol=1e-10)
    grid = {"learning_rate": [0.001, 0.01]}
    search = GridSearchCV(classifier(FrozenEstimator(encoder)), grid, cv=2).fit(X, y)
    assert search.best_estimator_.encoder_.estimator is encoder
    assert state_of(encoder) == before
    # Without, a search forgets the fit.
    forgetful = GridSearchCV(classifier(encoder), grid, cv=2).fit(X, y)
    assert forgetful.best_estimator_.encoder_ is not encoder


def test_parameters_of_the_encoder_can_be_searched(X, y):
    search = GridSearchCV(classifier(), {"encoder__n_components": [2, 3]}, cv=2).fit(X, y)
    assert search.best_estimator_.encoder_.n_components in (2, 3)


# Labels


def rows_seen(monkeypatch):
    """Rows that encoders are fitted to, and that heads are trained on."""
    seen = {"encoder": [], "head": []}
    fit = Autoencoder.fit

    def fit_spied(self, X, *args, **kwargs):
        seen["encoder"].append(np.array(X))
        return fit(self, X, *args, **kwargs)

    monkeypatch.setattr(Autoencoder, "fit", fit_spied)
    for kind in (FineTunedClassifier, FineTunedRegressor):
        module_losses = kind._module_class.losses

        def spied(self, x, stream, weights, labels, of=module_losses):
            seen["head"].append(outward(self.stack, x.clone()).numpy())
            return of(self, x, stream, weights, labels)

        monkeypatch.setattr(kind._module_class, "losses", spied)
    return seen


def sorted_rows(X):
    return np.array(sorted(map(tuple, X)))


@pytest.mark.parametrize("made, missing", [(classifier, -1), (regressor, np.nan)])
def test_unlabelled_rows_serve_the_pre_training_alone(made, missing, monkeypatch):
    X = np.random.default_rng(0).random((40, D)).astype(np.float32)
    some = np.arange(40) % 8 > 2
    y = np.where(some, np.arange(40) % 3, missing)
    seen = rows_seen(monkeypatch)
    model = made(batch_size=10, max_iter=1).fit(X, y)
    np.testing.assert_array_equal(np.concatenate(seen["encoder"]), X)
    np.testing.assert_allclose(
        sorted_rows(np.concatenate(seen["head"])), sorted_rows(X[some]), rtol=1e-5
    )
    alone = made(batch_size=10, max_iter=1).fit(X[some], y[some])
    assert np.abs(alone.encoder_.transform(X) - model.encoder_.transform(X)).max() > 1e-4


@pytest.mark.parametrize("made, missing", [(classifier, -1), (regressor, np.nan)])
def test_unlabelled_rows_change_nothing_once_the_encoder_is_fitted(made, missing, X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    few = np.where(np.arange(N) < 30, y, missing)
    part, whole = made(encoder).fit(X[:30], y[:30]), made(encoder).fit(X, few)
    np.testing.assert_array_equal(part.predict(X), whole.predict(X))
    assert part.history_["loss"] == whole.history_["loss"]


LABELS = {
    "strings": np.array(["ant", "bee", "cat"]),
    "objects": np.array(["ant", "bee", "cat"], dtype=object),
    "numbers": np.array([3, 10, 20]),
    "negative numbers": np.array([-7, -5, -3]),
    "unsigned": np.array([0, 1, 255], dtype=np.uint8),
    "whole floats": np.array([1.0, 2.0, 5.0]),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_of_any_kind(kind, X, y):
    labels = LABELS[kind]
    model = classifier().fit(X, labels[y])
    np.testing.assert_array_equal(model.classes_, labels)
    assert set(model.predict(X)) <= set(labels)
    reference = classifier().fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), reference.predict_proba(X))
    np.testing.assert_array_equal(model.predict(X), labels[reference.predict(X)])
    assert model.score(X, labels[y]) == reference.score(X, y)


def test_labels_that_are_true_or_false(X, y):
    model = classifier().fit(X, y > 0)
    assert model.classes_.tolist() == [False, True]
    assert model.predict(X).dtype == bool


def test_objects_may_be_marked_as_unlabelled(X, y):
    labels = LABELS["objects"][y]
    labels[::2] = -1
    model = classifier().fit(X, labels)
    assert model.classes_.tolist() == ["ant", "bee", "cat"]
    few = np.where(np.arange(N) % 2, y, -1)
    np.testing.assert_array_equal(model.predict_proba(X), classifier().fit(X, few).predict_proba(X))


def test_minus_1_and_one_other_are_two_classes_and_a_warning(X, y):
    two = np.where(y > 0, 1, -1)
    with pytest.warns(UserWarning, match="-1 and 1 alone") as caught:
        model = classifier().fit(X, two)
    assert caught[0].filename == __file__
    assert model.classes_.tolist() == [-1, 1]
    np.testing.assert_array_equal(
        model.predict_proba(X), classifier().fit(X, y > 0).predict_proba(X)
    )


@pytest.mark.parametrize("others", [(0, 1), (-2, 0), (-2, 0, 1), (0.0, 1.0)])
def test_minus_1_that_may_be_a_class_is_a_warning(others, X, y):
    """All that it advises is quiet: numbers from 0 for classes, from 1 for the others."""
    labels = np.array([-1, *others])[np.arange(N) % (1 + len(others))]
    with pytest.warns(UserWarning, match="-1 beside .* not for a class") as caught:
        model = classifier().fit(X, labels)
    assert caught[0].filename == __file__
    assert model.classes_.tolist() == list(others)
    assert len(classifier().fit(X, LabelEncoder().fit_transform(labels)).classes_) > len(others)
    from_1 = np.where(labels == -1, -1, 1 + np.searchsorted(others, labels))
    again = classifier().fit(X, from_1)
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def test_labels_that_say_nothing_are_refused(X, y):
    for made, labels, message in [
        (classifier, np.full(N, -1), "all rows are marked -1"),
        (regressor, np.full(N, np.nan), "all rows have NaN"),
        (classifier, np.ones(N, dtype=int), "one class, 1"),
        (classifier, np.full(N, "ant"), "one class, 'ant'"),
        (classifier, np.where(y > 0, 1.5, 2.5), "continuous"),
        (classifier, np.where(y > 0, np.nan, 2), "NaN"),
        (classifier, np.where(y > 0, np.inf, 2), "infinity"),
        (regressor, np.where(y > 0, np.inf, 2), "infinity"),
        (classifier, y[:-1], "inconsistent numbers of samples"),
        (regressor, y[:-1], "inconsistent numbers of samples"),
        (classifier, None, "requires y"),
        (regressor, None, "requires y"),
    ]:
        model = made()
        with pytest.raises(ValueError, match=message):
            model.fit(X, labels)
        assert not model.__sklearn_is_fitted__()
        assert not hasattr(model, "encoder_")


@pytest.mark.parametrize("made", [classifier, regressor])
def test_a_column_of_labels_is_a_vector_and_a_warning(made, X, y):
    with pytest.warns(DataConversionWarning):
        model = made().fit(X, y[:, None])
    np.testing.assert_array_equal(model.predict(X), made().fit(X, y).predict(X))
    assert model.predict(X).shape == (N,)


def test_several_targets(X):
    Y = X[:, :2] * [1, 100] + [0, 1000]
    model = regressor(learning_rate=0.02, max_iter=100, n_iter_no_change=100).fit(X, Y)
    assert model.predict(X).shape == (N, 2)
    np.testing.assert_allclose(model.y_mean_, Y.mean(0), rtol=1e-6)
    np.testing.assert_allclose(model.y_scale_, Y.std(0), rtol=1e-6)
    assert model.score(X, Y) > 0.8  # the scale of neither hides the other
    Y[::4, 1] = np.nan
    half = regressor().fit(X, Y)
    np.testing.assert_allclose(half.y_mean_, Y[~np.isnan(Y[:, 1])].mean(0), rtol=1e-6)


def test_a_target_s_scale_and_origin_do_not_matter(X, y):
    one, other = regressor().fit(X, y), regressor().fit(X, 1e4 * y - 3e5)
    np.testing.assert_allclose(1e4 * one.predict(X) - 3e5, other.predict(X), rtol=1e-4)


def test_a_constant_target_is_predicted(X):
    X = X[:64]  # a power of two: their mean is exact, and their scale exactly 0
    model = regressor(max_iter=50, learning_rate=0.01).fit(X, np.full(64, 7.0))
    np.testing.assert_allclose(model.predict(X), 7, atol=0.2)
    assert np.isfinite(model.predict(X)).all()


def test_a_linear_target_is_found_by_a_linear_head(X):
    """On a code that is left alone: least squares, to which the head converges."""
    target = np.random.default_rng(0).normal(size=N)
    encoder = Autoencoder(4, max_iter=5, **SEED).fit(X)
    rates = {"encoder_learning_rate": 0, "learning_rate": 0.03}
    model = regressor(
        encoder, max_iter=1500, batch_size=N, tol=0, n_iter_no_change=1500, precision="float64",
        **rates,
    ).fit(X, target)  # fmt: skip
    codes = encoder.transform(X)
    expected = LinearRegression().fit(codes, target).predict(codes)
    np.testing.assert_allclose(model.predict(X), expected, atol=1e-3)


# Weights


@pytest.mark.parametrize("made", [classifier, regressor])
@pytest.mark.parametrize(
    "encoder", [BernoulliRBM(4, n_iter=2, **SEED), Autoencoder(4, max_iter=2, **SEED)], ids=repr
)
def test_rows_of_weight_0_are_not_there(made, encoder, X, y):
    weights = (np.arange(N) < 50).astype(float)
    weighted = made(clone(encoder)).fit(X, y, sample_weight=weights)
    few = made(clone(encoder)).fit(X[:50], y[:50])
    np.testing.assert_allclose(
        weighted.encoder_.transform(X), few.encoder_.transform(X), rtol=1e-5, atol=1e-6
    )
    assert weighted.score(X, y) == pytest.approx(few.score(X, y), abs=1e-4)


def test_weights_count_whether_a_row_has_a_label(X, y):
    few = np.where(np.arange(N) < 40, y, -1)
    weights = np.random.default_rng(0).random(N) + 0.1
    model = classifier().fit(X, few, sample_weight=weights)
    np.testing.assert_allclose(
        model.encoder_.transform(X),
        Autoencoder(4, max_iter=2, **SEED).fit(X, sample_weight=weights).transform(X),
    )
    part = classifier(model.encoder_).fit(X[:40], y[:40], sample_weight=weights[:40])
    np.testing.assert_array_equal(model.predict_proba(X), part.predict_proba(X))


# Inputs


def test_missing_entries_pass_where_the_encoder_takes_them(X, y):
    X[np.random.default_rng(0).random(X.shape) < 0.2] = np.nan
    model = classifier(Autoencoder(4, missing="mask", max_iter=2, **SEED)).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()
    with pytest.raises(ValueError, match="NaN"):
        classifier().fit(X, y)


@pytest.mark.parametrize("made", [classifier, regressor])
def test_all_kinds_of_input_give_the_same(made, X, y):
    expected = made().fit(X, y).predict(X)
    for kind in (sp.csr_array, sp.csr_matrix, sp.csc_array, torch.tensor, pd.DataFrame, np.int8):
        rows = kind(X)
        model = made().fit(rows, y)
        np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-5, err_msg=str(kind))


def test_float32_rows_are_answered_as_float64_ones(X, y):
    model = classifier().fit(X, y)
    assert model.predict_proba(X.astype(np.float32)).dtype == np.float64
    np.testing.assert_allclose(
        model.predict_proba(X.astype(np.float32)), model.predict_proba(X), atol=1e-5
    )


def own_network(n_inputs, n_outputs):
    return nn.Sequential(nn.Linear(n_inputs, 7), nn.ELU(), nn.Linear(7, n_outputs))


@pytest.mark.parametrize(
    "encoder",
    [
        Autoencoder(4, encoder=own_network, max_iter=2, **SEED),
        Autoencoder(4, encoder=nn.Linear(D, 4), decoder=nn.Linear(4, D), max_iter=2, **SEED),
        VariationalAutoencoder(4, encoder=own_network, max_iter=2, **SEED),
    ],
    ids=["factory", "modules", "variational"],
)
def test_networks_of_one_s_own(encoder, X, y):
    encoder = clone(encoder).fit(X)
    answer = encoder.transform(X)
    start = classifier(encoder, encoder_learning_rate=0).fit(X, y)
    np.testing.assert_allclose(codes_of_float(start, X), answer, atol=1e-6)
    model = classifier(encoder, learning_rate=0.01).fit(X, y)
    assert np.abs(codes_of_float(model, X) - answer).max() > 1e-3
    np.testing.assert_array_equal(encoder.transform(X), answer)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(X), model.predict_proba(X))


def codes_of_float(model, X):
    with torch.no_grad():
        stack = model.module_.stack
        return stack.encode(inward(stack, X).float()).double().numpy()


def test_rows_are_of_the_values_that_the_encoder_is_made_for(X, y):
    encoder = CategoricalRBM(4, n_iter=2, n_categories=2, **SEED)
    model = classifier(clone(encoder), warm_start=True)
    fitted = classifier(clone(encoder).fit(X))
    for wrong in (X + 0.5, 2 * X):
        for fit in (model.fit, fitted.fit):
            with pytest.raises(ValueError, match="a category is a code"):
                fit(wrong, y)
    model.fit(X, y)
    for method in (model.predict, lambda X: model.fit(X, y)):
        with pytest.raises(ValueError, match="a category is a code"):
            method(X + 0.5)


# Training


@pytest.mark.parametrize("made", [classifier, regressor])
def test_two_warm_starts_are_one_fit(made, X, y):
    once = made(max_iter=6).fit(X, y)
    twice = made(warm_start=True).fit(X, y)
    encoder = twice.encoder_
    twice.fit(X, y)
    assert twice.encoder_ is encoder  # which is not pre-trained anew
    assert twice.n_iter_ == once.n_iter_ == 6
    np.testing.assert_array_equal(twice.predict(X), once.predict(X))
    assert twice.history_["loss"] == once.history_["loss"]


def test_a_warm_start_keeps_to_its_classes(X, y):
    model = classifier(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="none of the classes"):
        model.fit(X, y + 1)
    model.fit(X, np.where(y == 0, 1, y))  # one class need not be there
    assert model.classes_.tolist() == [0, 1, 2]


def test_callbacks_are_heard(X, y):
    model = classifier(max_iter=5).set_callbacks(Silent(), StopsAfter(2)).fit(X, y)
    assert model.n_iter_ == 2


def test_a_callback_sees_a_fitted_model(X, y):
    answers = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                answers.append(fitted_estimator.predict_proba(X))

    model = classifier().set_callbacks(Keeps()).fit(X, y)
    assert len(answers) == 3
    np.testing.assert_array_equal(answers[-1], model.predict_proba(X))
    assert not np.array_equal(answers[0], answers[-1])


def through_joblib(model, path):
    joblib.dump(model, path / "model")
    return joblib.load(path / "model")


@every
def test_a_stored_model_answers_as_before(encoder, X, y, tmp_path):
    model = classifier(clone(encoder)).fit(X, y)
    for stored in (pickle.loads(pickle.dumps(model)), through_joblib(model, tmp_path)):
        np.testing.assert_array_equal(stored.predict_proba(X), model.predict_proba(X))
        np.testing.assert_array_equal(stored.classes_, model.classes_)
        np.testing.assert_array_equal(stored.encoder_.transform(X), model.encoder_.transform(X))


def test_probabilities_are_consistent(X, y):
    linear = Autoencoder(4, hidden_layer_sizes=(), max_iter=2, early_stopping=False, **SEED)
    model = classifier(linear, learning_rate=0.1, max_iter=50).fit(X, y)
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.log(p), model.predict_log_proba(X), rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), model.classes_[p.argmax(1)])
    assert model.score(X, y) == (model.predict(X) == y).mean()


def test_a_logarithm_is_finite_where_a_probability_is_not_told_from_0(X, y):
    model = classifier().fit(X, y)
    with torch.no_grad():
        model.module_.head[-1][-1].bias[0] += 1e4
    assert np.isfinite(model.predict_log_proba(X)).all()
    assert model.predict_log_proba(X)[:, 1:].max() < -9000


def test_the_loss_is_the_mean_cross_entropy(X, y):
    """With the parameters before an update, of which there is one here."""
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    params = {"batch_size": N, "precision": "float64", "warm_start": True, "max_iter": 1}
    model = classifier(encoder, **params).fit(X, y)
    expected = -model.predict_log_proba(X)[np.arange(N), y].mean()
    assert model.fit(X, y).history_["loss"][-1] == pytest.approx(expected, rel=1e-9)


def test_the_loss_of_a_regressor_is_that_of_standardised_targets(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    params = {"batch_size": N, "precision": "float64", "warm_start": True, "max_iter": 1}
    model = regressor(encoder, **params).fit(X, y)
    expected = np.square(model.predict(X) - y).mean() / y.var()
    assert model.fit(X, y).history_["loss"][-1] == pytest.approx(expected, rel=1e-6)


def test_early_stopping_keeps_the_best(X, y):
    kept = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                kept.append(fitted_estimator.predict_proba(X))

    noise = np.random.default_rng(0).permutation(y)  # to be learned by heart
    params = {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 4}
    model = classifier(Autoencoder(30, max_iter=2, **SEED), learning_rate=0.05, max_iter=60)
    model.set_params(**params).set_callbacks(Keeps()).fit(X, noise)
    losses = model.history_["validation_loss"]
    best = int(np.argmin(losses))
    assert best < len(losses) - 1 < 59
    np.testing.assert_array_equal(model.predict_proba(X), kept[best])


@pytest.mark.parametrize("made", [classifier, regressor])
def test_a_seed_repeats_and_another_differs(made, X, y):
    def fitted(seed):
        model = made(Autoencoder(4, max_iter=2), random_state=seed, dropout=0.2)
        return model.set_params(hidden_layer_sizes=(5,)).fit(X, y)

    first, again, other = fitted(0), fitted(0), fitted(1)
    np.testing.assert_array_equal(first.predict(X), again.predict(X))
    assert first.history_["loss"] == again.history_["loss"]
    assert first.history_["loss"] != other.history_["loss"]


def test_no_global_state_is_touched(X, y):
    numpy_before, torch_before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    classifier(dropout=0.3).fit(X, y).predict_proba(X)
    assert pickle.dumps(np.random.get_state()) == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)


def test_a_hidden_layer_learns_what_an_affine_map_cannot():
    X = np.random.default_rng(0).integers(0, 2, (200, 2)).astype(float)
    y = X[:, 0].astype(int) ^ X[:, 1].astype(int)
    encoder = Autoencoder(2, activation="identity", max_iter=30, **SEED).fit(X)
    params = {"encoder_learning_rate": 0, "learning_rate": 0.02, "max_iter": 100}
    plain, deep = (
        classifier(encoder, hidden_layer_sizes=sizes, **params).fit(X, y) for sizes in ((), (16,))
    )
    assert plain.score(X, y) < 0.8
    assert deep.score(X, y) == 1


def test_dropout_is_for_training_alone(X, y):
    model = classifier(dropout=0.9, hidden_layer_sizes=(5,)).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(X))
    still = classifier(hidden_layer_sizes=(5,)).fit(X, y)
    assert model.history_["loss"] != still.history_["loss"]


def test_a_linear_schedule_ends_slowly(X, y):
    encoder = Autoencoder(4, max_iter=2, **SEED).fit(X)
    codes = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                codes.append(codes_of(fitted_estimator, X))

    params = {"max_iter": 20, "n_iter_no_change": 20, "learning_rate_schedule": "linear"}
    classifier(encoder, learning_rate=0.01, **params).set_callbacks(Keeps()).fit(X, y)
    steps = [np.abs(after - before).mean() for before, after in pairwise(codes)]
    assert steps[-1] < 0.1 * np.mean(steps[:8])


def test_divergence_keeps_the_last_finite_epoch_and_warns(X, y):
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        model = classifier(learning_rate=1e38).fit(X, y)
    assert np.isfinite(model.predict_proba(X)).all()


# What is not sound


@pytest.mark.parametrize("made", [classifier, regressor])
@pytest.mark.parametrize(
    "encoder",
    [
        PCA(2),
        "resnet",
        make_pipeline(StandardScaler(), Autoencoder(2)),
        make_pipeline(Autoencoder(2), "passthrough"),
        FrozenEstimator(PCA(2)),
        nn.Linear(D, 2),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_encoder_that_is_none_of_ours_is_named(made, encoder, X, y):
    model = made(encoder)
    with pytest.raises(TypeError, match="encoder == "):
        model.fit(X, y)
    assert not model.__sklearn_is_fitted__()


def test_a_scaler_belongs_before_the_classifier(X, y):
    with pytest.raises(TypeError, match=r"StandardScaler is none\. Put it before"):
        classifier(make_pipeline(StandardScaler(), Autoencoder(2))).fit(X, y)
    make_pipeline(StandardScaler(), classifier()).fit(X, y)


def test_a_fitted_encoder_of_other_columns_is_refused(X, y):
    encoder = Autoencoder(2, max_iter=2, **SEED).fit(X[:, :4])
    for kind in (encoder, FrozenEstimator(encoder)):
        with pytest.raises(ValueError, match="encoder was fitted to 4 features, but X has 6"):
            classifier(kind).fit(X, y)


BAD = {
    "hidden_layer_sizes": [(0,), "ab", None, (2.5,)],
    "activation": ["step", None],
    "dropout": [-0.1, 1.0],
    "learning_rate": [0, -1.0, "fast", True],
    "encoder_learning_rate": [-1.0, "slow"],
    "learning_rate_schedule": ["cosine"],
    "batch_size": [0, 1.5],
    "max_iter": [0],
    "early_stopping": ["no"],
    "validation_fraction": [-0.1, 1.0],
    "n_iter_no_change": [0],
    "tol": [-1.0],
    "warm_start": [1],
    "device": ["abacus"],
    "precision": ["float16"],
}


@pytest.mark.parametrize("made", [classifier, regressor])
@pytest.mark.parametrize("name", BAD)
def test_bad_parameters_are_named(made, name, X, y):
    for value in BAD[name]:
        model = made(early_stopping=True) if name == "validation_fraction" else made()
        model.set_params(**{name: value})
        with pytest.raises((ValueError, TypeError), match=name):
            model.fit(X, y)
        with pytest.raises(NotFittedError):
            model.predict(X)


def test_an_error_while_fitting_anew_changes_nothing(X, y):
    model = classifier().fit(X, y)
    before, encoder = model.predict_proba(X), model.encoder_
    with pytest.raises(ValueError, match="one class"):
        model.fit(X, np.ones(N))
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert model.encoder_ is encoder
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.fit(X, y).n_iter_ == 3


def test_a_frozen_step_of_a_stack_is_left_as_it_is(X, y):
    first = Autoencoder(4, max_iter=2).fit(X)
    stack = make_pipeline(FrozenEstimator(first), Autoencoder(3, max_iter=2))
    FineTunedClassifier(stack, max_iter=2, random_state=7).fit(X, y)
    assert first.random_state is None
    with pytest.raises(ValueError, match="encoder is frozen, but not fitted"):
        FineTunedClassifier(FrozenEstimator(Autoencoder(3))).fit(X, y)


def test_weights_that_leave_no_label(X, y):
    few = np.where(np.arange(len(y)) < 10, y, -1)
    with pytest.raises(ValueError, match="sample_weight is 0"):
        FineTunedClassifier(max_iter=2).fit(X, few, sample_weight=(few == -1).astype(float))


def test_labels_far_from_0_keep_their_digits(X):
    t = 1e9 + X[:, 0]
    model = regressor(max_iter=100, learning_rate=0.01).fit(X, t)
    assert model.score(X, t) > 0.5


def test_a_text_of_minus_one_is_no_mark(X, y):
    names = np.where(np.arange(len(y)) < 20, y.astype(str), "-1")
    with pytest.raises(ValueError, match="text '-1'"):
        FineTunedClassifier(max_iter=2).fit(X, names)


def test_a_fitted_encoder_sees_the_columns_it_was_fitted_to():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(40, 3)), columns=list("abc"))
    y = np.arange(40) % 2
    encoder = Autoencoder(2, max_iter=2, random_state=0).fit(X)
    FineTunedClassifier(encoder, max_iter=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match=r"encoder was fitted to the columns \['a', 'b', 'c'\]"):
        FineTunedClassifier(encoder, max_iter=1).fit(X[["c", "b", "a"]], y)
