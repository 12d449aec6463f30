"""A warning names the caller's line, whatever stands between the two."""

import ast
import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from torch import nn

import skdeepunsup
from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    BoltzmannMachine,
    DeepBeliefNetwork,
    DeepBoltzmannMachine,
    DeepEmbeddedClustering,
    EncoderDecoder,
    FineTunedClassifier,
    FineTunedRegressor,
    GaussianRBM,
    GenerativeImputer,
    ImplicitVAE,
    LogMel,
    LossyCompressor,
    OutlierDetector,
    RatingAutoencoder,
    RatingRBM,
    VariationalAutoencoder,
    VariationalDeepEmbedding,
)
from skdeepunsup._caller import OURS, warn
from tests.callbacks import Silent, StopsAfter
from tests.estimators import ESTIMATORS

BITS = (np.random.default_rng(0).random((60, 6)) < 0.4).astype(np.float64)
LABELS = BITS[:, 0].astype(int)
NOISE = np.tile([-1.0, 1.0], 30)[:, None] + 0 * BITS
FIT = {"max_iter": 2, "random_state": 0}
CODER = Autoencoder(2, **FIT)


class Case(NamedTuple):
    """An estimator that warns of these rows when it is fitted."""

    file: str
    estimator: Any
    message: str
    X: np.ndarray = BITS
    y: Any = None
    category: type[Warning] = UserWarning
    by_a_pass: bool = True
    """Whether partial_fit warns as well."""


def diverging(estimator, X=BITS, y=None, **parameters):
    parameters = parameters or {"learning_rate": 1e38}
    estimator = clone(estimator).set_params(**parameters)
    return Case("training/loop.py", estimator, "stopped being finite", X, y, ConvergenceWarning)


def outside(estimator):
    return Case("energy/base/parameters.py", estimator, "models values in", 3 * BITS)


MIXED = VariationalAutoencoder(2, hidden_layer_sizes=(4,), **FIT)
HOLES = np.where(np.arange(6) == 2, np.nan, BITS)
FEW = 300 + NOISE[:5]
UNLIKE = NOISE * [1, 1, 1, 1, 1, 1000]
SPARSE_RATINGS = np.where(np.arange(60)[:, None] % 3, 0.0, 1 + BITS)

