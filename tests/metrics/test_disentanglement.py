"""Disentanglement of codes for which it is known."""

import numpy as np
import pytest

from skdeepunsup.metrics import active_units, dci, mutual_information_gap

N_CLASSES = [3, 4, 6]
SCALES, SHIFTS = np.array([-0.01, 7.0, 300.0]), np.array([5.0, 0.0, -1e3])


def grid(repeats):
    """Every combination of the factors' classes, each equally often."""
    cells = np.stack(np.meshgrid(*map(np.arange, N_CLASSES), indexing="ij"), -1)
    return np.tile(cells.reshape(-1, 3), (repeats, 1))


Y = grid(20)


def rotated(Y):
    """Standardised factors, each dimension a mixture of all."""
    rotation = np.array([[2, -2, 1], [1, 2, 2], [2, 1, -2]]) / 3
    return (Y - Y.mean(0)) / Y.std(0) @ rotation


def noise(n_components, seed=0):
    return np.random.default_rng(seed).normal(size=(len(Y), n_components))


def test_a_dimension_for_each_factor_is_best_in_any_order_and_unit():
    codes = np.c_[Y[:, [2, 0, 1]] * SCALES + SHIFTS, np.zeros(len(Y))]
    assert mutual_information_gap(codes, Y) == pytest.approx(1)
    assert dci(codes, Y, random_state=0) == pytest.approx((1, 1, 1))


def test_rotation_lowers_all_but_what_the_code_knows():
    codes = rotated(Y)
    assert mutual_information_gap(codes, Y) < 0.2
    disentanglement, completeness, informativeness = dci(codes, Y, random_state=0)
    assert disentanglement < 0.1
    assert completeness < 0.1
    assert informativeness > 0.9


def test_noise_knows_nothing():
    """In expectation I of independent variables is (bins − 1)(classes − 1) / 2n."""
    bias = np.mean([19 * (K - 1) / 2 / len(Y) / np.log(K) for K in N_CLASSES])
    assert 0 <= mutual_information_gap(noise(5), Y) < bias
    disentanglement, completeness, informativeness = dci(noise(5), Y, random_state=0)
    assert disentanglement < 0.02
    assert completeness < 0.02
    chance = np.mean(1 / np.array(N_CLASSES))
    error = np.sqrt(np.mean([(K - 1) / K**2 for K in N_CLASSES]) / 3 / (len(Y) / 4))
    assert informativeness == pytest.approx(chance, abs=4 * error)


def test_a_dimension_that_stands_twice_leaves_no_gap():
    twice = np.c_[Y, -2 * Y[:, 0]]
    assert mutual_information_gap(twice, Y) == pytest.approx(2 / 3)
    assert mutual_information_gap(twice, Y[:, :1]) == pytest.approx(0)


def test_gap_by_hand():
    """One dimension is the factor, the other one agrees with it in three rows of four."""
    y = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    z = np.array([0, 0, 0, 1, 1, 1, 1, 0])
    shared = np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
    gap = mutual_information_gap(np.c_[y, z], y[:, None])
    assert gap == pytest.approx(1 - shared / np.log(2))


def test_gap_does_not_know_the_units_of_a_code():
    codes = rotated(Y) + 0.1 * noise(3)
    expected = mutual_information_gap(codes, Y)
    assert mutual_information_gap(codes * SCALES + SHIFTS, Y) == pytest.approx(expected)


def test_bins_are_of_equal_width():
    """An outlier fills all but one of two bins with nothing: quantiles would go on telling."""
    y = np.array([0, 0, 1, 1] * 5)
    codes = np.c_[y, np.zeros(20)].astype(float)
    assert mutual_information_gap(codes, y[:, None], n_bins=2) == pytest.approx(1)
    codes[0, 0] = 1e3
    assert mutual_information_gap(codes, y[:, None], n_bins=2) < 0.1


