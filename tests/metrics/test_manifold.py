"""Samples and real rows as neighbours of each other."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skdeepunsup.metrics import density_coverage, manifold, precision_recall


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


def column(*values):
    return np.array(values, dtype=float)[:, None]


def test_by_hand():
    """On a line, balls around real rows: [-1, 1], [0, 2], [1, 5], [3, 11].

    Around samples: [-3.5, 2.5], [1.5, 3.5], [2.5, 4.5]. Samples are in 1, 1 and 2 of the former.
    """
    X, Y = column(0, 1, 3, 7), column(-0.5, 2.5, 3.5)
    assert precision_recall(X, Y, n_neighbors=1) == (1, 3 / 4)
    assert density_coverage(X, Y, n_neighbors=1) == (4 / 3, 3 / 4)
    far = np.r_[Y, column(100)]
    assert precision_recall(X, far, n_neighbors=1).precision == 3 / 4
    assert density_coverage(X, far, n_neighbors=1) == (1, 3 / 4)


def by_definition(X, Y, k):
    def inside(A, B):
        """Whether row j of B is in the ball around row i of A."""
        within = np.linalg.norm(A[:, None] - A[None], axis=2)
        radii = [np.sort(np.delete(row, i))[k - 1] for i, row in enumerate(within)]
        return np.linalg.norm(A[:, None] - B[None], axis=2) <= np.array(radii)[:, None]

    real, fake = inside(X, Y), inside(Y, X)
    return real.any(0).mean(), fake.any(0).mean(), real.sum(0).mean() / k, real.any(1).mean()


@pytest.mark.parametrize("block_rows", [1, 7, 500])
@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("ties", [False, True])
def test_by_definition_in_blocks_of_any_size(monkeypatch, block_rows, k, ties):
    monkeypatch.setattr(manifold, "BLOCK_ROWS", block_rows)
    X, Y = np.split(normal(50, 2), [30])
    Y += 1.5
    if ties:  # whole numbers: many rows are alike, and many distances
        X, Y = X.round(), Y.round()
    expected = by_definition(X, Y, k)
    assert 0 < min(expected[:2]) < 1
    assert precision_recall(X, Y, n_neighbors=k) == pytest.approx(expected[:2])
    assert density_coverage(X, Y, n_neighbors=k) == pytest.approx(expected[2:])


def test_rows_equal_to_the_last_bit_are_neighbours_at_radius_zero():
    """Far from the origin, where products of rows would round equal rows apart."""
    rows = normal(50, 9) + 1e6
    X = np.repeat(rows, 4, axis=0)  # each has three equals: the radius is 0 for k up to 3
    assert precision_recall(X, np.repeat(rows[:25], 4, axis=0)) == (1, 0.5)
    assert density_coverage(X, rows[:25], n_neighbors=3) == (4 / 3, 0.5)
    assert precision_recall(X, X + 1e-6) == (0, 0)


def test_a_row_is_not_its_own_neighbour():
    """Were it, no sample beside the rows would be near any."""
    X = column(*range(10))
    assert precision_recall(X, X + 0.5, n_neighbors=1) == (1, 1)
    assert density_coverage(X, X + 0.5, n_neighbors=1)[1] == 1


@pytest.mark.parametrize(("n", "m", "k"), [(60, 60, 5), (40, 80, 1), (80, 20, 3)])
def test_expectations_for_samples_of_the_data_s_distribution(n, m, k):
    """A row stays uncovered if its k nearest among the others are all real ones."""
    rng = np.random.default_rng(k)
    figures = np.array(
        [
            density_coverage(rng.normal(size=(n, 3)), rng.normal(size=(m, 3)), n_neighbors=k)
            for _ in range(300)
        ]
    )
    nearest = np.arange(1, k + 1)
    coverage = 1 - np.prod((n - nearest) / (n + m - nearest))
    errors = figures.std(axis=0) / np.sqrt(len(figures))
    assert np.all(np.abs(figures.mean(axis=0) - [1, coverage]) < 4 * errors)


def modes(rng, *centers):
    return np.concatenate([rng.normal(size=(100, 2)) + center for center in centers])


def test_what_a_model_drops_and_what_it_invents():
    rng = np.random.default_rng(0)
    X, same = modes(rng, 0, 20), modes(rng, 0, 20)
    full, covered = precision_recall(X, same), density_coverage(X, same)
    dropped = modes(rng, 0, 0)
    assert precision_recall(X, dropped).precision > 0.9
    assert precision_recall(X, dropped).recall < 0.6 < 0.9 < full.recall
    assert density_coverage(X, dropped).coverage < 0.6 < 0.9 < covered.coverage
    invented = modes(rng, 0, 20, 40, 60)
    assert precision_recall(X, invented).recall > 0.9
    assert precision_recall(X, invented).precision < 0.6 < 0.9 < full.precision
    assert density_coverage(X, invented).density < 0.6 < 0.8 < covered.density


def test_an_outlier_among_the_real_rows_makes_precision_alone_lenient():
    rng = np.random.default_rng(0)
    X, Y = np.r_[modes(rng, 0), [[90, 90]]], modes(rng, 40)
    assert precision_recall(X, Y).precision == 1
    assert density_coverage(X, Y) == pytest.approx((1 / 5, 1 / 101))


def test_the_order_of_rows_does_not_matter():
    X, Y = normal(2, 60, 3)
    rng = np.random.default_rng(1)
    shuffled = rng.permutation(X), rng.permutation(Y)
    assert precision_recall(*shuffled) == precision_recall(X, Y)
    assert density_coverage(*shuffled) == pytest.approx(density_coverage(X, Y))


@pytest.mark.parametrize("figure", [precision_recall, density_coverage])
def test_features_are_compared(figure):
    X, Y = normal(2, 60, 5)
    pca = PCA(2).fit(X)
    assert figure(X, Y, features=pca) == figure(pca.transform(X), pca.transform(Y)) != figure(X, Y)


@pytest.mark.parametrize("figure", [precision_recall, density_coverage])
def test_more_neighbours_than_other_rows_are_refused(figure):
    X, Y = normal(2, 6, 2)
    assert figure(X, Y, n_neighbors=5)
    with pytest.raises(ValueError, match=r"n_neighbors == 6, .* less than .* rows; X has 6"):
        figure(X, Y, n_neighbors=6)
    with pytest.raises(ValueError, match="n_neighbors"):
        figure(X, Y, n_neighbors=0)


def test_only_rows_with_balls_need_neighbours():
    X, Y = normal(2, 6, 2)
    with pytest.raises(ValueError, match=r"n_neighbors == 4, .*; samples has 4"):
        precision_recall(X, Y[:4], n_neighbors=4)
    assert density_coverage(X, Y[:4], n_neighbors=4)
