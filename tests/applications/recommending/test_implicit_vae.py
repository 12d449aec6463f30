"""ImplicitVAE: its loss in its parts, its codes, and users it has never seen."""

import math

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from skdeepunsup import ImplicitVAE
from skdeepunsup._random import Stream
from skdeepunsup.applications.recommending.implicit_module import ImplicitModule
from skdeepunsup.networks import initialize

N_ITEMS = 12

kinds = pytest.mark.parametrize("variational", [True, False])


def small(**parameters):
    return ImplicitVAE(
        **{
            "n_components": 3,
            "hidden_layer_sizes": (16,),
            "learning_rate": 1e-2,
            "max_iter": 40,
            "batch_size": 20,
            "device": "cpu",
            "random_state": 0,
        }
        | parameters
    )


def module_of(variational=True, beta=0.5, kl_warmup=0, corruption_level=0.5):
    module = ImplicitModule(
        N_ITEMS, 3, (16,), "tanh", variational, beta, kl_warmup, corruption_level
    )
    initialize(module, Stream(0))
    return module.double()


@pytest.fixture
def X():
    """Counts of 80 users of two tastes; the first user took nothing, the last item none took."""
    rng = np.random.default_rng(0)
    tastes = np.repeat(np.eye(2), N_ITEMS // 2, axis=1)[rng.integers(0, 2, 80)]
    X = rng.poisson(0.1 + tastes).astype(float)
    X[0], X[:, -1] = 0, 0
    return X


def held_out_losses(module, x, seed=0):
    """At full β, and without corruption."""
    module.corruption_level = 0.0
    return module.eval().losses(x, Stream(seed))


# The loss


def test_reconstruction_is_the_multinomial_likelihood(X):
    module, x = module_of(), torch.from_numpy(X[1:])
    z = torch.from_numpy(np.random.default_rng(0).normal(size=(len(x), 3)))
    logits, errors = module.decoder(z).detach(), module.cross_entropy(x, z).detach()
    for row, logit, error in zip(x, logits, errors, strict=True):
        multinomial = torch.distributions.Multinomial(int(row.sum()), logits=logit)
        coefficient = torch.lgamma(row.sum() + 1) - torch.lgamma(row + 1).sum()
        assert float(-error + coefficient) == pytest.approx(float(multinomial.log_prob(row)))


def test_regularization_is_beta_times_the_divergence_from_the_prior(X):
    module, x = module_of(beta=0.3), torch.from_numpy(X)
    mean, log_variance = module.split(module.encoder(torch.nn.functional.normalize(x)))
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mean), 1.0)
    truth = 0.3 * torch.distributions.kl_divergence(q, prior).sum(1)
    torch.testing.assert_close(held_out_losses(module, x)["regularization"], truth)


def test_codes_are_drawn_from_the_posterior(X):
    n = 4000
    module, x = module_of(), torch.from_numpy(X[1:2]).expand(n, -1)
    seen = []
    module.decoder.register_forward_hook(lambda decoder, inputs, output: seen.append(inputs[0]))
    held_out_losses(module, x)
    mean, log_variance = module.split(module.encoder(torch.nn.functional.normalize(x[:1])))
    std = (log_variance / 2).exp()
    deviation = ((seen[0] - mean) / std).detach()
    assert deviation.mean(0).abs().max() < 4 / math.sqrt(n)
    assert (deviation.var(0) - 1).abs().max() < 4 * math.sqrt(2 / n)


def test_corruption_keeps_the_mean_of_the_normalised_row(X):
    n, p = 4000, 0.3
    module, x = module_of(corruption_level=p), torch.from_numpy(X[1:2]).expand(n, -1)
    seen = []
    module.encoder.register_forward_hook(lambda encoder, inputs, output: seen.append(inputs[0]))
    module.losses(x, Stream(0))
    row = x[0] / x[0].norm()
    error = row * math.sqrt(p / (1 - p) / n)
    assert ((seen[0].mean(0) - row).abs() <= 4 * error).all()
    kept = seen[0] != 0
    torch.testing.assert_close(seen[0][kept], (row / (1 - p)).expand(n, -1)[kept])


def test_divergence_comes_to_count_in_training_alone(X):
    module, x = module_of(kl_warmup=4), torch.from_numpy(X)
    full = held_out_losses(module, x)["regularization"].detach()
    module.train()
    for share in (0.25, 0.5, 0.75, 1, 1):
        module.begin_epoch()
        cost = module.losses(x, Stream(0))["regularization"].detach()
        torch.testing.assert_close(cost, share * full)


def test_the_denoising_sibling_draws_no_codes(X):
    module, x = module_of(variational=False), torch.from_numpy(X)
    losses, others = held_out_losses(module, x, 0), held_out_losses(module, x, 1)
    assert set(losses) == {"reconstruction"}
    torch.testing.assert_close(losses, others, rtol=0, atol=0)
    code = module.encoder(torch.nn.functional.normalize(x)).tanh()
    torch.testing.assert_close(module.encode(x), code)
    torch.testing.assert_close(losses["reconstruction"], module.cross_entropy(x, code))


# The estimator


def test_beta_0_lets_the_posterior_go_where_it_likes(X):
    free, held = small(beta=0.0).fit(X), small(beta=10.0, kl_warmup=0).fit(X)
    assert set(free.history_["regularization"]) == {0.0}
    assert np.abs(held.transform(X)).max() < 0.2 < np.abs(free.transform(X)).max()


