"""What every model obeys, stated once and run for all.

A law is a function under `each_kind`, which runs it for one instance of each kind, or `every`, for
all their settings too. A new model joins by its line in its trade's `estimators.py`. Laws that hold
for applications as well are in test_laws_everywhere.py.
"""

import pickle
import random
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler
from sklearn.utils import get_tags

from skdeepunsup import GAN, BiGAN, BoltzmannMachine, GaussianRBM, metrics
from tests.callbacks import Silent, StopsAfter, stops_early
from tests.estimators import ESTIMATORS, LIMITED, VARIANTS, with_width

every = pytest.mark.parametrize("estimator", [*ESTIMATORS, *VARIANTS, *LIMITED], ids=repr)
each_kind = pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
# Of laws that take many fits or answers, every setting is for the night.
every_at_night = pytest.mark.parametrize(
    "estimator",
    [
        *ESTIMATORS,
        *(
            pytest.param(estimator, marks=pytest.mark.nightly("the kind obeys it in `make test`"))
            for estimator in (*VARIANTS, *LIMITED)
        ),
    ],
    ids=repr,
)

# Scores are compared with each other, not with the truth.
pytestmark = pytest.mark.usefixtures("hasty_log_partition")

N, D = 50, 6


@pytest.fixture
def X():
    return (np.random.default_rng(0).random((N, D)) < 0.4).astype(np.float64)


def holds_rows_out(estimator):
    return getattr(estimator, "early_stopping", True) and estimator.validation_fraction > 0


def epochs_of_a_pass(estimator, stages_left=None):
    """What ``partial_fit`` adds to the history: an entry for each stage of the fit."""
    return estimator._schedule().one_pass(stages_left).n_epochs


def outputs(model, X):
    return model.transform(X), model.reconstruct(X), model.score_samples(X)


def assert_same(a, b, **tolerance):
    for left, right in zip(a, b, strict=True):
        np.testing.assert_allclose(left, right, **({"rtol": 0, "atol": 0} | tolerance))


@every
def test_shapes_there_and_back(estimator, X):
    model = clone(estimator).fit(X)
    Z = model.transform(X)
    assert Z.shape == (N, 4)
    assert model.inverse_transform(Z).shape == (N, D)
    assert model.score_samples(X).shape == (N,)
    assert_same([model.reconstruct(X)], [model.inverse_transform(Z)], atol=1e-6)


@every_at_night
def test_float32_in_float32_out_and_all_else_float64(estimator, X):
    for dtype, out in [("f4", "f4"), ("f8", "f8"), ("i4", "f8"), ("?", "f8"), ("u1", "f8")]:
        model = clone(estimator).fit(X.astype(dtype))
        for answer in outputs(model, X.astype(dtype)):
            assert answer.dtype == np.dtype(out)


@every_at_night
def test_answers_repeat_whoever_else_is_in_the_batch(estimator, X):
    model = clone(estimator).fit(X)
    assert_same(outputs(model, X), outputs(model, X))
    alone = [np.concatenate(parts) for parts in zip(*(outputs(model, x[None]) for x in X))]  # noqa: B905
    assert_same(outputs(model, X), alone, rtol=1e-5, atol=1e-6)


@every
def test_fit_transform_is_fit_then_transform(estimator, X):
    assert_same([clone(estimator).fit_transform(X)], [clone(estimator).fit(X).transform(X)])


@every_at_night
def test_a_seed_repeats_and_another_differs(estimator, X):
    first, again = (clone(estimator).fit(X) for _ in range(2))
    other = clone(estimator).set_params(random_state=1).fit(X)
    assert_same(outputs(first, X), outputs(again, X))
    assert np.abs(first.transform(X) - other.transform(X)).max() > 1e-6


@each_kind
def test_random_state_may_be_an_instance_or_nothing(estimator, X):
    seeded = clone(estimator).set_params(random_state=np.random.RandomState(3)).fit(X)
    again = clone(estimator).set_params(random_state=np.random.RandomState(3)).fit(X)
    assert_same(outputs(seeded, X), outputs(again, X))
    free = clone(estimator).set_params(random_state=None)
    assert np.abs(free.fit(X).transform(X) - clone(free).fit(X).transform(X)).max() > 1e-6


