"""One component is moved, the others are held, and what is drawn is what they decode to."""

import numpy as np
import pytest
from sklearn.preprocessing import FunctionTransformer

from skdeepunsup.inspection import LatentTraversalDisplay

SHAPE = (8, 8)


def test_images_are_decoded_codes_with_one_entry_moved(digits, pca):
    X, _ = digits
    display = LatentTraversalDisplay.from_estimator(
        pca, X, components=[4, 1], values=[-1, 0, 2], row=7, image_shape=SHAPE
    )
    assert display.images.shape == (2, 3, 64)
    z = pca.transform(X)[7]
    for i, component in enumerate([4, 1]):
        for j, value in enumerate([-1, 0, 2]):
            moved = z.copy()
            moved[component] = value
            np.testing.assert_allclose(
                display.images[i, j], pca.inverse_transform(moved[None])[0], atol=1e-12
            )


def test_the_own_value_gives_the_rows_reconstruction(digits, pca):
    X, _ = digits
    Z = pca.transform(X)
    display = LatentTraversalDisplay.from_estimator(
        pca, X, components=[2], values=[Z[5, 2]], row=5, image_shape=SHAPE
    )
    np.testing.assert_allclose(display.images[0, 0], pca.inverse_transform(Z)[5], atol=1e-12)


def test_the_default_goes_from_the_1st_to_the_99th_percentile(digits, pca):
    X, _ = digits
    display = LatentTraversalDisplay.from_estimator(pca, X, image_shape=SHAPE)
    Z = pca.transform(X)
    assert display.values.shape == (6, 7)
    np.testing.assert_allclose(display.values[:, 0], np.percentile(Z, 1, axis=0))
    np.testing.assert_allclose(display.values[:, -1], np.percentile(Z, 99, axis=0))
    steps = np.diff(display.values, axis=1)
    np.testing.assert_allclose(steps, steps[:, :1].repeat(6, axis=1))


def test_the_default_components_vary_most():
    scales = np.random.default_rng(0).permutation(12) + 1
    X = scales * np.random.default_rng(1).choice([-1, 1], size=(2000, 12))
    codes_are_rows = FunctionTransformer()
    display = LatentTraversalDisplay.from_estimator(codes_are_rows, X, image_shape=(3, 4))
    assert list(scales[display.components]) == [12, 11, 10, 9, 8, 7, 6, 5]


def test_labels_say_which_component_and_how_far(digits, pca):
    X, _ = digits
    display = LatentTraversalDisplay.from_estimator(
        pca, X, components=[4, 1], values=[-1, 0.5], image_shape=SHAPE
    )
    rows = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert rows == ["component 4", "component 1"]
    columns = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert columns == ["\N{MINUS SIGN}1", "0.5"]
    several = LatentTraversalDisplay.from_estimator(pca, X, components=[4, 1], image_shape=SHAPE)
    first = several.ax_.get_yticklabels()[0].get_text()
    assert first.startswith("component 4\n")
    assert " to " in first


def test_black_and_white_are_the_ends_of_the_data(digits, pca):
    X, _ = digits
    display = LatentTraversalDisplay.from_estimator(
        pca, X, components=[0], values=[-100, 100], image_shape=SHAPE
    )
    assert display.limits == (0, 1)
    drawn = np.asarray(display.ax_.get_images()[0].get_array())[:, :8, 0]
    np.testing.assert_allclose(drawn, display.images[0, 0].clip(0, 1).reshape(8, 8))


def test_errors_name_what_is_wrong(digits, pca):
    X, _ = digits

    def draw(**options):
        return LatentTraversalDisplay.from_estimator(pca, X, **{"image_shape": SHAPE} | options)

    with pytest.raises(ValueError, match=r"row == 300, .* between 0 and 299: there are 300 rows"):
        draw(row=300)
    with pytest.raises(ValueError, match="row == -1"):
        draw(row=-1)
    with pytest.raises(ValueError, match=r"components\[0\] == 6"):
        draw(components=[6])
    with pytest.raises(ValueError, match=r"components == \[\]"):
        draw(components=[])
    with pytest.raises(ValueError, match="values == "):
        draw(values=[[1, 2]])
    with pytest.raises(ValueError, match="values == "):
        draw(values=[np.nan])
    with pytest.raises(ValueError, match="image_shape is None, and PCA has none of its own"):
        draw(image_shape=None)
