"""Rows become images: pixel by pixel, on one scale, what is missing in a colour of its own."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from skdeepunsup.inspection._images import (
    MISSING,
    draw_tiles,
    drawable_shape,
    estimator_image_shape,
    paint,
    paint_signed,
    required_image_shape,
    tile,
)

plt = pytest.importorskip("matplotlib.pyplot")
to_rgb = pytest.importorskip("matplotlib.colors").to_rgb


def test_grey_runs_from_low_to_high():
    (image,) = paint([[-1.0, 0.0, 1.0, 3.0]], (2, 2), 0, 2)
    np.testing.assert_allclose(image[..., 0], [[0, 0], [0.5, 1]])
    np.testing.assert_array_equal(image[..., 0], image[..., 2])


def test_channels_are_red_green_and_blue():
    rows = np.random.default_rng(0).random((2, 2 * 4 * 3))
    np.testing.assert_allclose(paint(rows, (2, 4, 3), 0, 1), rows.reshape(2, 2, 4, 3))
    np.testing.assert_array_equal(paint(rows, (6, 4, 1), 0, 1), paint(rows, (6, 4), 0, 1))


@pytest.mark.parametrize("shape", [(2, 3), (1, 2, 3)])
def test_missing_pixels_have_a_colour_that_no_grey_image_has(shape):
    row = np.linspace(0, 1, 6)
    row[4] = np.nan
    (image,) = paint([row], shape, 0, 1)
    missing = (image == to_rgb(MISSING)).all(axis=-1)
    assert missing.sum() == 1
    assert missing[1, 1] if shape == (2, 3) else missing[0, 1]
    assert len(set(to_rgb(MISSING))) > 1


def test_constant_images_are_drawn():
    np.testing.assert_array_equal(paint(np.full((1, 4), 5.0), (2, 2), 5, 5), np.zeros((1, 2, 2, 3)))


def test_weights_are_scaled_by_their_own_largest():
    strong, faint, none = paint_signed([[4, -4, 0, 2], [0.4, -0.4, 0, 0.2], [0, 0, 0, 0]], (2, 2))
    np.testing.assert_array_equal(strong, faint)
    red, blue = strong[0]
    assert red[0] > red[2]
    assert blue[2] > blue[0]
    white = none[0, 0]
    assert (none == white).all()
    assert white.min() > 0.9
    np.testing.assert_array_equal(strong[1, 0], white)


def test_weights_with_channels_have_grey_for_0():
    (image,) = paint_signed([[2.0, 0.0, -2.0]], (1, 1, 3))
    np.testing.assert_allclose(image[0, 0], [1, 0.5, 0])


def test_tiles_stand_row_by_row_with_white_between():
    images = np.zeros((3, 2, 4, 3)) + np.array([0.1, 0.2, 0.3])[:, None, None, None]
    whole = tile(images, 2)
    assert whole.shape == (5, 9, 3)
    np.testing.assert_array_equal(whole[:2, :4], images[0])
    np.testing.assert_array_equal(whole[:2, 5:], images[1])
    np.testing.assert_array_equal(whole[3:, :4], images[2])
    assert (whole[2] == 1).all()
    assert (whole[3:, 4:] == 1).all()


def test_labels_stand_at_the_middle_of_tiles():
    images = np.zeros((6, 5, 3, 3))
    rows, columns = draw_tiles(plt.figure().subplots(), images, 3)
    np.testing.assert_array_equal(rows, [2, 8])
    np.testing.assert_array_equal(columns, [1, 5, 9])


@pytest.mark.parametrize(
    ("shape", "complaint"),
    [
        ((8, 9), r"image_shape == \(8, 9\) .*72.* 64 "),
        ((64,), r"image_shape == \(64,\)"),
        ((4, 8, 2), "2 channels"),
        ("8x8", "image_shape == '8x8'"),
        ((-8, -8), "image_shape"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(shape, complaint):
    with pytest.raises((ValueError, TypeError), match=complaint):
        drawable_shape(shape, 64)


def test_the_shape_given_goes_before_the_estimators_own():
    estimator = PCA()
    with pytest.raises(ValueError, match="image_shape is None, and PCA has none"):
        required_image_shape(estimator, None)
    assert estimator_image_shape(estimator, None) is None
    estimator.image_shape = (4, 16)
    assert required_image_shape(estimator, None) == (4, 16)
    assert required_image_shape(estimator, (8, 8)) == (8, 8)