@each_kind
def test_fits_in_threads_equal_fits_alone(estimator, X):
    seeds = range(12)
    fits = [clone(estimator).set_params(random_state=s) for s in seeds]
    alone = [clone(f).fit(X).transform(X) for f in fits]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda f: f.fit(X).transform(X), fits))
    assert_same(alone, together)


@every_at_night
def test_no_global_state_is_touched(estimator, X):
    numpy_before, torch_before = pickle.dumps(np.random.get_state()), torch.get_rng_state()
    python_before, threads = random.getstate(), torch.get_num_threads()
    model = clone(estimator).fit(X).partial_fit(X)
    outputs(model, X)
    assert pickle.dumps(np.random.get_state()) == numpy_before
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert random.getstate() == python_before
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() == torch.float32


@every_at_night
def test_every_kind_of_input_gives_the_same(estimator, X, tmp_path):
    expected = outputs(clone(estimator).fit(X), X)
    np.save(tmp_path / "X.npy", X)
    kinds = {
        "csr": sp.csr_array(X),
        "csr_matrix": sp.csr_matrix(X),
        "csc": sp.csc_array(X),
        "memmap": np.load(tmp_path / "X.npy", mmap_mode="r"),
        "fortran": np.asfortranarray(X),
        "tensor": torch.tensor(X),
        "list": X.tolist(),
        "integers": X.astype(np.int8),
    }
    for kind, other in kinds.items():
        answers = outputs(clone(estimator).fit(other), other)
        assert_same(expected, answers, rtol=1e-6, atol=1e-6, err_msg=kind)


@each_kind
def test_the_caller_s_array_is_left_alone(estimator, X):
    X.flags.writeable = False
    before = X.copy()
    outputs(clone(estimator).fit(X), X)
    np.testing.assert_array_equal(X, before)


@each_kind
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_name_features_and_come_back(estimator, X, frame):
    names = list("abcdef")
    table = frame(dict(zip(names, X.T, strict=True)))
    library = "pandas" if frame is pd.DataFrame else "polars"
    model = clone(estimator).set_output(transform=library).fit(table)
    assert list(model.feature_names_in_) == names
    codes = model.transform(table)
    assert isinstance(codes, frame)
    prefix = type(estimator).__name__.lower()
    assert list(codes.columns) == [f"{prefix}{i}" for i in range(4)]
    with pytest.raises(ValueError, match="feature names"):
        model.transform(frame(dict(zip("ghijkl", X.T, strict=True))))


@every
def test_history_has_an_entry_an_epoch(estimator, X):
    model = clone(estimator).fit(X)
    assert {"loss", "validation_loss"} <= set(model.history_)
    assert {len(values) for values in model.history_.values()} == {model.n_iter_}
    assert np.isfinite(model.history_["loss"]).all()
    held_out = np.isfinite(model.history_["validation_loss"]).all()
    assert held_out == holds_rows_out(estimator)


@every
def test_score_is_the_mean_of_the_scores(estimator, X):
    model = clone(estimator).fit(X)
    score = model.score(X)
    assert type(score) is float
    assert score == pytest.approx(model.score_samples(X).mean(), rel=1e-6)


@every_at_night
@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_rows_are_enough_or_refused_clearly(estimator, X, n):
    too_few = n == 1 or "quality" in estimator.get_params()  # which is that of many rows
    if too_few and holds_rows_out(estimator):
        with pytest.raises(ValueError, match="validation_fraction"):
            clone(estimator).fit(X[:n])
    else:
        model = clone(estimator).fit(X[:n])
        assert all(np.isfinite(a).all() for a in outputs(model, X))


@each_kind
@pytest.mark.parametrize("batch_size", [1, 7, 49, 50, 1000])
def test_any_batch_size_trains(estimator, X, batch_size):
    model = clone(estimator).set_params(batch_size=batch_size).fit(X)
    assert np.isfinite(model.transform(X)).all()


@each_kind
def test_constant_columns_are_finite(estimator, X):
    X[:, 0], X[:, 1] = 0, 1
    assert all(np.isfinite(a).all() for a in outputs(clone(estimator).fit(X), X))


@each_kind
def test_partial_fit_goes_on(estimator, X):
    model = clone(estimator)
    assert model.partial_fit(X) is model
    first = model.transform(X)
    assert model.n_iter_ == epochs_of_a_pass(estimator)
    model.partial_fit(X[:20])
    assert model.n_iter_ == sum(epochs_of_a_pass(estimator, left) for left in (None, 0))
    assert np.abs(model.transform(X) - first).max() > 0
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(X[:, :3])


