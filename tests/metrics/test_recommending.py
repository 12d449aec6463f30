"""Figures of recommendations: against sums written out user by user."""

import numpy as np
import pytest
import scipy.sparse as sp

from skdeepunsup.metrics import ndcg_at_k, rating_error, recall_at_k

K = 4


@pytest.fixture
def wanted():
    """Wanted items of 30 users; the first two want none, the third more than ``K``."""
    wanted = np.random.default_rng(0).random((30, 9)) < 0.3
    wanted[:2], wanted[2] = False, True
    return wanted.astype(float)


@pytest.fixture
def items():
    """Random ranks; −1 where the last user has nothing left."""
    rng = np.random.default_rng(1)
    items = np.array([rng.permutation(9)[:K] for _ in range(30)])
    items[-1, 2:] = -1
    return items


def recall(wanted, items):
    return sum(wanted[i] > 0 for i in items if i >= 0) / min(K, np.count_nonzero(wanted))


def ndcg(wanted, items):
    gain = sum(1 / np.log2(r + 1) for r, i in enumerate(items, 1) if i >= 0 and wanted[i] > 0)
    return gain / sum(1 / np.log2(r + 1) for r in range(1, min(K, np.count_nonzero(wanted)) + 1))


@pytest.mark.parametrize(("metric", "of_user"), [(recall_at_k, recall), (ndcg_at_k, ndcg)])
def test_the_mean_over_the_users_who_want_any(metric, of_user, wanted, items):
    truth = np.mean([of_user(w, i) for w, i in zip(wanted, items, strict=True) if w.any()])
    assert metric(wanted, items) == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("metric", [recall_at_k, ndcg_at_k])
def test_perfect_and_useless_ranks(metric, wanted):
    best = np.argsort(-wanted, axis=1, kind="stable")[:, :K]
    assert metric(wanted, best) == pytest.approx(1)
    assert metric(wanted, np.full((30, K), -1)) == 0


@pytest.mark.parametrize("metric", [recall_at_k, ndcg_at_k])
def test_sparse_is_dense_and_a_stored_zero_is_not_wanted(metric, wanted, items):
    stored = sp.csr_array(wanted + 1)
    stored.data -= 1
    assert stored.nnz == wanted.size
    assert metric(stored, items) == metric(wanted, items) == metric(sp.csr_matrix(wanted), items)


def test_only_the_discounted_gain_knows_of_order():
    wanted, late, early = [[1, 0, 0]], [[1, 0]], [[0, 1]]
    assert recall_at_k(wanted, late) == recall_at_k(wanted, early) == 1
    assert ndcg_at_k(wanted, early) == 1
    assert ndcg_at_k(wanted, late) == pytest.approx(1 / np.log2(3))


@pytest.mark.parametrize("metric", [recall_at_k, ndcg_at_k])
@pytest.mark.parametrize(
    ("wanted", "items", "complaint"),
    [
        ([[0, 0]], [[1]], "wanted is 0 everywhere"),
        ([[0, 1]], [[2]], r"items has 2, but wanted has columns 0 … 1"),
        ([[0, 1]], [[-2]], "items has -2"),
        ([[0, 1]], [[1.0]], "items must hold integers"),
        ([[0, 1]], [[1, 1]], "items has column 1 twice in row 0"),
        ([[0, 1]], [[1], [0]], "inconsistent numbers of samples"),
        ([[0, np.nan]], [[1]], "wanted contains NaN"),
    ],
)
def test_bad_input_is_named(metric, wanted, items, complaint):
    with pytest.raises(ValueError, match=complaint):
        metric(wanted, items)


def test_rating_error_is_the_root_of_the_mean_square():
    rng = np.random.default_rng(0)
    ratings, errors = rng.integers(1, 6, 100), rng.normal(size=100)
    truth = np.linalg.norm(errors) / 10
    assert rating_error(ratings, ratings + errors) == pytest.approx(truth, rel=1e-12)
    assert rating_error(ratings, ratings) == 0


@pytest.mark.parametrize(
    ("ratings", "predicted", "complaint"),
    [
        ([1, 2], [1], "ratings has 2 entries, but predicted 1"),
        ([[1]], [1], "ratings must have one dimension"),
        ([1], [np.nan], "predicted contains NaN"),
        ([], [], "minimum of 1 is required"),
    ],
)
def test_bad_ratings_are_named(ratings, predicted, complaint):
    with pytest.raises(ValueError, match=complaint):
        rating_error(ratings, predicted)


def test_more_cells_than_32_bits_count():
    n_users, n_items = 150_000, 27_000
    columns = np.arange(n_users, dtype=np.int32) % n_items
    indptr = np.arange(n_users + 1, dtype=np.int32)
    wanted = sp.csr_array((np.ones(n_users), columns, indptr), shape=(n_users, n_items))
    assert recall_at_k(wanted, columns[:, None]) == 1.0


def test_entries_that_are_stored_twice_count_once():
    wanted = sp.csr_array(([1.0, 1.0], ([0, 0], [0, 0])), shape=(1, 2))
    twice = sp.csr_array(([1.0, 1.0], [0, 0], [0, 2]), shape=(1, 2))
    for matrix in (wanted, twice):
        assert recall_at_k(matrix, [[0, 1]]) == 1.0