@kinds
def test_tastes_are_learned_and_fold_in(variational, X):
    model = small(variational=variational).fit(X)
    history = model.history_["reconstruction" if variational else "loss"]
    assert history[-1] < 0.9 * history[0]
    items, _ = model.recommend(np.eye(N_ITEMS)[[1, 8]], k=3)
    assert (items[0] < 6).all() and (items[1] >= 6).all()


@kinds
def test_scale_of_a_row_says_nothing_to_the_encoder(variational, X):
    model = small(variational=variational, max_iter=5).fit(X)
    np.testing.assert_allclose(model.predict(X), model.predict(3 * X), atol=1e-12)
    np.testing.assert_allclose(model.transform(X), model.transform(3 * X), atol=1e-12)


@kinds
def test_predictions_decode_the_code(variational, X):
    model = small(variational=variational, max_iter=5).fit(X)
    decoder = model.module_.decoder.double()
    with torch.no_grad():
        logits = decoder(torch.from_numpy(model.transform(X))).numpy()
    np.testing.assert_allclose(model.predict(X), logits, atol=1e-12)


@kinds
def test_a_user_without_interactions_is_answered(variational, X):
    model = small(variational=variational, max_iter=5).fit(X)
    nothing = np.zeros((1, N_ITEMS))
    assert np.isfinite(model.predict(nothing)).all() and np.isfinite(model.transform(nothing)).all()
    items, scores = model.recommend(nothing, k=N_ITEMS)
    assert sorted(items[0]) == list(range(N_ITEMS)) and np.isfinite(scores).all()


def test_an_item_nobody_took_ranks_last(X):
    predicted = small(max_iter=100).fit(X).predict(X)
    assert (predicted[1:].argmin(1) == N_ITEMS - 1).mean() > 0.9


def test_sparse_rows_stay_sparse_in_training(X, monkeypatch):
    heights = []
    for kind in (sp.csr_array, sp.csr_matrix):
        dense = kind.toarray

        def watched(self, *args, dense=dense, **kwargs):
            heights.append(self.shape[0])
            return dense(self, *args, **kwargs)

        monkeypatch.setattr(kind, "toarray", watched)
    small(max_iter=2).fit(sp.csr_array(X))
    assert not heights


def test_early_stopping_holds_users_out_and_keeps_the_best(X):
    model = small(
        early_stopping=True, validation_fraction=0.25, n_iter_no_change=5, max_iter=200, kl_warmup=3
    ).fit(X)
    losses = model.history_["validation_loss"]
    assert model.n_iter_ < 200 and np.isfinite(losses).all()
    assert set(model.history_) >= {"validation_reconstruction", "validation_regularization"}
    assert int(np.argmin(losses)) < model.n_iter_ - 1


@pytest.mark.filterwarnings("ignore:.* does nothing. it needs variational")
def test_the_warm_up_is_not_judged(X):
    for variational, n_iter in ((True, 12), (False, 2)):
        model = small(variational=variational, kl_warmup=11, n_iter_no_change=1, tol=10.0).fit(X)
        assert model.n_iter_ == n_iter


@pytest.mark.filterwarnings("ignore:.* does nothing. it needs variational")
@kinds
def test_a_fit_in_two_goes_is_the_fit_in_one(variational, X):
    model = small(variational=variational, kl_warmup=8, max_iter=5, warm_start=True).fit(X).fit(X)
    whole = small(variational=variational, kl_warmup=8, max_iter=10).fit(X)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))
    with pytest.raises(ValueError, match="activation == 'relu', but the fit to go on from had 't"):
        model.set_params(activation="relu").fit(X)


def test_weight_decay_shrinks_the_weights(X):
    norms = [
        float(small(weight_decay=decay).fit(X).module_.decoder[0].weight.detach().norm())
        for decay in (0.0, 1.0)
    ]
    assert norms[1] < 0.9 * norms[0]


def test_similar_items_are_of_one_taste(X):
    items, _ = small(max_iter=100).fit(X).similar_items([0, 6], k=2)
    assert (items[0] < 6).all() and (items[1] >= 6).all()


def test_codes_have_names(X):
    model = small(max_iter=1).set_output(transform="pandas").fit(X)
    assert list(model.transform(X).columns) == ["implicitvae0", "implicitvae1", "implicitvae2"]


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"n_components": 0}, ValueError),
        ({"hidden_layer_sizes": (0,)}, ValueError),
        ({"variational": 1}, TypeError),
        ({"beta": -0.1}, ValueError),
        ({"kl_warmup": -1}, ValueError),
        ({"corruption_level": 1.0}, ValueError),
        ({"activation": "swish"}, ValueError),
        ({"weight_decay": -1}, ValueError),
        ({"learning_rate": 0}, ValueError),
        ({"max_iter": 0}, ValueError),
        ({"device": "abacus"}, ValueError),
        ({"precision": "float8"}, ValueError),
    ],
)
def test_bad_parameters_are_named(parameters, error, X):
    (name,) = parameters
    model = small(**parameters)
    with pytest.raises(error, match=name):
        model.fit(X)
    with pytest.raises(NotFittedError):
        model.transform(X)
    with pytest.raises(NotFittedError):
        clone(model).predict(X)