@each_kind
def test_one_epoch_of_fit_is_one_partial_fit(estimator, X):
    epochs = {"n_iter", "max_iter"} & set(estimator.get_params())
    once = clone(estimator).set_params(**{epochs.pop(): 1})
    assert_same(outputs(clone(once).fit(X), X), outputs(clone(once).partial_fit(X), X))


@each_kind
def test_numpy_s_integers_are_integers(estimator, X):
    """As grids over a power of two give them."""
    whole = {k: v for k, v in estimator.get_params().items() if type(v) is int}
    model = clone(estimator).set_params(batch_size=16)
    same = clone(model).set_params(**{k: np.int64(v) for k, v in whole.items()})
    same.set_params(batch_size=np.int64(16))
    assert_same(outputs(model.fit(X), X), outputs(same.fit(X), X))


BAD_INPUT = {
    "text": (lambda X: X.astype(str).astype(object) + "x", "could not convert|numeric"),
    "NaN": (lambda X: np.where(X[0, 0] == X, np.nan, X), "NaN"),
    "infinity": (lambda X: X + np.inf, "infinity"),
    "complex": (lambda X: X + 1j, "Complex"),
    "empty": (lambda X: X[:0], "0 sample"),
    "no features": (lambda X: X[:, :0], "0 feature"),
    "one dimension": (lambda X: X[0], "2D array"),
    "three dimensions": (lambda X: X[None], "dim"),
}


@each_kind
@pytest.mark.parametrize("kind", BAD_INPUT)
def test_bad_input_is_refused_and_nothing_is_half_fitted(estimator, X, kind):
    spoil, message = BAD_INPUT[kind]
    if kind == "NaN" and get_tags(estimator).input_tags.allow_nan:
        pytest.skip("missing entries are part of the model")
    model = clone(estimator)
    for method in (model.fit, model.partial_fit):
        with pytest.raises((ValueError, TypeError), match=message):
            method(spoil(X))
    with pytest.raises(NotFittedError):
        model.transform(X)

    model.fit(X)
    before, attributes = outputs(model, X), set(vars(model))
    for method in (model.fit, model.partial_fit, model.transform, model.score_samples):
        with pytest.raises((ValueError, TypeError), match=message):
            method(spoil(X))
    assert_same(outputs(model, X), before)
    assert set(vars(model)) == attributes


@each_kind
def test_wrong_width_is_named(estimator, X):
    model = clone(estimator).fit(X)
    with pytest.raises(ValueError, match="X has 5 features"):
        model.transform(X[:, :5])
    with pytest.raises(ValueError, match=r"X has 3 columns.*4"):
        model.inverse_transform(X[:, :3])


BAD_PARAMETERS = {
    "n_components": [0, -1, 2.5, "four"],
    "learning_rate": [0, -1.0, "fast", True],
    "batch_size": [0, 1.5],
    "device": ["abacus", 7.5, "meta"],
    "precision": ["float16", 32],
    "n_iter": [0, 2.5],
    "max_iter": [0],
    "cd_steps": [0],
    "n_chains": [0],
    "momentum": [-0.1, 1.0],
    "weight_decay": [-1.0],
    "sparsity_target": [0.0, 1.0],
    "sparsity_cost": [-1.0],
    "learning_rate_schedule": ["cosine"],
    "validation_fraction": [-0.1, 1.0],
    "hidden_layer_sizes": [(0,), ("a",), "ab", None, (2.5,)],
    "activation": ["step", None],
    "loss": ["absolute"],
    "output": ["tanh", None],
    "conditional": ["no"],
    "gradient_penalty": ["l2"],
    "penalty_weight": [-1.0, "strong"],
    "penalty_interval": [0],
    "spectral_norm": [1],
    "n_critic": [0],
    "averaging": [-0.1, 1.0],
    "discriminator_learning_rate": [0, "fast"],
    "encoder_max_iter": [0],
    "quality": ["inception", None],
    "quality_interval": [0],
    "encoder": ["resnet"],
    "n_iter_no_change": [0],
    "tol": [-1.0],
    "early_stopping": ["no"],
    "warm_start": [1],
    "tied_weights": [None, 2],
    "dropout": [-0.1, 1.0],
    "image_shape": [(2,), (2, 4), "square", (0, 6)],
    "missing": ["fill"],
    "sparsity": ["l2"],
    "corruption": ["pepper", None],
    "corruption_level": [-0.1],
    "contraction": [-1.0],
    "likelihood": ["poisson"],
    "noise_scale": [0.0, "mine"],
    "beta": [-1.0],
    "kl_warmup": [-1, 0.5],
    "free_bits": [-0.1],
    "regularizer": ["l2"],
    "n_importance_samples": [0],
    "centered": ["no"],
    "persistent": [0],
    "resample": [3],
}


