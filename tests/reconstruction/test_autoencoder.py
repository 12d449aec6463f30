"""Autoencoder: what it promises beside the shared laws."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.decomposition import PCA
from torch import nn

from skdeepunsup import Autoencoder, VariationalAutoencoder
from skdeepunsup.formulas.errors import bernoulli_cross_entropy, squared_error
from skdeepunsup.metrics import reconstruction_error, reconstruction_score
from skdeepunsup.networks import ACTIVATIONS
from tests.estimators import dropout_encoder


@pytest.fixture
def X():
    rng = np.random.default_rng(0)
    return rng.normal(size=(300, 3)) @ rng.normal(size=(3, 6)) + 0.1 * rng.normal(size=(300, 6))


def test_losses_are_their_formulas():
    x, r = torch.rand(5, 4).double(), torch.rand(5, 4).double()
    torch.testing.assert_close(squared_error(x, r), ((x - r) ** 2).sum(1))
    expected = -(x * r.log() + (1 - x) * (1 - r).log()).sum(1)
    torch.testing.assert_close(bernoulli_cross_entropy(x, r.logit()), expected)


@pytest.mark.parametrize("tied", [False, True])
def test_a_linear_autoencoder_finds_pca_s_subspace(X, tied):
    model = Autoencoder(
        3,
        hidden_layer_sizes=(),
        batch_size=100,
        learning_rate=0.01,
        max_iter=1000,
        tol=1e-4,
        early_stopping=False,
        n_iter_no_change=100,
        tied_weights=tied,
        random_state=0,
    ).fit(X)
    ours, pca = reconstruction_error(model, X).mean(), reconstruction_error(PCA(3).fit(X), X).mean()
    assert pca <= ours * (1 + 1e-6)
    assert ours < 1.02 * pca


def test_depth_bends_where_a_plane_cannot():
    t = np.random.default_rng(0).uniform(-1, 1, size=(400, 1))
    curve = np.hstack([t, t**2])
    model = Autoencoder(
        1, hidden_layer_sizes=(32, 16), learning_rate=5e-3, max_iter=300, random_state=0
    ).fit(curve)
    pca = PCA(1).fit(curve)
    assert reconstruction_error(model, curve).mean() < 0.1 * reconstruction_error(pca, curve).mean()


def test_score_is_minus_the_squared_error_whatever_the_loss(X):
    unit = (X - X.min()) / (X.max() - X.min())
    for loss in ("squared", "bernoulli"):
        model = Autoencoder(2, loss=loss, max_iter=5, random_state=0).fit(unit)
        np.testing.assert_allclose(
            model.score_samples(unit), -reconstruction_error(model, unit), rtol=1e-9
        )


def test_bernoulli_reconstructions_are_probabilities(X):
    bits = (X > 0).astype(float)
    model = Autoencoder(3, loss="bernoulli", max_iter=50, random_state=0).fit(bits)
    r = model.reconstruct(bits)
    assert ((r > 0) & (r < 1)).all()
    assert model.history_["loss"][-1] < 6 * np.log(2)


def test_bernoulli_loss_refuses_what_has_no_lower_bound(X):
    with pytest.raises(ValueError, match="MinMaxScaler"):
        Autoencoder(2, loss="bernoulli").fit(X)


def test_tied_weights_are_one_set_of_weights(X):
    model = Autoencoder(2, hidden_layer_sizes=(5,), tied_weights=True, max_iter=2).fit(X)
    names = dict(model.module_.named_parameters())
    assert sum(p.numel() for p in names.values()) == (6 * 5 + 5) + (5 * 2 + 2) + 5 + 6
    W1, W2 = (model.module_.encoder[i].weight.detach().double().numpy() for i in (0, 2))
    c2, c1 = (b.detach().double().numpy() for b in model.module_.decoder.biases)
    Z, scaling = model.transform(X), model.module_.scaling
    r = np.maximum(Z @ W2 + c2, 0) @ W1 + c1
    expected = scaling.center.numpy() + scaling.scale.numpy() * r
    np.testing.assert_allclose(model.inverse_transform(Z), expected, atol=1e-9)


def test_early_stopping_keeps_the_best_epoch():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(60, 20))
    model = Autoencoder(
        15,
        hidden_layer_sizes=(64,),
        early_stopping=True,
        validation_fraction=0.5,
        learning_rate=0.01,
        max_iter=500,
        random_state=0,
    ).fit(noise)
    validation = model.history_["validation_loss"]
    best = int(np.argmin(validation))
    assert len(validation) < 500
    assert len(validation) - best - 1 >= 1  # it waited, and went back
    again = clone(model).set_params(max_iter=best + 1).fit(noise)
    np.testing.assert_array_equal(model.transform(noise), again.transform(noise))


def test_training_loss_stops_a_fit_that_has_converged(X):
    model = Autoencoder(6, learning_rate=0.01, max_iter=5000, tol=1e-2, random_state=0).fit(X)
    assert model.n_iter_ < 5000


def test_warm_start_goes_on_where_it_was(X):
    model = Autoencoder(2, max_iter=4, warm_start=True, random_state=0)
    twice = clone(model).fit(X).fit(X)
    once = clone(model).set_params(max_iter=8).fit(X)
    np.testing.assert_array_equal(twice.transform(X), once.transform(X))
    assert twice.history_["loss"] == once.history_["loss"]
    assert twice.n_iter_ == 8


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_trains(X, activation):
    model = Autoencoder(
        3,
        hidden_layer_sizes=(16,),
        activation=activation,
        learning_rate=0.01,
        max_iter=30,
        random_state=0,
    ).fit(X)
    assert reconstruction_error(model, X).mean() < 0.3 * np.square(X - X.mean(0)).sum(1).mean()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_activation_is_that_of_the_hidden_layers_alone(X, activation):
    model = Autoencoder(2, hidden_layer_sizes=(5,), activation=activation, max_iter=2).fit(X)
    u = torch.tensor(model.module_.scaling.standardized(X))
    W, b, V, c = (p.detach().double() for p in model.module_.encoder.parameters())
    s = {
        "identity": lambda a: a,
        "logistic": lambda a: 1 / (1 + (-a).exp()),
        "tanh": torch.tanh,
        "relu": lambda a: a.clamp_min(0),
        "elu": lambda a: torch.where(a > 0, a, a.exp() - 1),
        "gelu": lambda a: a * (1 + torch.erf(a / 2**0.5)) / 2,
        "silu": lambda a: a / (1 + (-a).exp()),
    }[activation]
    expected = s(u @ W.T + b) @ V.T + c
    np.testing.assert_allclose(model.transform(X), expected.numpy(), atol=1e-9)


def test_a_linear_autoencoder_reaches_pca_s_error_on_digits(digits):
    model = Autoencoder(
        16,
        hidden_layer_sizes=(),
        learning_rate=3e-3,
        batch_size=128,
        max_iter=150,
        early_stopping=False,
        random_state=0,
    )
    ours = reconstruction_error(model.fit(digits), digits).mean()
    pca = reconstruction_error(PCA(16).fit(digits), digits).mean()
    assert pca <= ours * (1 + 1e-6)
    assert ours < 1.02 * pca


def test_components_of_codes_have_a_column_for_each_category():
    X = np.random.default_rng(0).integers(0, 3, (60, 4))
    model = VariationalAutoencoder(
        2, likelihood="categorical", hidden_layer_sizes=(), max_iter=2, random_state=0
    ).fit(X)
    hot = (X[:, :, None] == np.arange(3)).reshape(60, 12)
    differences = (hot[1:] - hot[:1].astype(float)) @ model.components_.T
    codes = model.transform(X)
    np.testing.assert_allclose(differences, codes[1:] - codes[0], atol=1e-5)


def test_components_are_the_encoder_of_a_shallow_model(X):
    model = Autoencoder(2, hidden_layer_sizes=(), max_iter=2, random_state=0).fit(X)
    W, b = (p.detach().double().numpy() for p in model.module_.encoder.parameters())
    c, s = (v.numpy() for v in (model.module_.scaling.center, model.module_.scaling.scale))
    np.testing.assert_allclose(model.transform(X), (X - c) / s @ W.T + b, atol=1e-9)
    np.testing.assert_allclose(model.components_, W / s, rtol=1e-6)
    differences = (X - X[0]) @ model.components_.T
    codes = model.transform(X)
    np.testing.assert_allclose(codes - codes[0], differences, atol=1e-5)
    deep = Autoencoder(2, hidden_layer_sizes=(4,), max_iter=2).fit(X)
    with pytest.raises(AttributeError, match="hidden layers"):
        _ = deep.components_


def test_a_network_of_one_s_own_is_copied_trained_and_pickled(X):
    encoder = dropout_encoder(6, 2)
    before = pickle.dumps(encoder.state_dict())
    model = Autoencoder(2, encoder=encoder, max_iter=3, random_state=0).fit(X)
    assert pickle.dumps(encoder.state_dict()) == before
    assert (model.module_.encoder[0].weight != encoder[0].weight).any()
    np.testing.assert_array_equal(model.transform(X), model.transform(X))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.transform(X), again.transform(X))
    assert clone(model).encoder is not encoder


def test_a_decoder_of_one_s_own(X):
    decoder = nn.Sequential(nn.Linear(2, 6))
    model = Autoencoder(2, decoder=decoder, max_iter=3).fit(X)
    assert model.reconstruct(X).shape == X.shape


@pytest.mark.parametrize(
    ("network", "params"),
    [
        (nn.Linear(6, 3), {}),
        (nn.Linear(5, 2), {}),
        (nn.Flatten(0), {}),
        (nn.RNN(6, 2, batch_first=True), {}),
    ],
    ids=["wide code", "narrow input", "wrong shape", "a tuple"],
)
def test_a_network_that_does_not_fit_is_named(X, network, params):
    with pytest.raises(ValueError, match="encoder"):
        Autoencoder(2, encoder=network, **params).fit(X)


def test_tied_weights_and_a_network_of_one_s_own_exclude_each_other(X):
    with pytest.raises(ValueError, match="tied_weights"):
        Autoencoder(2, encoder=nn.Linear(6, 2), tied_weights=True).fit(X)


def test_the_weights_of_a_network_of_one_s_own_are_where_training_starts(X):
    first = Autoencoder(2, encoder=nn.Linear(6, 2), max_iter=50, random_state=0).fit(X)
    encoder = first.module_.encoder
    again = Autoencoder(2, encoder=encoder, learning_rate=1e-12, max_iter=1, random_state=1).fit(X)
    np.testing.assert_allclose(again.transform(X), first.transform(X), atol=1e-6)


def test_an_empty_network_is_the_identity(X):
    model = Autoencoder(6, encoder=nn.Sequential(), max_iter=2).fit(X)
    np.testing.assert_allclose(model.transform(X), X)


def test_networks_with_nothing_to_train_are_refused(X):
    with pytest.raises(ValueError, match="no parameters"):
        Autoencoder(6, encoder=nn.Identity(), decoder=nn.Identity()).fit(X)
    frozen = nn.Linear(6, 6).requires_grad_(False)
    with pytest.raises(ValueError, match="no parameters"):
        Autoencoder(6, encoder=frozen, decoder=frozen).fit(X)


class AddsFloat32(nn.Module):
    """Holds a constant that is no parameter, and so never changes its dtype."""

    def __init__(self):
        super().__init__()
        self.layer, self.constant = nn.Linear(6, 2), torch.ones(2, 2)

    def forward(self, x):
        return self.layer(x) @ self.constant


def test_a_network_of_one_s_own_runs_at_the_precision_it_was_trained_at(X):
    model = Autoencoder(2, encoder=AddsFloat32(), max_iter=2).fit(X)
    assert model.transform(X).dtype == np.float64


def test_a_network_in_float64_is_taken(X):
    model = Autoencoder(2, encoder=nn.Linear(6, 2).double(), max_iter=2).fit(X)
    assert model.transform(X).shape == (300, 2)


def test_warm_start_refuses_another_network(X):
    model = Autoencoder(2, encoder=nn.Linear(6, 2), max_iter=2, warm_start=True).fit(X)
    model = pickle.loads(pickle.dumps(model)).fit(X)  # the same one, pickled with it
    with pytest.raises(ValueError, match="encoder"):
        model.set_params(encoder=nn.Linear(6, 2)).fit(X)


def test_warm_starts_hold_out_the_same_rows(X, monkeypatch):
    from skdeepunsup.base import estimator

    seen, train = [], estimator.train

    def spied(*args, held_out, **kwargs):
        seen.append(held_out.X)
        train(*args, held_out=held_out, **kwargs)

    monkeypatch.setattr(estimator, "train", spied)
    model = Autoencoder(2, early_stopping=True, warm_start=True, max_iter=2, random_state=0)
    model.fit(X).fit(X)
    assert torch.equal(*seen)


def test_a_layer_that_encoder_and_decoder_share_stays_shared(X):
    shared = nn.Linear(6, 6)
    networks = {"encoder": nn.Sequential(shared), "decoder": nn.Sequential(shared)}
    model = Autoencoder(6, **networks, max_iter=2).fit(X)
    assert model.module_.encoder[0].weight is model.module_.decoder[0].weight


def test_layers_freed_since_the_last_fit_are_named(X):
    encoder = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 2))
    encoder[0].requires_grad_(False)
    model = Autoencoder(2, encoder=encoder, max_iter=2, warm_start=True).fit(X)
    encoder[0].requires_grad_(True)
    with pytest.raises(ValueError, match="frozen or freed"):
        model.fit(X)


@pytest.mark.parametrize("params", [{}, {"image_shape": (3, 2)}, {"tied_weights": True}])
def test_the_first_reconstruction_is_the_mean_row(X, params):
    X = X + 100
    still = {"learning_rate": 1e-30, "max_iter": 1, "early_stopping": False, "random_state": 0}
    widths = () if "image_shape" not in params else None
    model = Autoencoder(2, hidden_layer_sizes=widths, **still, **params).fit(X)
    r = model.reconstruct(X)
    tolerance = 1e-3 if "image_shape" not in params else 5.0  # a channel has one bias
    np.testing.assert_allclose(r.mean(0), X.mean(0), atol=tolerance * 3)
    if "image_shape" not in params:
        np.testing.assert_allclose(model.transform(X).mean(0), 0, atol=1e-3)


def test_offsets_hardly_matter(X):
    far = Autoencoder(3, max_iter=100, learning_rate=0.01, random_state=0).fit(X + 100)
    assert reconstruction_score(far, X + 100) > 0.8
    unit = np.full((40, 3), 0.2)
    model = Autoencoder(1, loss="bernoulli", learning_rate=1e-30, max_iter=1).fit(unit)
    np.testing.assert_allclose(model.inverse_transform([[0.0]]), 0.2, atol=1e-6)