CASES = [
    *map(diverging, ESTIMATORS),
    diverging(FineTunedClassifier(CODER, **FIT), y=LABELS),
    diverging(FineTunedRegressor(CODER, **FIT), y=LABELS),
    diverging(EncoderDecoder(2, **FIT), y=BITS),
    diverging(DeepEmbeddedClustering(2, CODER, **FIT)),
    diverging(VariationalDeepEmbedding(2, MIXED, **FIT)),
    diverging(RatingRBM(2, n_iter=2, random_state=0), X=1 + BITS),
    diverging(RatingAutoencoder(2, max_iter=2, random_state=0), X=1 + BITS),
    diverging(ImplicitVAE(2, max_iter=2, random_state=0)),
    diverging(OutlierDetector(CODER), model__learning_rate=1e38),
    diverging(
        GenerativeImputer(BernoulliRBM(2, n_iter=2, random_state=0)), model__learning_rate=1e38
    ),
    diverging(LossyCompressor(CODER), estimator__learning_rate=1e38),
    outside(BernoulliRBM(2, n_iter=1)),
    outside(BoltzmannMachine(2, n_iter=1)),
    outside(DeepBeliefNetwork((3, 2), n_iter=1)),
    outside(DeepBoltzmannMachine((3, 2), n_iter=1)),
    Case(
        "energy/base/flat_code.py",
        DeepBoltzmannMachine((3, 2), n_iter=40, random_state=0),
        "code hardly varies",
        np.ones((60, 6)),
        by_a_pass=False,
    ),
    Case(
        "applications/compression/levels.py",
        LossyCompressor(CODER),
        "become the same code",
        BITS / 1e6,
    ),
    Case("_unused.py", clone(MIXED).set_params(regularizer="tc"), "set beta"),
    Case(
        "reconstruction/base/model.py",
        Autoencoder(2, encoder=nn.Linear(6, 2), max_iter=1),
        "networks train best",
        1000 * BITS,
    ),
    Case(
        "reconstruction/autoencoder.py",
        Autoencoder(2, n_sampled=3, **FIT),
        "n_sampled == 3 does nothing",
    ),
    Case(
        "_parameters.py",
        Autoencoder(2, image_shape=(1, 10, 15), hidden_layer_sizes=(3,), max_iter=1),
        "channels",
        np.repeat(BITS, 25, axis=1),
    ),
    Case(
        "_sound.py",
        LogMel(window_length=4, hop_length=2, n_mels=1),
        "16 bits",
        20_000 * BITS,
    ),
    Case(
        "applications/recommending/checks.py",
        RatingAutoencoder(2, max_iter=1),
        "taken for ratings",
        SPARSE_RATINGS,
    ),
    *(
        Case("energy/base/original.py", estimator, "give more rows at first", FEW)
        for estimator in (
            GaussianRBM(2, n_iter=1, random_state=0),
            DeepBeliefNetwork((2,), visible_units="gaussian", n_iter=1, random_state=0),
        )
    ),
    *(
        Case("base/units.py", estimator, "varies 1e\\+03 times as much", UNLIKE, y)
        for estimator, y in (
            (FineTunedClassifier(CODER, **FIT), LABELS),
            (DeepEmbeddedClustering(2, encoder=CODER, **FIT), None),
            (EncoderDecoder(2, **FIT), BITS),
            (GAN(2, **FIT), None),
        )
    ),
    Case(
        "_unused.py",
        GenerativeImputer(MIXED, n_rounds=0, n_draws=1, n_steps=1),
        "no value in",
        HOLES,
    ),
    Case(
        "applications/images/targets.py",
        EncoderDecoder(2, loss="categorical", **FIT),
        "different codes",
        y=9 * BITS,
    ),
    Case(
        "applications/fine_tuning/classifier.py",
        FineTunedClassifier(CODER, **FIT),
        "taken for two classes",
        y=np.where(LABELS, 1, -1),
    ),
]


def search(model):
    return GridSearchCV(model, {}, cv=2, scoring=lambda *_: 0.0)


def polars_frame(X):
    return pl.DataFrame(X, schema=[f"x{i}" for i in range(X.shape[1])])


WAYS = {
    "fit": lambda model, X, y: model.fit(X, y),
    "fit_transform": lambda model, X, y: model.fit_transform(X, y),
    "fit_predict": lambda model, X, y: model.fit_predict(X, y),
    "partial_fit": lambda model, X, y: model.partial_fit(X, y),
    "pipeline": lambda model, X, y: make_pipeline(model).fit(X, y),
    "before another": lambda model, X, y: make_pipeline(model, "passthrough").fit(X, y),
    "pipe of a frame": lambda model, X, y: pd.DataFrame(X).pipe(model.fit, y),
    "pipe of a polars frame": lambda model, X, y: polars_frame(X).pipe(model.fit, y),
    "search": lambda model, X, y: search(model).fit(X, y),
    "search of a pipeline": lambda model, X, y: search(make_pipeline(model)).fit(X, y),
    "cross-validation": lambda model, X, y: cross_val_score(
        model, X, y, scoring=lambda *_: 0.0, cv=2
    ),
}


def warned(case, call):
    """Where the warnings of the case were said to come from."""
    with pytest.warns(case.category, match=case.message) as caught:
        call()
    return {(w.filename, w.lineno) for w in caught if re.search(case.message, str(w.message))}


def ways_into(case):
    """The methods by which it warns, and what scikit-learn does with every estimator."""
    methods = {"fit_transform", "fit_predict", "partial_fit"}
    absent = {name for name in methods if not hasattr(case.estimator, name)}
    if not case.by_a_pass:
        absent.add("partial_fit")
    if not hasattr(case.estimator, "transform"):
        absent.add("before another")
    return WAYS.keys() - absent


