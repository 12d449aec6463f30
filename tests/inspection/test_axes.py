"""What all displays promise of matplotlib: late, on the axes given, in a figure that holds all."""

import sys
from itertools import pairwise

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError

from skdeepunsup.inspection import (
    ComponentsDisplay,
    LatentGridDisplay,
    LatentSpaceDisplay,
    LatentTraversalDisplay,
    ReconstructionDisplay,
    ReducerComparisonDisplay,
    TrainingCurveDisplay,
)
from skdeepunsup.inspection._axes import subdivide, tick_label

plt = pytest.importorskip("matplotlib.pyplot")

X = np.random.default_rng(0).random((12, 6))
SQUARES = np.random.default_rng(1).random((16, 64))
IMAGES = np.random.default_rng(2).random((8, 8, 64))
VALUES = np.linspace(-20, 1, 64).reshape(8, 8)

DISPLAYS = [
    ComponentsDisplay(components=X[:1], image_shape=(2, 3)),
    ComponentsDisplay(components=SQUARES, image_shape=(8, 8)),
    LatentGridDisplay(images=IMAGES, values=VALUES[:2], components=(0, 1), image_shape=(8, 8)),
    LatentSpaceDisplay(codes=X, y=["a", "b"] * 6),
    LatentSpaceDisplay(codes=X, y=np.linspace(0, 1, 12)),
    LatentTraversalDisplay(images=IMAGES, values=VALUES, components=range(8), image_shape=(8, 8)),
    ReconstructionDisplay(originals=X, reconstructions=X, image_shape=(2, 3), inputs=X),
    ReconstructionDisplay(originals=X, reconstructions=X),
    ReconstructionDisplay(originals=X[:1], reconstructions=X[:1], image_shape=(2, 3)),
    ReconstructionDisplay(originals=SQUARES[:2], reconstructions=SQUARES[:2], image_shape=(8, 8)),
    TrainingCurveDisplay(history={"loss": [3.0, 2.0]}, names=["loss"]),
]
every_display = pytest.mark.parametrize("display", DISPLAYS, ids=lambda d: type(d).__name__)


@every_display
def test_plot_opens_a_figure_and_returns_the_display(display):
    assert display.plot() is display
    first = display.figure_
    assert display.ax_ in first.get_axes()
    assert display.plot().figure_ is not first


@every_display
def test_given_axes_are_drawn_on(display):
    figure, axes = plt.subplots(1, 2)
    display.plot(ax=axes[1])
    figure.canvas.draw()
    assert display.ax_ is axes[1]
    assert display.figure_ is figure
    assert not axes[0].has_data()
    assert len(plt.get_fignums()) == 1
    for panel in getattr(display, "axes_", [display.ax_]):
        assert panel.has_data()
        assert panel.get_position().x0 > axes[0].get_position().x1


@every_display
def test_nothing_is_cut_off(display):
    figure = display.plot().figure_
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    box = figure.get_tightbbox(renderer)  # in inches, of all that is drawn
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0) >= -0.02
    assert box.x1 <= width + 0.02
    assert box.y1 <= height + 0.02


@every_display
def test_labels_do_not_overlap(display):
    figure = display.plot().figure_
    figure.canvas.draw()
    for axis in (display.ax_.xaxis, display.ax_.yaxis):
        boxes = [label.get_window_extent() for label in axis.get_ticklabels() if label.get_text()]
        assert not any(a.overlaps(b) for a, b in pairwise(boxes))


@pytest.mark.parametrize(
    "display",
    [
        *DISPLAYS,
        ReducerComparisonDisplay(names=["pca"], n_components=[2], reconstruction_error=[1.0]),
    ],
    ids=lambda d: type(d).__name__,
)
def test_without_matplotlib_the_extra_is_named(display, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=rf"{type(display).__name__}.*skdeepunsup\[plot\]"):
        display.plot()


@pytest.mark.parametrize(
    ("display", "arguments"),
    [
        (ComponentsDisplay, ()),
        (LatentGridDisplay, (X,)),
        (LatentSpaceDisplay, (X,)),
        (LatentTraversalDisplay, (X,)),
        (ReconstructionDisplay, (X,)),
        (TrainingCurveDisplay, ()),
    ],
)
def test_unfitted_estimators_are_refused(display, arguments):
    with pytest.raises(NotFittedError):
        display.from_estimator(PCA(2), *arguments)


def test_axes_without_a_place_in_a_grid_cannot_be_divided():
    ax = plt.figure().add_axes((0, 0, 1, 1))
    with pytest.raises(ValueError, match="ax was not made by subplots"):
        subdivide(ax, 2, 2)


def test_numbers_are_short():
    assert tick_label(-1e-16) == "0"
    assert tick_label(-16.923) == "\N{MINUS SIGN}16.9"
    assert tick_label(np.float32(0.5)) == "0.5"
