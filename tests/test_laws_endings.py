"""Laws of a fit's epochs and its end: reported, watched, stopped, interrupted or divergent."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skdeepunsup import metrics
from tests.callbacks import Silent, StopsAfter, stops_early
from tests.laws import N, assert_same, each_kind, epochs_of_a_pass, every, few_bits, holds_rows_out

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")


@pytest.fixture
def X():
    return few_bits()


@every
def test_history_has_an_entry_an_epoch(estimator, X):
    model = clone(estimator).fit(X)
    assert {"loss", "validation_loss"} <= set(model.history_)
    assert {len(values) for values in model.history_.values()} == {model.n_iter_}
    assert np.isfinite(model.history_["loss"]).all()
    held_out = np.isfinite(model.history_["validation_loss"]).all()
    assert held_out == holds_rows_out(estimator)


@each_kind
def test_a_callback_s_error_leaves_the_model_as_it_was(estimator, X):
    class Fails(Silent):
        def on_fit_task_end(self, estimator, context):
            raise RuntimeError("no")

    model = clone(estimator).set_callbacks(Fails())
    with pytest.raises(RuntimeError, match="no"):
        model.fit(X)
    assert not model.__sklearn_is_fitted__()
    assert not hasattr(model, "_callback_fit_ctx")


@each_kind
def test_what_a_callback_keeps_stays_as_it_was(estimator, X):
    kept = []

    class Keeps(Silent):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if context.task_name == "epoch":
                kept.append((fitted_estimator, fitted_estimator.transform(X)))

    model = clone(estimator).set_callbacks(Keeps()).fit(X)
    for i, (fitted, answer) in enumerate(kept):
        assert_same([fitted.transform(X)], [answer])
        assert fitted.n_iter_ == i + 1
        assert_same([pickle.loads(pickle.dumps(fitted.set_callbacks())).transform(X)], [answer])
        going_on = epochs_of_a_pass(estimator, estimator._schedule().stages_left(i + 1))
        assert fitted.partial_fit(X).n_iter_ == i + 1 + going_on
    assert_same([kept[-1][1]], [model.transform(X)])


@stops_early
@each_kind
def test_a_callback_can_stop_the_fit(estimator, X):
    assert clone(estimator).set_callbacks(StopsAfter(2)).fit(X).n_iter_ == 2


@each_kind
def test_a_scoring_monitor_sees_the_model_learn(estimator, X):
    monitor = ScoringMonitor(
        scoring=lambda model, X, y: {"r2": metrics.reconstruction_score(model, X)}
    )
    model = clone(estimator).set_callbacks(monitor).fit(X, np.zeros(N))
    log = [row["r2"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(log) == model.n_iter_
    assert len(set(log)) == model.n_iter_
    assert log[-1] == pytest.approx(metrics.reconstruction_score(model, X), abs=1e-6)


@each_kind
def test_ctrl_c_keeps_the_last_finished_epoch(estimator, X):
    class Interrupts(Silent):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 2:
                raise KeyboardInterrupt

    model = clone(estimator).set_callbacks(Interrupts())
    with pytest.warns(ConvergenceWarning, match="interrupted"):
        model.fit(X)
    assert model.n_iter_ == 2
    assert np.isfinite(model.transform(X)).all()


@each_kind
def test_ctrl_c_stops_a_whole_search(estimator, X, monkeypatch):
    fits = []

    def interrupted(*args, keep_interrupted, **kwargs):
        fits.append(keep_interrupted)
        raise KeyboardInterrupt

    monkeypatch.setattr("skdeepunsup.base.estimator.train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(clone(estimator), {"learning_rate": [0.01, 0.02]}, cv=2).fit(X)
    with pytest.raises(KeyboardInterrupt):
        clone(estimator).fit(X)
    assert fits == [False, True]


@each_kind
def test_ctrl_c_in_the_first_epoch_is_passed_on(estimator, X):
    class Interrupts(Silent):
        def on_fit_task_begin(self, estimator, context):
            raise KeyboardInterrupt

    model = clone(estimator).set_callbacks(Interrupts())
    with pytest.raises(KeyboardInterrupt):
        model.fit(X)
    assert not model.__sklearn_is_fitted__()


@each_kind
def test_divergence_keeps_the_last_finite_epoch_and_warns(estimator, X):
    model = clone(estimator).set_params(learning_rate=1e38)
    with pytest.warns(ConvergenceWarning, match="learning_rate"):
        model.fit(X)
    assert np.isfinite(model.transform(X)).all()
    assert len(model.history_["loss"]) == model.n_iter_ < 3


@each_kind
def test_verbose_prints_a_line_an_epoch(estimator, X, capsys):
    model = clone(estimator).set_params(verbose=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert all(line.startswith(f"[{type(model).__name__}] epoch") for line in lines)
    assert "loss" in lines[0]


@each_kind
def test_ctrl_c_at_an_epoch_s_end_keeps_parameters_and_history_together(estimator, X, monkeypatch):
    """Wherever between the copy of the state and the last entry of the history it strikes."""
    import skdeepunsup.training.loop as loop

    extend, calls = loop.extend, []

    def interrupted(history, record):
        calls.append(1)
        if len(calls) == 2:
            history["loss"].append(record["loss"])  # half of it
            raise KeyboardInterrupt
        extend(history, record)

    monkeypatch.setattr(loop, "extend", interrupted)
    with pytest.warns(ConvergenceWarning, match="2 finished epochs"):
        model = clone(estimator).fit(X)
    assert model.n_iter_ == 2
    assert {len(values) for values in model.history_.values()} == {2}
