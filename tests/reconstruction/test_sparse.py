"""SparseAutoencoder: four ways to be sparse, each as it is written."""

import copy

import numpy as np
import pytest
import torch
from sklearn.base import clone
from torch import nn

from skdeepunsup import SparseAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.formulas.penalties import bernoulli_divergence
from skdeepunsup.reconstruction.modules.sparse import SPARSITIES, SparseModule


def squared_errors(model, X):
    return np.square(X - model.reconstruct(X)).sum(1)


def module(sparsity, *, n_features=5, n_components=4, target=0.1, cost=1.0, n_nonzero=2):
    made = SparseModule(
        n_features=n_features,
        n_components=n_components,
        sparsity=sparsity,
        target=target,
        cost=cost,
        n_nonzero=n_nonzero,
    )
    made.initialize(ResidentRows(torch.zeros(1, 5)), Stream(0))
    return made.double()


@pytest.mark.filterwarnings("ignore:n_nonzero == 3 does nothing")
@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_the_code_is_the_sparse_code(digits, sparsity):
    model = SparseAutoencoder(12, sparsity=sparsity, n_nonzero=3, max_iter=2).fit(digits)
    W, b = (p.detach().double().numpy() for p in model.module_.encoder.parameters())
    a = model.module_.scaling.standardized(digits) @ W.T + b
    expected = {
        "kl": 1 / (1 + np.exp(-a)),
        "l1": np.maximum(a, 0),
        "running-mean": np.tanh(a),
        "top-k": np.where(a >= np.sort(a, axis=1)[:, -3:-2], np.maximum(a, 0), 0),
    }[sparsity]
    np.testing.assert_allclose(model.transform(digits), expected, atol=1e-9)


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_the_loss_is_the_error_and_what_sparsity_asks_for(sparsity):
    made = module(sparsity, target=-0.9 if sparsity == "running-mean" else 0.1, cost=0.7)
    x = Stream(1).normal(6, 5).double()
    terms = made.losses(x, Stream(0))
    h = made.encode(x)
    torch.testing.assert_close(terms["reconstruction"], (x - made.decode(h)).square().sum(1))
    expected = {
        "kl": (0.7 * bernoulli_divergence(0.1, h.mean(0).log(), (1 - h.mean(0)).log())).expand(6),
        "l1": 0.7 * h.abs().sum(1),
    }.get(sparsity, torch.zeros(6, dtype=torch.float64))
    torch.testing.assert_close(terms["sparsity"], expected)


# Divergence


def test_activity_is_drawn_to_the_target_as_the_cost_rises(digits):
    gaps = []
    for cost in (0.0, 1.4, 140.0):
        model = SparseAutoencoder(
            32, sparsity_cost=cost, learning_rate=3e-3, max_iter=15, random_state=0
        ).fit(digits)
        gaps.append(np.abs(model.transform(digits).mean(0) - 0.05).mean())
    assert gaps[0] > 2 * gaps[1] > 4 * gaps[2]
    assert gaps[2] < 0.005


def test_another_target_is_another_activity(digits):
    model = SparseAutoencoder(
        32, sparsity_target=0.2, sparsity_cost=140, max_iter=30, random_state=0
    ).fit(digits)
    np.testing.assert_allclose(model.transform(digits).mean(0), 0.2, atol=0.02)


# Absolute values


@pytest.mark.parametrize("sparsity", ["l1", "top-k"])
@pytest.mark.parametrize("hidden", [(), (16,)])
def test_the_columns_that_read_the_code_have_norm_1(digits, sparsity, hidden):
    model = SparseAutoencoder(
        12, sparsity=sparsity, hidden_layer_sizes=hidden, max_iter=3, random_state=0
    ).fit(digits)
    norms = model.module_.decoder[0].weight.detach().norm(dim=0)
    torch.testing.assert_close(norms, torch.ones(12), atol=1e-6, rtol=0)


def test_a_higher_cost_leaves_more_units_at_zero(digits):
    def zeros(cost):
        model = SparseAutoencoder(
            32, sparsity="l1", sparsity_cost=cost, learning_rate=3e-3, max_iter=10, random_state=0
        )
        return (model.fit_transform(digits) == 0).mean()

    none, some, many = map(zeros, (0.0, 0.37, 1.9))
    assert none + 0.1 < some < many - 0.1


