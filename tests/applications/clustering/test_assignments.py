"""Assignments to clusters, each formula against SciPy's or its own written out."""

import math

import numpy as np
import pytest
import torch
from scipy.special import rel_entr
from scipy.stats import t

from skdeepunsup.applications.clustering.assignments import (
    divergence,
    normal_draws,
    sharpened,
    student_t,
)


@pytest.mark.parametrize("dof", [0.5, 1.0, 7.0])
def test_assignments_are_those_of_t_distributions(dof):
    rng = np.random.default_rng(0)
    z, centers = rng.normal(size=(20, 1)), rng.normal(size=(4, 1))
    # t of one dimension has the exponent −(α + 1)/2 and distances over α: up to normalisation,
    density = t.pdf(z - centers.T, dof)
    q = student_t(torch.tensor(z), torch.tensor(centers), dof).exp().numpy()
    np.testing.assert_allclose(q, density / density.sum(1, keepdims=True), rtol=1e-10)
    # and so it is of the length of a longer difference.
    z, centers = rng.normal(size=(20, 3)), rng.normal(size=(4, 3))
    density = t.pdf(np.linalg.norm(z[:, None] - centers, axis=2), dof)
    q = student_t(torch.tensor(z), torch.tensor(centers), dof).exp().numpy()
    np.testing.assert_allclose(q, density / density.sum(1, keepdims=True), rtol=1e-10)


def test_a_row_on_a_centre_has_finite_gradients():
    z = torch.tensor([[1e4, 1.0], [0.0, 0.0]], requires_grad=True)
    centers = z.detach().clone()
    q = student_t(z, centers, 1.0).exp()
    assert q.argmax(1).tolist() == [0, 1]
    (gradient,) = torch.autograd.grad(q[0, 0], z)
    assert gradient.isfinite().all()


def test_sharpened_by_its_formula():
    q = np.random.default_rng(0).dirichlet(np.ones(4), 30)
    p = sharpened(torch.tensor(q), torch.tensor(q).sum(0)).numpy()
    expected = np.empty_like(q)
    for i in range(30):
        weighted = [q[i, j] ** 2 / q[:, j].sum() for j in range(4)]
        expected[i] = np.array(weighted) / sum(weighted)
    np.testing.assert_allclose(p, expected, rtol=1e-12)
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-12)


def test_sharpened_leaves_sure_assignments_and_no_idea_as_they_are():
    sure = torch.eye(3)[[0, 0, 1, 2, 2, 2]]
    torch.testing.assert_close(sharpened(sure, sure.sum(0)), sure)
    none = torch.full((5, 4), 0.25)
    torch.testing.assert_close(sharpened(none, none.sum(0)), none)


def test_sharpened_is_surer():
    q = torch.tensor([[0.6, 0.4], [0.4, 0.6]])
    assert (sharpened(q, q.sum(0)).max(1).values > q.max(1).values).all()


def test_divergence_is_scipy_s():
    rng = np.random.default_rng(0)
    p, q = rng.dirichlet(np.ones(4), 20), rng.dirichlet(np.ones(4), 20)
    p[0] = [1, 0, 0, 0]
    found = divergence(torch.tensor(p), torch.tensor(q).log()).numpy()
    np.testing.assert_allclose(found, rel_entr(p, q).sum(1), rtol=1e-10)
    assert divergence(torch.tensor(p), torch.tensor(p).log()).nan_to_num().abs().max() < 1e-12


@pytest.mark.parametrize("rank", [3, 2, 1, 0])
def test_normal_draws_have_mean_and_covariance(rank):
    rng = np.random.default_rng(0)
    A, mean, n = rng.normal(size=(3, rank)), np.array([1.0, -2.0, 3.0]), 40_000
    covariance = A @ A.T
    draws = normal_draws(
        torch.tensor(mean), torch.tensor(covariance), torch.tensor(rng.normal(size=(n, 3)))
    ).numpy()
    spread = np.sqrt(np.diag(covariance))
    assert (np.abs(draws.mean(0) - mean) <= 5 * spread / math.sqrt(n) + 1e-12).all()
    # The variance of an entry of a sample covariance is (c_ij² + c_ii c_jj) / n.
    noise = np.sqrt((covariance**2 + np.outer(spread**2, spread**2)) / n)
    assert (np.abs(np.cov(draws.T) - covariance) <= 5 * noise + 1e-12).all()
