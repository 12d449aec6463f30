"""Biases of users and items, by their normal equations."""

import numpy as np
import pytest

from skdeepunsup.applications.recommending.bias import rating_bias
from tests.applications.recommending.models import D, N, dense, nan, read


@pytest.mark.parametrize("shrinkage", [0.0, 1.0, 5.0])
def test_biases_solve_their_normal_equations(X, shrinkage):
    X[:, 3] = nan  # an item that nobody rated
    X[7] = nan  # a user without ratings
    known, R = read(X), np.nan_to_num(X)
    M = (~np.isnan(X)).astype(float)
    bias = rating_bias(known, shrinkage)
    assert bias.mean == pytest.approx(np.nanmean(X))
    rest = M * (R - bias.mean)
    # Minimise Σ m (rest − bᵤ − bᵢ)² + shrinkage (Σ bᵤ² + Σ bᵢ²).
    A = np.block([[np.diag(M.sum(1)), M], [M.T, np.diag(M.sum(0))]]) + shrinkage * np.eye(N + D)
    solution = np.linalg.lstsq(A, np.concatenate([rest.sum(1), rest.sum(0)]), rcond=None)[0]
    expected = bias.mean + solution[:N, None] + solution[N:]
    np.testing.assert_allclose((M * bias.expected(known)), M * expected, atol=1e-3)
    np.testing.assert_allclose(dense(bias.residuals(known)), X - bias.expected(known), atol=1e-12)
    assert bias.items[3] == bias.of_users(known)[7] == 0
    exact = bias.of_users(known)
    np.testing.assert_allclose(
        exact, (M * (rest - bias.items)).sum(1) / np.maximum(M.sum(1) + shrinkage, 1e-300)
    )
