"""Lines of the history against epochs, the best of which is marked."""

import numpy as np
import pytest

from skdeepunsup import Autoencoder, VariationalAutoencoder
from skdeepunsup.inspection import TrainingCurveDisplay

NAN = float("nan")


def drawn(display):
    """Curves by their labels, broken ones in one piece."""
    return {
        line.get_label(): line.get_xydata()
        for line in display.ax_.get_lines()
        if not line.get_label().startswith("_")
    }


def test_lines_are_the_history(digits):
    X, _ = digits
    model = Autoencoder(2, max_iter=4, random_state=0).fit(X)
    lines = drawn(TrainingCurveDisplay.from_estimator(model))
    np.testing.assert_array_equal(lines["loss"][:, 0], [1, 2, 3, 4])
    np.testing.assert_array_equal(lines["loss"][:, 1], model.history_["loss"])
    np.testing.assert_array_equal(lines["validation loss"][:, 1], model.history_["validation_loss"])


def test_what_was_never_measured_is_left_out(digits):
    X, _ = digits
    model = Autoencoder(2, max_iter=2, early_stopping=False, random_state=0).fit(X)
    display = TrainingCurveDisplay.from_estimator(model)
    assert list(drawn(display)) == ["loss"]
    assert display.best_epoch_ is None


def test_the_best_validation_epoch_is_marked():
    history = {"loss": [5, 4, 3, 2], "validation_loss": [NAN, 4.5, 3.5, 4.0]}
    display = TrainingCurveDisplay(history=history, names=("loss", "validation_loss")).plot()
    assert display.best_epoch_ == 3
    np.testing.assert_array_equal(drawn(display)["best epoch 3 (3.5)"], [[3, 3.5]])
    assert TrainingCurveDisplay(history=history, names=["loss"]).plot().best_epoch_ is None


def test_the_epochs_of_the_warm_up_are_not_judged(digits):
    X, _ = digits
    model = VariationalAutoencoder(
        2, kl_warmup=3, max_iter=5, early_stopping=True, learning_rate=1e-9, random_state=0
    ).fit(X)
    losses = [1.0, 2.0, 4.0, 3.0, 5.0]
    model.history_["validation_loss"] = losses
    display = TrainingCurveDisplay.from_estimator(model)
    assert display.best_epoch_ == 4
    np.testing.assert_array_equal(drawn(display)["best epoch 4 (3)"], [[4, 3]])
    model.set_params(kl_warmup=6)
    assert TrainingCurveDisplay.from_estimator(model).best_epoch_ is None
    model.set_params(kl_warmup=0)
    assert TrainingCurveDisplay.from_estimator(model).best_epoch_ == 1


def test_layers_trained_in_turn_are_not_joined():
    losses = [3, 2, 9, 8, 7]
    history = {"layer": [1, 1, 2, 2, 2], "loss": losses, "validation_loss": losses}
    display = TrainingCurveDisplay(history=history, names=("loss", "validation_loss")).plot()
    pieces = [line.get_xdata().tolist() for line in display.ax_.get_lines()]
    assert pieces == [[1, 2], [3, 4, 5]] * 2
    assert display.best_epoch_ is None
    assert list(drawn(display)) == ["loss", "validation loss"]


def test_errors_name_what_is_wrong(digits, pca):
    history = {"loss": [2.0, 1.0], "validation_loss": [NAN, NAN]}
    with pytest.raises(ValueError, match=r"names has \['kl'\], .* \['loss', 'validation_loss'\]"):
        TrainingCurveDisplay(history=history, names=("loss", "kl")).plot()
    with pytest.raises(ValueError, match="all values recorded for them are NaN"):
        TrainingCurveDisplay(history=history, names=("validation_loss",)).plot()
    with pytest.raises(TypeError, match="names == 'loss'"):
        TrainingCurveDisplay(history=history, names="loss").plot()
    with pytest.raises(TypeError, match="PCA has no history_; pass"):
        TrainingCurveDisplay.from_estimator(pca)