@each_kind
def test_bad_parameters_are_named_and_leave_the_model_unfitted(estimator, X):
    tested = 0
    for name in BAD_PARAMETERS.keys() & estimator.get_params().keys():
        for value in BAD_PARAMETERS[name]:
            if (name, value) == ("n_components", 0) and isinstance(estimator, BoltzmannMachine):
                continue  # which is fully visible then
            if value is None and getattr(type(estimator)(), name) is None:
                continue  # which lets the model decide
            model = clone(estimator).set_params(**{name: value})
            with pytest.raises((ValueError, TypeError), match=name):
                model.fit(X)
            with pytest.raises(NotFittedError):
                model.transform(X)
            tested += 1
    assert tested > 10


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
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_error_while_going_on_changes_nothing(estimator, X, method, monkeypatch):
    """Neither the answers nor what a later call goes on from, whatever had been trained by then."""
    model = clone(estimator).fit(X)
    if method == "fit" and "warm_start" not in model.get_params():
        pytest.skip("has no warm start")
    model.set_params(**{"warm_start": True} if method == "fit" else {})
    untouched = clone_fitted(model)
    before = outputs(model, X)

    def fails(self, *args, **kwargs):
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(type(model), "_finish", fails)
        with pytest.raises(MemoryError):
            getattr(model, method)(X)
    assert_same(outputs(model, X), before)
    assert len(model.history_["loss"]) == model.n_iter_ == untouched.n_iter_
    assert_same(outputs(model.partial_fit(X), X), outputs(untouched.partial_fit(X), X))


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


@each_kind
@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_a_caller_without_gradients_can_fit(estimator, X, context):
    with context():
        answers = outputs(clone(estimator).fit(X), X)
    assert_same(answers, outputs(clone(estimator).fit(X), X))


@each_kind
def test_numbers_beyond_the_precision_are_in_other_units_or_refused(estimator, X):
    X[3, 2] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            model = clone(estimator).fit(X)
        except ValueError as error:
            assert "MaxAbsScaler" in str(error)
        else:
            assert model.module_.scaling.scale.isfinite().all()
            assert np.isfinite(model.transform(X)).all()


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
def test_a_progress_bar_nests_under_a_grid_search(estimator, X, capsys):
    search = GridSearchCV(clone(estimator), {"learning_rate": [0.01, 0.02]}, cv=2)
    search.set_callbacks(ProgressBar()).fit(X)
    assert type(estimator).__name__ in capsys.readouterr().out


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
def test_it_stands_where_pca_stood(estimator):
    X = np.random.default_rng(0).normal(size=(60, D))
    y = (X[:, 0] > 0).astype(int)
    scaler = MinMaxScaler()
    if get_tags(estimator).input_tags.categorical:
        scaler = KBinsDiscretizer(3, encode="ordinal", quantile_method="averaged_inverted_cdf")
    pipeline = make_pipeline(scaler, clone(estimator), LogisticRegression())
    assert 0 <= pipeline.fit(X, y).score(X, y) <= 1
    prefix = type(estimator).__name__.lower()
    widths = [with_width(estimator, width) for width in (2, 3)]
    grid = {f"{prefix}__{name}": [w[name] for w in widths] for name in widths[0]}
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    assert search.best_estimator_[:-1].transform(X).shape[1] in (2, 3)


@each_kind
def test_reconstruction_score_selects_ours_and_pca_alike(estimator, X):
    for model in (clone(estimator), PCA()):
        widths = [with_width(model, width) for width in (2, 3)]
        grid = {name: [w[name] for w in widths] for name in widths[0]}
        search = GridSearchCV(model, grid, scoring=metrics.reconstruction_score, cv=2).fit(X)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@each_kind
