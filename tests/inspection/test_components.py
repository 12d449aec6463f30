"""The components of any estimator that has them, one image each."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skdeepunsup import Autoencoder, BernoulliRBM
from skdeepunsup.inspection import ComponentsDisplay
from skdeepunsup.inspection._images import paint_signed


@pytest.mark.parametrize(
    "estimator",
    [
        PCA(5),
        BernoulliRBM(5, n_iter=1, random_state=0),
        Autoencoder(5, hidden_layer_sizes=(), max_iter=1, random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_components_are_the_estimators(digits, estimator):
    estimator.fit(digits[0])
    display = ComponentsDisplay.from_estimator(estimator, image_shape=(8, 8))
    np.testing.assert_array_equal(display.components, estimator.components_)
    drawn = np.asarray(display.ax_.get_images()[0].get_array())
    np.testing.assert_array_equal(drawn[:8, 9:17], paint_signed(display.components, (8, 8))[1])


def test_the_first_ones_are_drawn(pca):
    display = ComponentsDisplay.from_estimator(pca, n_components=2, image_shape=(8, 8))
    np.testing.assert_array_equal(display.components, pca.components_[:2])
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["0-1"]


def test_the_strongest_ones_come_first():
    model = PCA(4).fit(np.random.default_rng(0).random((10, 6)))
    model.components_ = model.components_ * np.array([[2], [4], [1], [3]])
    display = ComponentsDisplay.from_estimator(
        model, n_components=3, order="norm", image_shape=(2, 3)
    )
    np.testing.assert_array_equal(display.indices, [1, 3, 0])
    np.testing.assert_array_equal(display.components, model.components_[[1, 3, 0]])
    assert not display.ax_.get_yticklabels(), "rows of other components are not numbered"


def test_all_are_drawn_up_to_a_hundred():
    model = PCA().fit(np.random.default_rng(0).random((150, 120)))
    display = ComponentsDisplay.from_estimator(model, image_shape=(10, 12))
    assert len(display.components) == 100


def test_grey_images_have_a_colour_bar_and_those_in_colours_none():
    model = PCA(4).fit(np.random.default_rng(0).random((10, 12)))
    grey = ComponentsDisplay.from_estimator(model, image_shape=(3, 4))
    assert len(grey.figure_.get_axes()) == 2
    colours = ComponentsDisplay.from_estimator(model, image_shape=(2, 2, 3))
    assert len(colours.figure_.get_axes()) == 1


def test_errors_name_what_is_wrong(digits, pca):
    X, _ = digits
    deep = Autoencoder(2, hidden_layer_sizes=(4,), max_iter=1, random_state=0).fit(X)
    with pytest.raises(TypeError, match=r"Autoencoder has no components_; .* LatentTraversalDisp"):
        ComponentsDisplay.from_estimator(deep, image_shape=(8, 8))
    with pytest.raises(ValueError, match="n_components == 7, but the estimator has 6"):
        ComponentsDisplay.from_estimator(pca, n_components=7, image_shape=(8, 8))
    with pytest.raises(ValueError, match="order == 'size'"):
        ComponentsDisplay.from_estimator(pca, order="size", image_shape=(8, 8))
    with pytest.raises(ValueError, match=r"image_shape == \(8, 9\)"):
        ComponentsDisplay.from_estimator(pca, image_shape=(8, 9))