# Running mean


@pytest.mark.parametrize("n", [1, 3, 8])
def test_the_running_mean_and_the_bias_follow_the_rule(n):
    X = np.random.default_rng(0).random((n, 5))
    params = {
        "n_components": 4,
        "sparsity": "running-mean",
        "precision": "float64",
        "batch_size": n,
        "random_state": 0,
    }
    ruled = SparseAutoencoder(sparsity_cost=7.0, **params).partial_fit(X)
    u = torch.tensor(ruled.module_.scaling.standardized(X))
    for _ in range(5):
        rho_hat, bias = ruled.module_.sparsity.running_mean, ruled.module_.encoder[0].bias
        activity = ruled.module_.encode(u).mean(0).detach()
        kept = 0.999**n
        expected = kept * rho_hat + (1 - kept) * activity
        # What Adam alone makes of the bias.
        free = copy.deepcopy(ruled).set_params(sparsity_cost=0.0)
        free.module_.arguments["cost"] = 0.0
        by_adam = free.partial_fit(X).module_.encoder[0].bias
        ruled.partial_fit(X)
        torch.testing.assert_close(ruled.module_.sparsity.running_mean, expected)
        moved = ruled.module_.encoder[0].bias
        torch.testing.assert_close(moved, by_adam - 3e-3 * 7.0 * (expected + 0.9))
        assert (moved - bias).abs().max() > 1e-4


def test_of_one_row_the_rule_keeps_0_999():
    X = np.random.default_rng(0).random((1, 5))
    model = SparseAutoencoder(4, sparsity="running-mean", precision="float64").partial_fit(X)
    before = model.module_.sparsity.running_mean.clone()
    u = torch.tensor(model.module_.scaling.standardized(X))
    activity = model.module_.encode(u)[0].detach()
    model.partial_fit(X)
    after = model.module_.sparsity.running_mean
    torch.testing.assert_close(after, 0.999 * before + 0.001 * activity)


def test_tanh_units_start_at_rest(digits):
    model = SparseAutoencoder(
        sparsity="running-mean", learning_rate=1e-12, max_iter=1, random_state=0
    ).fit(digits)
    mean_row = model.transform(digits.mean(0, keepdims=True))
    np.testing.assert_allclose(mean_row, -0.9, rtol=1e-5)
    units = model.transform(digits).mean(0)
    kept = 0.999 ** len(digits)  # of the ρ it starts from, after one epoch
    running = model.module_.sparsity.running_mean
    np.testing.assert_allclose(running, kept * -0.9 + (1 - kept) * units, atol=0.02)


@pytest.mark.parametrize(
    "n_rows", [300, pytest.param(1797, marks=pytest.mark.nightly("10,000 updates, as of 300 rows"))]
)
def test_by_default_every_unit_ends_near_its_target(digits, n_rows):
    model = SparseAutoencoder(sparsity="running-mean", random_state=0)
    gaps = np.abs(model.fit_transform(digits[:n_rows]).mean(0) + 0.9)
    assert (gaps < 0.05).mean() > 0.98
    assert gaps.max() < 0.1


def test_another_target_of_the_running_mean(digits):
    model = SparseAutoencoder(
        32, sparsity="running-mean", sparsity_target=-0.5, max_iter=40, random_state=0
    )
    activity = model.fit_transform(digits).mean(0)
    np.testing.assert_allclose(activity, -0.5, atol=0.15)
    assert abs(activity.mean() + 0.5) < 0.05


# The k largest


@pytest.mark.parametrize("k", [1, 5])
def test_at_most_k_units_are_active(digits, k):
    model = SparseAutoencoder(20, sparsity="top-k", n_nonzero=k, max_iter=3, random_state=0)
    Z = model.fit_transform(digits)
    assert (Z >= 0).all()
    assert (Z > 0).sum(1).max() == k


def test_by_default_a_tenth_may_be_active(digits):
    Z = SparseAutoencoder(40, sparsity="top-k", max_iter=1, random_state=0).fit_transform(digits)
    assert (Z > 0).sum(1).max() == 4
    Z = SparseAutoencoder(3, sparsity="top-k", max_iter=1, random_state=0).fit_transform(digits)
    assert (Z > 0).sum(1).max() == 1