@pytest.mark.slow  # workers start, which import all anew
def test_big_inputs_are_memory_mapped_by_workers_without_harm(estimator):
    X = (np.random.default_rng(0).random((100, 40)) < 0.5).astype(np.float64)
    models = [clone(estimator).set_params(random_state=s) for s in range(2)]
    there = joblib.Parallel(n_jobs=2, max_nbytes=1000)(
        joblib.delayed(lambda m, A: m.fit(A).transform(A))(m, X) for m in models
    )
    assert_same(there, [m.fit(X).transform(X) for m in models])


@each_kind
@pytest.mark.slow  # 400 epochs
@pytest.mark.parametrize(
    "precision",
    [pytest.param("float64", marks=pytest.mark.nightly("so exact are the checks")), "bfloat16"],
)
def test_precisions_agree_in_what_they_learn(estimator, precision):
    other = share_learned_in(precision, estimator)
    assert other > 0.3
    reference = share_learned_in("float32", estimator)
    assert other == pytest.approx(reference, abs=0.15)  # fits that draw take other ways


@cache
def share_learned_in(precision, estimator):
    rng = np.random.default_rng(0)
    cause = rng.random((40, 1)) < 0.5  # for the topmost layer of a deep model to find
    X = np.repeat(cause ^ (rng.random((40, 3)) < 0.1), 2, axis=1).astype(float)
    epochs = {"n_iter", "max_iter"} & set(estimator.get_params())
    rate = 0.1 if isinstance(estimator, GaussianRBM) else 0.2 if "n_iter" in epochs else 0.02
    rate = 0.005 if isinstance(estimator, GAN | BiGAN) else rate
    model = clone(estimator).set_params(**{epochs.pop(): 200}, learning_rate=rate, batch_size=10)
    if "n_iter_no_change" in model.get_params():
        model.set_params(n_iter_no_change=200)  # the loss of so few rows is noise in some
    if isinstance(model, GAN):
        model.set_params(encoder_max_iter=100)
    return share_learned(model.set_params(precision=precision).fit(X), X)


def share_learned(model, X):
    """1 for all there is to learn, 0 for the mean row."""
    if not isinstance(model, BiGAN):
        return metrics.reconstruction_score(model, X)
    # Its reconstructions share what tells rows apart, and so few of them no more than that.
    samples = model.sample(1000, random_state=0)
    return 1 - metrics.frechet_distance(X, samples) / X.var(axis=0).sum()


def clone_fitted(model):
    return pickle.loads(pickle.dumps(model))


@each_kind
@pytest.mark.gpu
def test_an_accelerator_learns_the_same(estimator, X):
    model = clone(estimator).set_params(device="auto").fit(X)
    assert next(model.module_.parameters()).device.type != "cpu"
    there = pickle.loads(pickle.dumps(clone_fitted(model).set_params(device="cpu")))
    assert next(there.module_.parameters()).device.type == "cpu"
    assert_same(outputs(model, X), outputs(there, X), rtol=1e-3, atol=1e-4)


@each_kind
def test_going_on_hears_of_parameters_set_anew(estimator, X):
    model = clone(estimator).partial_fit(X)
    before = model.transform(X)
    model.set_params(learning_rate=1e-30).partial_fit(X)
    np.testing.assert_allclose(model.transform(X), before, rtol=1e-6)


@each_kind
def test_going_on_takes_another_precision(estimator, X):
    model = clone(estimator).fit(X).set_params(precision="float64").partial_fit(X)
    assert next(model.module_.parameters()).dtype == torch.float64
    assert np.isfinite(model.transform(X)).all()


@each_kind
def test_going_on_refuses_another_architecture(estimator, X):
    model = clone(estimator).partial_fit(X).set_params(**with_width(estimator, 7))
    with pytest.raises(ValueError, match=r"== .*7.* had .*4"):
        model.partial_fit(X)
    assert model.transform(X).shape == (N, 4)


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


@each_kind
def test_torch_s_defaults_do_not_matter(estimator, X):
    expected = outputs(clone(estimator).fit(X), X)
    torch.set_default_dtype(torch.float64)
    try:
        assert_same(outputs(clone(estimator).fit(X), X), expected)
    finally:
        torch.set_default_dtype(torch.float32)
