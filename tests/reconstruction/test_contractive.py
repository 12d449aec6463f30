"""ContractiveAutoencoder: the norm of the code's Jacobian, and that it falls."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import jacrev, vmap

from skdeepunsup import ContractiveAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.formulas.penalties import sampled_squared_jacobian
from skdeepunsup.networks import ACTIVATIONS
from skdeepunsup.reconstruction.modules.contractive import ContractiveModule

ARCHITECTURES = {
    "one layer": {},
    "deep": {"hidden_layer_sizes": (7,)},
    "images": {"image_shape": (3, 2, 1), "hidden_layer_sizes": (3,)},
    "own": {"encoder": nn.Linear(6, 4)},
}


def module(contraction=1.0, activation="tanh", **architecture):
    made = ContractiveModule(
        n_features=6,
        n_components=4,
        contraction=contraction,
        activation=activation,
        **architecture,
    )
    made.initialize(ResidentRows(torch.zeros(1, made.n_features)), Stream(0))
    with torch.no_grad():
        for name, p in made.named_parameters():
            if name.endswith("bias"):
                p.copy_(Stream(2).normal(*p.shape) / 3)
    return made.double()


def rows(n=20):
    return Stream(1).normal(n, 6).double()


def squared_norms(made, x):
    """‖∂h/∂x‖² of each row, from the whole Jacobian."""
    J = vmap(jacrev(lambda row: made.encode(row[None])[0]))(x)
    return J.square().sum((1, 2))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_closed_form_is_the_jacobians_norm_and_its_gradient(activation):
    made, x = module(0.7, activation), rows()
    assert made.one_layer
    penalty = made.losses(x, Stream(0))["contraction"]
    torch.testing.assert_close(penalty, 0.7 * squared_norms(made, x))

    parameters = tuple(made.encoder.parameters())
    ours = torch.autograd.grad(penalty.sum(), parameters, allow_unused=True)
    whole = torch.autograd.grad(0.7 * squared_norms(made, x).sum(), parameters, allow_unused=True)
    for one, other, p in zip(ours, whole, parameters, strict=True):
        zeros = torch.zeros_like(p)
        torch.testing.assert_close(zeros if one is None else one, zeros if other is None else other)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("kind", ["deep", "images", "own"])
def test_the_mean_of_the_draws_is_the_jacobians_norm(activation, kind):
    made, x = module(0.7, activation, **ARCHITECTURES[kind]), rows(5)
    assert not made.one_layer
    n, stream = 2000, Stream(3)
    draws = made.losses(x.repeat(n, 1), stream)["contraction"].view(n, 5).detach()
    error = draws.std(0) / n**0.5
    gap = (draws.mean(0) - 0.7 * squared_norms(made, x)).abs()
    assert (gap <= 5 * error + 1e-12).all()


def test_the_draws_are_signs():
    x = torch.eye(2000, 3, dtype=torch.float64).requires_grad_()
    h = x * torch.tensor([1.0, 2.0, 3.0])  # of a diagonal Jacobian any signs give the norm
    sampled = sampled_squared_jacobian(h, x, Stream(0))
    torch.testing.assert_close(sampled, torch.full((2000,), 14.0, dtype=torch.float64))


def test_the_gradient_of_the_draws_is_right_on_average():
    made, x = module(1.0, "tanh", hidden_layer_sizes=(7,)), rows(3)
    n, stream = 2000, Stream(3)
    W = made.encoder[0].weight
    (whole,) = torch.autograd.grad(squared_norms(made, x).sum(), W)
    (drawn,) = torch.autograd.grad(made.losses(x.repeat(n, 1), stream)["contraction"].sum() / n, W)
    torch.testing.assert_close(drawn, whole, rtol=0.15, atol=0.05 * float(whole.abs().max()))


@pytest.mark.parametrize("kind", ["deep", "own"])
def test_held_out_rows_are_measured_by_the_draws_too(kind):
    X = rows(60).numpy()
    model = ContractiveAutoencoder(
        4, early_stopping=True, max_iter=3, random_state=0, **ARCHITECTURES[kind]
    ).fit(X)
    for name in ("contraction", "validation_contraction"):
        assert (np.array(model.history_[name]) > 0).all()
    assert model.module_.encode(torch.zeros(1, 6)).requires_grad  # nothing was switched off


@pytest.mark.parametrize("hidden", [(), (24,)])
def test_the_jacobian_shrinks_as_the_contraction_grows(digits, hidden):
    norms = []
    for contraction in (0.0, 19.0, 190.0):  # the error is in units of the scale, 0.27
        model = ContractiveAutoencoder(
            24,
            hidden_layer_sizes=hidden,
            activation="tanh",
            contraction=contraction,
            max_iter=12,
            learning_rate=3e-3,
            random_state=0,
        ).fit(digits)
        u = torch.tensor(model.module_.scaling.standardized(digits[:100]), dtype=torch.float32)
        norms.append(float(squared_norms(model.module_, u).detach().mean()))
    assert norms[0] > 1.3 * norms[1] > 1.5 * norms[2]


def test_the_history_names_both_terms(digits):
    model = ContractiveAutoencoder(8, max_iter=3, random_state=0).fit(digits)
    history = {name: np.array(values) for name, values in model.history_.items()}
    np.testing.assert_allclose(
        history["loss"], history["reconstruction"] + history["contraction"], rtol=1e-6
    )


def test_weights_are_tied_where_they_can_be(digits):
    X = digits[:64]

    def tied(**params):
        return ContractiveAutoencoder(6, max_iter=1, **params).fit(X).module_.tied

    assert tied()
    assert tied(hidden_layer_sizes=(9,))
    assert not tied(tied_weights=False)
    assert not tied(image_shape=(8, 8))
    assert not tied(encoder=nn.Linear(64, 6))
    with pytest.raises(ValueError, match="drop encoder"):
        tied(encoder=nn.Linear(64, 6), tied_weights=True)


def test_dropout_goes_with_the_draws(digits):
    model = ContractiveAutoencoder(
        6, hidden_layer_sizes=(9,), dropout=0.3, max_iter=2, random_state=0
    ).fit(digits)
    assert np.isfinite(model.history_["contraction"]).all()
