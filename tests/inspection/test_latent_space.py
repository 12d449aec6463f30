"""Points lie where their codes are, in the colours of their classes or numbers."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skdeepunsup.inspection import LatentSpaceDisplay


def points(display):
    return np.concatenate([scatter.get_offsets() for scatter in display.ax_.collections])


def test_points_lie_at_their_codes(digits, pca):
    X, _ = digits
    display = LatentSpaceDisplay.from_estimator(pca, X, components=(3, 1))
    np.testing.assert_array_equal(points(display), pca.transform(X)[:, [3, 1]])
    assert display.ax_.get_xlabel() == "Component 3"
    assert display.ax_.get_ylabel() == "Component 1"


def test_classes_get_a_legend(digits, pca):
    X, y = digits
    display = LatentSpaceDisplay.from_estimator(pca, X, y)
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [str(digit) for digit in range(10)]
    threes = display.ax_.collections[3].get_offsets()
    np.testing.assert_array_equal(threes, pca.transform(X)[y == 3, :2])


def test_numbers_get_a_colour_bar(digits, pca):
    X, _ = digits
    numbers = X.sum(axis=1)
    display = LatentSpaceDisplay.from_estimator(pca, X, numbers)
    assert display.ax_.get_legend() is None
    assert len(display.figure_.get_axes()) == 2
    np.testing.assert_array_equal(display.ax_.collections[0].get_array(), numbers)


def test_many_rows_are_thinned_with_their_classes(digits, pca):
    X, y = np.tile(digits[0], (20, 1)), np.tile(digits[1], 20)
    display = LatentSpaceDisplay.from_estimator(pca, X, y)
    assert len(display.codes) == len(display.y) == 5000
    Z = pca.transform(X)
    for code, digit in zip(display.codes[:50], display.y, strict=False):
        assert digit in y[np.isclose(Z, code).all(axis=1)]


def test_errors_name_what_is_wrong(digits, pca):
    X, y = digits
    with pytest.raises(ValueError, match="y has 299 entries, but X has 300 rows"):
        LatentSpaceDisplay.from_estimator(pca, X, y[1:])
    with pytest.raises(ValueError, match=r"components\[1\] == 6, .* between 0 and 5"):
        LatentSpaceDisplay.from_estimator(pca, X, components=(0, 6))
    with pytest.raises(ValueError, match=r"components == \(2, 2\), must be two different"):
        LatentSpaceDisplay.from_estimator(pca, X, components=(2, 2))
    with pytest.raises(ValueError, match="the code has 1 component, but two are drawn"):
        LatentSpaceDisplay.from_estimator(PCA(1).fit(X), X)
