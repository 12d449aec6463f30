"""A plane of the code is decoded, on quantiles of the data's codes or of the prior."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.decomposition import PCA

from skdeepunsup import GAN
from skdeepunsup.inspection import LatentGridDisplay


def test_images_are_decoded_places(digits, pca):
    X, _ = digits
    display = LatentGridDisplay.from_estimator(
        pca, X, components=(3, 1), n_steps=4, image_shape=(8, 8)
    )
    assert display.images.shape == (4, 4, 64)
    Z = pca.transform(X)
    for i in range(4):
        for j in range(4):
            z = np.median(Z, axis=0)
            z[3], z[1] = display.values[0][j], display.values[1][i]
            np.testing.assert_allclose(
                display.images[i, j], pca.inverse_transform(z[None])[0], atol=1e-12
            )


def test_places_are_quantiles_of_the_codes(digits, pca):
    X, _ = digits
    display = LatentGridDisplay.from_estimator(pca, X, n_steps=3, image_shape=(8, 8))
    expected = np.percentile(pca.transform(X)[:, :2], (5, 50, 95), axis=0).T
    np.testing.assert_allclose(display.values, expected)


def test_without_rows_they_are_quantiles_of_the_standard_normal(pca):
    display = LatentGridDisplay.from_estimator(pca, n_steps=3, image_shape=(8, 8))
    np.testing.assert_allclose(display.values, [norm.ppf((0.05, 0.5, 0.95))] * 2, atol=1e-12)
    np.testing.assert_allclose(display.images[1, 1], pca.mean_, atol=1e-12)


def test_a_model_of_classes_is_told_which_one_to_draw(digits):
    X, y = digits
    model = GAN(2, conditional=True, max_iter=1, encoder_max_iter=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="rows of the class"):
        LatentGridDisplay.from_estimator(model, image_shape=(8, 8))
    LatentGridDisplay.from_estimator(model, X[y == 3], n_steps=2, image_shape=(8, 8))


def test_values_grow_to_the_right_and_upwards():
    values = [[0, 1], [10, 20]]
    images = np.array([[[0.0], [0.2]], [[0.6], [1.0]]])
    display = LatentGridDisplay(images=images, values=values, components=(0, 1), image_shape=(1, 1))
    display.plot()
    drawn = np.asarray(display.ax_.get_images()[0].get_array())[::2, ::2, 0]
    np.testing.assert_allclose(drawn, [[0.6, 1.0], [0.0, 0.2]])
    low, high = display.ax_.get_yticks()
    assert low > high, "rows of an image are counted downwards"
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["10", "20"]
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["0", "1"]


def test_errors_name_what_is_wrong(digits, pca):
    X, _ = digits
    with pytest.raises(ValueError, match=r"components\[1\] == 6"):
        LatentGridDisplay.from_estimator(pca, X, components=(0, 6), image_shape=(8, 8))
    with pytest.raises(ValueError, match="must be two different"):
        LatentGridDisplay.from_estimator(pca, X, components=(0, 1, 2), image_shape=(8, 8))
    with pytest.raises(ValueError, match="the code has 1 component"):
        LatentGridDisplay.from_estimator(PCA(1).fit(X), X, image_shape=(8, 8))
    with pytest.raises(ValueError, match="n_steps == 1"):
        LatentGridDisplay.from_estimator(pca, X, n_steps=1, image_shape=(8, 8))
    with pytest.raises(ValueError, match="image_shape is None"):
        LatentGridDisplay.from_estimator(pca, X)