@pytest.mark.parametrize(
    ("case", "way"),
    [
        pytest.param(case, way, id=f"{type(case.estimator).__name__}, {case.message}: {way}")
        for case in CASES
        for way in sorted(ways_into(case))
    ],
)
def test_a_warning_names_the_caller_s_line(case, way):
    call = WAYS[way]
    lines = warned(case, lambda: call(clone(case.estimator), case.X, case.y))
    assert lines == {(__file__, call.__code__.co_firstlineno)}


OURSELVES = {"warn": warn}
exec(
    compile("def ours_warns():\n    warn('models values in')", f"{OURS}here.py", "exec"), OURSELVES
)
ours_warns = OURSELVES["ours_warns"]
"""Stands in a file of the package, as far as Python knows."""


class Interrupts(Silent):
    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch" and context.task_id == 1:
            raise KeyboardInterrupt


class Wrapped(BernoulliRBM):
    """The user's own class."""

    def fit(self, X, y=None):
        return super().fit(X)


@pytest.mark.parametrize("way", ["fit", "fit_transform"])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_an_end_before_time_names_the_caller_s_line(estimator, way):
    endings = {"was interrupted": Interrupts()}
    if len(estimator._schedule().stages) > 1:
        endings["A callback stopped"] = StopsAfter(1)
    for message, callback in endings.items():
        case = Case("training/loop.py", estimator, message, category=ConvergenceWarning)
        model = clone(estimator).set_callbacks(callback)
        assert warned(case, lambda model=model: WAYS[way](model, BITS, None)) == {
            (__file__, WAYS[way].__code__.co_firstlineno)
        }


def test_each_file_that_warns_has_a_case():
    package = Path(skdeepunsup.__file__).parent
    sources = {str(p.relative_to(package)): p.read_text() for p in package.rglob("*.py")}
    warn_ = {name for name, text in sources.items() if re.search(r"\bwarn\(", text)}
    # Of a disk that fills up, tests/base/test_checkpoint.py tells the line.
    assert {case.file for case in CASES} == warn_ - {"_caller.py", "base/journal.py"}


def test_warnings_are_given_in_one_place():
    package = Path(skdeepunsup.__file__).parent
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and path.name != "_caller.py":
                name = ast.unparse(node.func)
                assert name not in {"warnings.warn", "warnings.warn_explicit"}, path
                assert "stacklevel" not in {keyword.arg for keyword in node.keywords}, path


def test_a_class_of_the_user_s_is_the_user_s_code():
    case = outside(Wrapped(2, n_iter=1))
    lines = warned(case, lambda: Wrapped(2, n_iter=1).fit(case.X))
    assert lines == {(__file__, Wrapped.fit.__code__.co_firstlineno + 1)}


def test_by_default_each_line_warns_once():
    """As long as nobody changes the filters in between: Python forgets then."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            ours_warns()
        ours_warns()
    here = test_by_default_each_line_warns_once.__code__.co_firstlineno
    assert [(w.filename, w.lineno) for w in caught] == [(__file__, here + n) for n in (5, 6)]


def test_filters_know_the_user_s_module():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=re.escape(__name__))
        BernoulliRBM(2, n_iter=1).fit(3 * BITS)


def test_a_thread_of_the_user_s_has_a_line():
    case = outside(BernoulliRBM(2, n_iter=1))
    fit = lambda: clone(case.estimator).fit(case.X)  # noqa: E731
    with ThreadPoolExecutor(1) as pool:
        lines = warned(case, lambda: pool.submit(fit).result())
    assert lines == {(__file__, fit.__code__.co_firstlineno)}


def test_where_no_line_is_the_user_s_the_entrance_to_the_package_is_named():
    """In a worker, and on the command line."""
    command = compile("\n\nours_warns()", f"{OURS}__main__.py", "exec")
    case = outside(BernoulliRBM(2, n_iter=1))
    with ThreadPoolExecutor(1) as pool:
        worker = warned(case, lambda: pool.submit(case.estimator.fit, case.X).result())
        line = warned(case, lambda: pool.submit(exec, command, {"ours_warns": ours_warns}).result())
    assert all(filename.startswith(OURS) for filename, _ in worker)
    assert line == {(f"{OURS}__main__.py", 3)}
