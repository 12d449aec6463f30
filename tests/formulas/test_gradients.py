"""Losses with gradients written out are those of ``errors.py``, and their derivatives."""

import pytest
import torch

from skdeepunsup._random import Stream
from skdeepunsup.formulas import errors, gradients, regularizers

N, D, K = 7, 5, 3
SHARES = [1 / N, torch.arange(N, dtype=torch.float64)[:, None] / 9]
OBSERVED = [None, (Stream(5).uniform((N, D), torch.float64) < 0.7).double()]

shares = pytest.mark.parametrize("share", SHARES, ids=["alike", "weighted"])
masks = pytest.mark.parametrize("observed", OBSERVED, ids=["all", "some"])


def rows(width=D, seed=0):
    return Stream(seed).normal(N, width).double()


def assert_is_derivative(result, losses, output, share):
    """``result`` starts with Σ sᵣ Lᵣ of ``losses``, and its gradient by ``output``."""
    loss = (losses[:, None] * share).sum()
    (expected,) = torch.autograd.grad(loss, output, retain_graph=True)
    torch.testing.assert_close(result[0], loss.detach())
    torch.testing.assert_close(result[1], expected.flatten(1))


@shares
@masks
@pytest.mark.parametrize(
    ("written", "loss"),
    [
        (gradients.squared_error, errors.squared_error),
        (
            gradients.bounded_squared_error,
            lambda x, o, observed: errors.squared_error(x, o.sigmoid(), observed),
        ),
        (gradients.bernoulli_error, errors.bernoulli_cross_entropy),
    ],
    ids=["squared", "bounded", "bernoulli"],
)
def test_errors_of_reconstructions(written, loss, observed, share):
    x, output = rows().sigmoid(), rows(seed=1).requires_grad_()
    memory = torch.full((N, D), torch.nan, dtype=torch.float64)
    with torch.no_grad():
        result = written(x, output.detach().clone(), observed, share, memory)
    assert_is_derivative(result, loss(x, output, observed), output, share)


@shares
@pytest.mark.parametrize("name", ["squared_error", "bernoulli_error"])
def test_entries_may_count_by_any_weight(name, share):
    counts = torch.arange(1.0, D + 1, dtype=torch.float64)
    x, output, memory = rows().sigmoid(), rows(seed=1), torch.empty(N, D, dtype=torch.float64)
    error = getattr(gradients, name)
    loss, d = error(x, output, counts, share, memory)
    parts = [error(x[:, [i]], output[:, [i]], None, share, memory[:, [i]]) for i in range(D)]
    torch.testing.assert_close(
        loss, sum(c * part[0] for c, part in zip(counts, parts, strict=True))
    )
    torch.testing.assert_close(d, torch.cat([part[1] for part in parts], 1) * counts)


@shares
def test_the_divergence_of_a_posterior(share):
    mean, log_variance = rows().requires_grad_(), rows(seed=1).requires_grad_()
    loss, *found = gradients.divergence(
        mean.detach(), log_variance.detach().exp(), log_variance.detach(), share
    )
    losses = regularizers.kl_divergence(mean, log_variance).sum(1)
    truth = (losses[:, None] * share).sum()
    torch.testing.assert_close(loss, truth.detach())
    for gradient, expected in zip(
        found, torch.autograd.grad(truth, (mean, log_variance)), strict=True
    ):
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("n_entries", [9, 0])
def test_a_distribution_over_columns(n_entries):
    places = Stream(3).permutation(N * D)[:n_entries].sort().values
    counts = Stream(4).uniform((n_entries,), torch.float64) + 0.5
    x = torch.zeros(N * D, dtype=torch.float64)
    x[places] = counts
    logits = rows().requires_grad_()
    with torch.no_grad():
        result = gradients.multinomial_error(
            counts, places // D, places % D, logits.detach().clone(), 1 / N
        )
    losses = -(x.view(N, D) * logits.log_softmax(1)).sum(1)
    assert_is_derivative(result, losses, logits, 1 / N)


@shares
@masks
@pytest.mark.parametrize("n_scales", [1, D])
def test_a_normal_density_and_its_variances(n_scales, observed, share):
    x, mean = rows(), rows(seed=1).requires_grad_()
    variance = rows(seed=2)[0, :n_scales].exp().requires_grad_()
    with torch.no_grad():
        result = gradients.gaussian_error(
            x, mean.detach(), variance.detach(), observed, share, torch.empty_like(x)
        )
    losses = errors.gaussian_cross_entropy(x, mean, variance, observed)
    assert_is_derivative(result, losses, mean, share)
    (expected,) = torch.autograd.grad((losses[:, None] * share).sum(), variance)
    torch.testing.assert_close(result[2], expected)


@shares
@masks
def test_categories(observed, share):
    codes = (Stream(4).uniform((N, D), torch.float64) * K).floor()
    logits = rows(D * K, seed=1).view(N, D, K).requires_grad_()
    memory = torch.empty(N, D * K, dtype=torch.float64)
    with torch.no_grad():
        result = gradients.categorical_error(codes, logits.detach(), observed, share, memory)
    losses = errors.categorical_cross_entropy(codes, logits, observed)
    assert_is_derivative(result, losses, logits, share)
