"""The display behaves as those of scikit-learn, and draws what it was given."""

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from skdeepunsup import Autoencoder, ReducerComparisonDisplay
from skdeepunsup.metrics import reconstruction_error

plt = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(autouse=True)
def close_figures():
    plt.switch_backend("agg")
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X[:300] / 16, y[:300]


@pytest.fixture(scope="module")
def reducers(digits):
    X, _ = digits
    linear = [Autoencoder(k, max_iter=2, random_state=0).fit(X) for k in (8, 2)]
    return {"pca": [PCA(k).fit(X) for k in (2, 8)], "linear": linear}


def test_panels_and_attributes(digits, reducers):
    X, y = digits
    display = ReducerComparisonDisplay.from_estimators(reducers, X, y, image_shape=(8, 8))
    assert set(display.axes_) == {"error", "images", "codes"}
    assert display.ax_ is display.axes_["error"]
    assert display.ax_ in display.figure_.get_axes()
    assert len(display.axes_["images"]) == 3, "originals and two models"
    assert [ax.get_title() for ax in display.axes_["codes"]] == ["pca", "linear"]
    display.figure_.canvas.draw()  # with warnings as errors: nothing overlaps or is missing


def test_the_curve_is_of_the_errors_by_width(digits, reducers):
    X, _ = digits
    display = ReducerComparisonDisplay.from_estimators(reducers, X)
    pca, linear = display.ax_.get_lines()
    assert pca.get_label() == "pca"
    np.testing.assert_array_equal(linear.get_xdata(), [2, 8])
    eight, two = (reconstruction_error(model, X).mean() for model in reducers["linear"])
    np.testing.assert_allclose(linear.get_ydata(), [two, eight])


def test_given_errors_are_drawn(digits, reducers):
    X, _ = digits
    display = ReducerComparisonDisplay.from_estimators(
        reducers, X, reconstruction_error=[4, 3, 2, 1]
    )
    assert list(display.ax_.get_lines()[0].get_ydata()) == [4, 3]
    assert list(display.ax_.get_lines()[1].get_ydata()) == [1, 2]


def test_panels_that_the_data_do_not_allow_are_left_out(digits):
    X, _ = digits
    one = ReducerComparisonDisplay.from_estimators({"pca": PCA(1).fit(X)}, X)
    assert set(one.axes_) == {"error"}
    three = ReducerComparisonDisplay.from_estimators({"pca": PCA(3).fit(X)}, X)
    assert three.axes_["codes"][0].get_title() == "pca, first 2 of 3"


def test_given_axes_hold_the_curve_alone(digits, reducers):
    X, y = digits
    figure, ax = plt.subplots()
    display = ReducerComparisonDisplay.from_estimators(reducers, X, y, image_shape=(8, 8), ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    assert figure.get_axes() == [ax]
    assert display.plot() is display
    assert display.figure_ is not figure


def test_a_model_has_one_colour_in_all_panels(digits, reducers):
    X, y = digits
    display = ReducerComparisonDisplay.from_estimators(reducers, X, y, image_shape=(8, 8))
    lines = [line.get_color() for line in display.ax_.get_lines()]
    labels = [ax.yaxis.label.get_color() for ax in display.axes_["images"][1:]]
    assert lines == labels
    assert len(set(lines)) == 2


@pytest.mark.parametrize(
    "y",
    [
        np.linspace(0, 1, 300),
        np.array(["a", "b", "c"] * 100),
        np.arange(300) % 40,
        np.array([f"class {i % 40}" for i in range(300)]),
    ],
    ids=["numbers", "text", "many numbers", "many texts"],
)
def test_any_target_colours_the_codes(digits, y):
    X, _ = digits
    display = ReducerComparisonDisplay.from_estimators({"pca": PCA(2).fit(X)}, X, y)
    display.figure_.canvas.draw()
    points = display.axes_["codes"][0].collections
    colours = np.concatenate([scatter.get_facecolors() for scatter in points])
    assert len(np.unique(colours, axis=0)) > 1


def test_colour_images_are_drawn():
    X = np.random.default_rng(0).random((20, 48))
    display = ReducerComparisonDisplay.from_estimators(
        {"pca": PCA(2).fit(X)}, X, image_shape=(4, 4, 3)
    )
    display.figure_.canvas.draw()
    assert display.axes_["images"][0].get_images()[0].get_array().shape[2] == 3


def test_large_data_are_thinned(digits):
    X = np.tile(digits[0], (10, 1))
    display = ReducerComparisonDisplay.from_estimators({"pca": PCA(2).fit(X)}, X)
    assert len(display.codes[0]) == 1000


def test_unfitted_reducers_are_refused(digits):
    with pytest.raises(NotFittedError):
        ReducerComparisonDisplay.from_estimators({"pca": PCA(2)}, digits[0])


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    display = ReducerComparisonDisplay(names=["pca"], n_components=[2], reconstruction_error=[1.0])
    with pytest.raises(ImportError, match=r"skdeepunsup\[plot\]"):
        display.plot()