def test_revival_is_the_error_of_what_is_left():
    made = module("top-k", cost=0.3, n_components=6).train()
    with torch.no_grad():
        made.encoder[0].bias[3:] = -100.0
    x = Stream(1).normal(7, 5).double()
    made.sparsity.begin_epoch()
    assert not made.losses(x, Stream(0))["sparsity"].any()  # none is dead yet
    for _ in range(99):
        made.losses(x, Stream(0))
    made.sparsity.begin_epoch()
    assert made.sparsity.dead.tolist()[3:] == [True] * 3

    a = made.encoder(x)
    values, columns = a[:, 3:].topk(2)
    W = made.decoder[0].weight
    e = x - made.decode(made.encode(x))
    e_hat = torch.stack([W[:, 3 + c] @ v for v, c in zip(values, columns, strict=True)])
    expected = 0.3 * (e - e_hat).square().sum(1)
    penalty = made.losses(x, Stream(0))["sparsity"]
    torch.testing.assert_close(penalty, expected)
    (gradient,) = torch.autograd.grad(penalty.sum(), made.encoder[0].bias)
    assert gradient[3:].any()
    assert not gradient[:3].any()  # of the living ones none is asked


def dead_units(model, X):
    return int((model.transform(X) > 0).any(0).__invert__().sum())


def test_dead_units_are_revived(digits):
    encoder = nn.Sequential(nn.Linear(64, 32))
    with torch.no_grad():
        encoder[0].weight.copy_(Stream(0).normal(32, 64) / 8)
        encoder[0].bias.zero_()
        encoder[0].bias[16:] = -2.0
        encoder[0].weight[16:] = -encoder[0].weight[16:].abs()
    model = SparseAutoencoder(
        32, sparsity="top-k", encoder=encoder, n_nonzero=4, max_iter=40, random_state=0
    )
    left, revived = (
        clone(model).set_params(sparsity_cost=cost).fit(digits) for cost in (0.0, None)
    )
    assert dead_units(left, digits) >= 16
    assert dead_units(revived, digits) <= 10
    assert squared_errors(revived, digits).mean() < squared_errors(left, digits).mean()


def test_dead_is_who_was_silent_for_long(digits):
    made = module("top-k", n_components=6).train()
    x = Stream(1).normal(2, 5).double()
    for _ in range(3):
        made.losses(x, Stream(0))
    chosen = (made.encode(x) > 0).any(0)
    assert torch.equal(made.sparsity.silent, torch.where(chosen, 0, 3))
    made.sparsity.silent[0] = 100
    made.sparsity.begin_epoch()
    assert made.sparsity.dead.tolist() == [True] + [False] * 5


# What is refused


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"sparsity_target": 0.0}, "sparsity_target"),
        ({"sparsity_target": -0.5}, "sparsity_target"),
        ({"sparsity": "running-mean", "sparsity_target": -1.0}, "sparsity_target"),
        ({"sparsity_cost": -1.0}, "sparsity_cost"),
        ({"sparsity": "top-k", "n_nonzero": 0}, "n_nonzero"),
        ({"sparsity": "top-k", "n_nonzero": 5}, "n_nonzero == 5, but n_components is 4"),
        ({"sparsity": "l1", "decoder": nn.Linear(4, 64)}, "drop decoder"),
        ({"sparsity": "top-k", "decoder": nn.Linear(4, 64)}, "drop decoder"),
        ({"sparsity": "running-mean", "encoder": nn.Linear(64, 4)}, "drop encoder"),
    ],
)
def test_what_does_not_fit_is_named(digits, params, message):
    with pytest.raises(ValueError, match=message):
        SparseAutoencoder(4, **params).fit(digits)


@pytest.mark.parametrize("sparsity", SPARSITIES)
def test_every_way_goes_with_images_and_depth(digits, sparsity):
    for params in (
        {"image_shape": (8, 8), "hidden_layer_sizes": (4,)},
        {"hidden_layer_sizes": (9,)},
    ):
        model = SparseAutoencoder(
            10, sparsity=sparsity, max_iter=3, batch_size=128, random_state=0, **params
        ).fit(digits)
        assert np.isfinite(model.reconstruct(digits)).all()
        assert np.isfinite(model.history_["loss"]).all()