def test_one_dimension_for_two_factors_is_complete_but_entangled():
    """And two dimensions of one factor the other way round."""
    both = np.c_[4 * Y[:, 0] + Y[:, 1], np.zeros(len(Y))]
    figures = dci(both, Y[:, :2], random_state=0)
    assert figures.completeness == pytest.approx(1)
    assert figures.disentanglement == pytest.approx(0)
    halves = np.c_[Y[:, 2] // 2, Y[:, 2] % 2, Y[:, 0]]
    figures = dci(halves, Y[:, [2, 0]], random_state=0)
    assert figures.disentanglement == pytest.approx(1)
    assert figures.completeness < 0.8


def test_dci_is_repeatable_and_leaves_the_global_state_alone():
    before = np.random.get_state()[1].copy()
    assert dci(noise(2), Y, random_state=3) == dci(noise(2), Y, random_state=3)
    assert dci(noise(2), Y, random_state=3) != dci(noise(2), Y, random_state=4)
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_a_code_that_never_varies_has_no_sides():
    figures = dci(np.zeros((len(Y), 2)), Y, random_state=0)
    assert figures[:2] == (0, 0)
    assert mutual_information_gap(np.zeros((len(Y), 2)), Y) == 0


@pytest.mark.parametrize("at", [1.0, -1e9, 5e-324])
@pytest.mark.parametrize("n_bins", [2, 20])
def test_a_code_that_varies_by_rounding_alone_tells_nothing(at, n_bins):
    collapsed = np.where(Y[:, :2] > 0, at, np.nextafter(at, 0))
    assert mutual_information_gap(collapsed, Y, n_bins=n_bins) == 0


@pytest.mark.parametrize("at", [1.0, 3.7e-5, -1e9])
def test_as_many_bins_as_numbers_have_room(at):
    for ulps in range(1, 60):
        low, high = np.sort([at, at + ulps * np.spacing(abs(at))])
        codes = np.c_[np.where(Y[:, 0] > 0, high, low), np.zeros(len(Y))]
        assert mutual_information_gap(codes, Y[:, :1]) >= 0


def test_active_units_are_those_above_the_threshold():
    spread = np.array([1.0, 0.11, 0.09, 0.0])
    codes = np.outer([1, -1] * 5, spread)  # variances: squares of these
    assert active_units(codes) == 2
    assert active_units(codes + 100) == 2
    assert active_units(codes, threshold=0.008) == 3
    assert active_units(codes[:, 3:]) == 0


@pytest.mark.parametrize("figure", [mutual_information_gap, dci])
@pytest.mark.parametrize(
    ("codes", "factors", "message"),
    [
        (Y[:, 0], Y, "codes must have two dimensions"),
        (Y, Y[:, 0], "factors must have two dimensions"),
        (Y[:, :1], Y, "codes has one column"),
        (Y[1:], Y, r"codes has 1439 rows, but factors has 1440"),
        (np.where(Y == 2, np.nan, Y), Y, "codes contains NaN"),
        (Y, np.where(Y == 2, np.nan, Y), "factors contains NaN"),
        (Y, Y + np.array([0, 0.5, 0]), "0.5 in column 1, but a factor is an integer class"),
        (Y, Y * [1, 1, 0], "factors is constant in column 2"),
        (Y[:1], Y[:1], "codes must have .* some rows"),
    ],
)
def test_arrays_that_will_not_do_are_named(figure, codes, factors, message):
    with pytest.raises(ValueError, match=message):
        figure(codes, factors)


def test_further_errors_name_what_is_wrong():
    with pytest.raises(ValueError, match="factors has one column"):
        dci(Y, Y[:, :1])
    with pytest.raises(ValueError, match="test_size"):
        dci(Y, Y, test_size=1.0)
    with pytest.raises(ValueError, match="n_estimators"):
        dci(Y, Y, n_estimators=0)
    with pytest.raises(ValueError, match="n_bins"):
        mutual_information_gap(Y, Y, n_bins=1)
    with pytest.raises(ValueError, match="threshold"):
        active_units(Y, threshold=-1)
    with pytest.raises(ValueError, match="codes contains NaN"):
        active_units([[np.nan], [0.0]])
