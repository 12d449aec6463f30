"""Every piece of advice that a message gives is followed, on the very data that raised it.

`EXPRESSIONS` are messages that name an expression: it is read from the message and evaluated.
`ACTIONS` are messages whose advice is about parameters or other data. Afterwards nothing is raised
or warned of, and the data mean what they meant. A new message that advises joins by its line.
"""

import re
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn.compose
import sklearn.preprocessing
import torch
from scipy.sparse import csr_matrix
from sklearn.cluster import AgglomerativeClustering
from sklearn.decomposition import PCA
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
)

from skdeepunsup import (
    EASE,
    GAN,
    Autoencoder,
    BernoulliRBM,
    BoltzmannMachine,
    CategoricalRBM,
    DeepBeliefNetwork,
    DeepEmbeddedClustering,
    EncoderDecoder,
    FineTunedClassifier,
    GaussianRBM,
    GenerativeImputer,
    LogMel,
    LosslessCompressor,
    LossyCompressor,
    OutlierDetector,
    RatingAutoencoder,
    RatingRBM,
    SelfiesVectorizer,
    SparseAutoencoder,
    VariationalAutoencoder,
    compare_reducers,
    metrics,
)
from skdeepunsup.inspection import (
    ComponentsDisplay,
    LatentSpaceDisplay,
    LatentTraversalDisplay,
)

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

FIT = {"max_iter": 1, "random_state": 0}
rng = np.random.default_rng(0)
BITS = (rng.random((60, 6)) < 0.4).astype(np.float64)
NORMAL = rng.normal(size=(60, 6))
LABELS = np.arange(60) % 2
HOLES = np.where(rng.random(BITS.shape) < 0.1, np.nan, BITS)
DAYS = pd.date_range("2020-01-01", periods=60)


def complaint(call: Callable[[], Any]) -> str:
    """The error that a call raises, or what it warns of; empty if it does neither."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            call()
        except Exception as error:
            return str(error)
    return ""


def autoencoder(**parameters):
    dense = {} if "image_shape" in parameters else {"hidden_layer_sizes": ()}
    return Autoencoder(2, **dense | FIT | parameters)


def classifier():
    return FineTunedClassifier(autoencoder(), **FIT)


class Expression(NamedTuple):
    """A call that complains of data, and the expression that the complaint names."""

    call: Callable[[Any], Any]
    data: Any
    expression: str
    same: Callable[[Any, Any], bool] = lambda new, old: np.array_equal(np.ravel(new), np.ravel(old))
    name: str = "X"


def distinct_as_before(codes, old):
    """Whether the codes are 0, 1, … and two entries are equal where they were."""
    pairs = set(zip(np.ravel(codes).tolist(), np.ravel(old).tolist(), strict=True))
    kinds = len(np.unique(np.ravel(old)))
    return len(pairs) == kinds and set(np.ravel(codes)) == set(range(kinds))


def in_days(new, old):
    return list(np.ravel(new)) == list(range(len(new)))


GREYS = np.array([0, 127, 254])[rng.integers(0, 3, (60, 6))]
STEREO = rng.uniform(-1, 1, (60, 300, 2))
FILMS = rng.random((60, 3, 4, 5))
TEXT = pd.DataFrame({"a": list("xyz") * 20, "b": NORMAL[:, 0]})


def one_hot_and_number(new, old):
    codes, b = np.asarray(new[:, :3], float), np.asarray(new[:, 3], float)
    return np.array_equal(b, old["b"]) and list(codes.argmax(1)) == [0, 1, 2] * 20


EXPRESSIONS = {
    "masks": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        GREYS,
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "masks of fractions": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        GREYS / 254,
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "masks of many": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        5000 + GREYS,
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "masks of text": Expression(
        lambda y: EncoderDecoder(2, loss="categorical", **FIT).fit(BITS, y),
        np.where(BITS == 1, "ink", "paper"),
        "numpy.unique(y, return_inverse=True)[1].reshape(y.shape)",
        distinct_as_before,
        "y",
    ),
    "pixels as categories": Expression(
        lambda X: VariationalAutoencoder(2, likelihood="categorical", **FIT).fit(X),
        GREYS / 254,
        "numpy.unique(X, return_inverse=True)[1].reshape(X.shape)",
        distinct_as_before,
    ),
    "negative codes": Expression(
        lambda X: CategoricalRBM(2, n_iter=1).fit(X),
        GREYS - 127,
        "numpy.unique(X, return_inverse=True)[1].reshape(X.shape)",
        distinct_as_before,
    ),
    "stereo": Expression(
        lambda X: LogMel(window_length=64, hop_length=32, n_mels=2).fit(X),
        STEREO,
        "X.mean(2)",
        lambda new, old: np.allclose(new, (old[..., 0] + old[..., 1]) / 2),
    ),
    "stereo, channels first": Expression(
        lambda X: LogMel(window_length=64, hop_length=32, n_mels=2).fit(X),
        STEREO.transpose(0, 2, 1),
        "X.mean(1)",
        lambda new, old: np.allclose(new, (old[:, 0] + old[:, 1]) / 2),
    ),
    "images": Expression(
        lambda X: autoencoder(image_shape=(4, 5)).fit(X), FILMS[:, 0], "X.reshape(60, -1)"
    ),
    "images in colour": Expression(
        lambda X: autoencoder(image_shape=(4, 5, 3)).fit(X),
        FILMS.transpose(0, 2, 3, 1),
        "X.reshape(60, -1)",
    ),
    "images in a list": Expression(
        lambda X: autoencoder().fit(X), FILMS[:, 0].tolist(), "numpy.asarray(X).reshape(60, -1)"
    ),
    "images, channels first": Expression(
        lambda X: autoencoder(image_shape=(4, 5, 3)).fit(X),
        FILMS,
        "X.transpose(0, 2, 3, 1).reshape(60, -1)",
        lambda new, old: np.array_equal(new.reshape(60, 4, 5, 3)[..., 1], old[:, 1]),
    ),
    "images, channels first, in a tensor": Expression(
        lambda X: autoencoder(image_shape=(4, 5, 3)).fit(X),
        torch.tensor(FILMS),
        "X.permute(0, 2, 3, 1).reshape(60, -1)",
        lambda new, old: torch.equal(new.reshape(60, 4, 5, 3)[..., 1], old[:, 1]),
    ),
    "text and numbers": Expression(
        lambda X: autoencoder().fit(X),
        TEXT,
        "make_column_transformer((OneHotEncoder(sparse_output=False), ['a']), "
        "remainder='passthrough')",
        one_hot_and_number,
    ),
    "categories and numbers": Expression(
        lambda X: autoencoder().fit(X),
        TEXT.astype({"a": "category"}),
        "make_column_transformer((OneHotEncoder(sparse_output=False), ['a']), "
        "remainder='passthrough')",
        one_hot_and_number,
    ),
    "text and numbers, polars": Expression(
        lambda X: GaussianRBM(2, n_iter=1).fit(X),
        pl.DataFrame({"a": list("xyz") * 20, "b": NORMAL[:, 0]}),
        "make_column_transformer((OneHotEncoder(sparse_output=False), ['a']), "
        "remainder='passthrough')",
        one_hot_and_number,
    ),
    "text and numbers, an array": Expression(
        lambda X: autoencoder().fit(X),
        TEXT.to_numpy(dtype=object),
        "make_column_transformer((OneHotEncoder(sparse_output=False), [0]), "
        "remainder='passthrough')",
        lambda new, old: one_hot_and_number(new, {"b": old[:, 1].astype(float)}),
    ),
    "dates": Expression(
        lambda X: autoencoder().fit(pd.DataFrame(X, dtype=float) if X.ndim == 1 else X),
        pd.DataFrame({"a": DAYS}),
        "(X['a'] - X['a'].min()) / numpy.timedelta64(1, 'D')",
        in_days,
    ),
    "dates, an array": Expression(
        lambda X: autoencoder().fit(X),
        DAYS.to_numpy()[:, None],
        "(X - X.min()) / numpy.timedelta64(1, 'D')",
        in_days,
    ),
    "lengths of time": Expression(
        lambda X: autoencoder().fit(X),
        (DAYS - DAYS[0]).to_numpy()[:, None],
        "X / numpy.timedelta64(1, 'D')",
        in_days,
    ),
    "dates, polars": Expression(
        lambda X: autoencoder().fit(X if isinstance(X, pl.DataFrame) else X.to_frame()),
        pl.DataFrame({"a": DAYS.to_numpy()}),
        "(X['a'] - X['a'].min()).dt.total_seconds() / 86400",
        in_days,
    ),
    "a lazy frame": Expression(
        lambda X: autoencoder().fit(X),
        pl.LazyFrame({"a": NORMAL[:, 0], "b": NORMAL[:, 1]}),
        "X.collect()",
        lambda new, old: new["a"].to_list() == NORMAL[:, 0].tolist(),
    ),
    "columns of one name": Expression(
        lambda X: autoencoder().fit(X), pd.DataFrame(NORMAL, columns=list("aabcde")), "X.to_numpy()"
    ),
    "complex numbers": Expression(
        lambda X: autoencoder().fit(X),
        NORMAL[:, :3] + 1j * NORMAL[:, 3:],
        "numpy.hstack([X.real, X.imag])",
        lambda new, old: np.array_equal(new, NORMAL),
    ),
    "labels of two types": Expression(
        lambda y: classifier().fit(BITS, y),
        np.array(["a", 1] * 30, dtype=object),
        "[str(label) for label in y]",
        lambda new, old: new == ["a", "1"] * 30,
        "y",
    ),
    "connections of one direction": Expression(
        lambda connections: BoltzmannMachine(1, connections=connections, n_iter=1).fit(BITS),
        np.triu(np.ones((7, 7), bool), 1),
        "connections | connections.T",
        lambda new, old: np.array_equal(np.triu(new, 1), old),
        "connections",
    ),
    "ratings for interactions": Expression(
        lambda X: EASE().fit(X), 5 * BITS - 1, "X >= 4", lambda new, old: (new == (old == 4)).all()
    ),
    "gaps in interactions": Expression(
        lambda X: EASE().fit(X),
        np.where(BITS == 0, np.nan, BITS),
        "numpy.nan_to_num(X)",
        lambda new, old: np.array_equal(new, BITS),
    ),
    "gains in dB": Expression(
        lambda dB: sounding().filter(SOUNDS, dB),
        np.full((60, 22), -6.0),
        "10 ** (dB / 20)",
        lambda new, old: np.allclose(new, 0.501187),
        "dB",
    ),
}

SOUNDS = STEREO[..., 0]


def sounding():
    return LogMel(window_length=64, hop_length=32, n_mels=2).fit(SOUNDS)


@pytest.mark.parametrize("kind", EXPRESSIONS)
def test_an_expression_of_a_message_makes_it_go(kind):
    case = EXPRESSIONS[kind]
    said = complaint(lambda: case.call(case.data))
    assert case.expression in said
    names = vars(sklearn.preprocessing) | vars(sklearn.compose) | {"numpy": np, "pandas": pd}
    new = eval(case.expression, names | {case.name: case.data})
    if hasattr(new, "fit_transform"):
        new = new.fit_transform(case.data)
    assert complaint(lambda: case.call(new)) == ""
    assert case.same(new, case.data)


def fitted(model=None):
    return (model or BernoulliRBM(2, n_iter=1, random_state=0)).fit(BITS)


NAMED = pd.DataFrame(BITS, columns=list("abcdef"))
GAPS = pd.DataFrame({"a": ["x", None, "y"] * 20, "b": ["u", "v", "w"] * 20})
WITHOUT_GAPS = OrdinalEncoder().fit_transform(pd.DataFrame(GAPS, dtype=object).fillna(np.nan))
RATINGS = np.where(rng.random((60, 6)) < 0.5, np.nan, rng.integers(1, 6, (60, 6)))
HUGE = np.where(np.arange(60)[:, None] == 3, 1e300, NORMAL)
BATCH_NORM, LAYER_NORM = (
    torch.nn.Sequential(torch.nn.Linear(6, 3), norm(3), torch.nn.Linear(3, 2))
    for norm in (torch.nn.BatchNorm1d, torch.nn.LayerNorm)
)
SEEN = rng.random((60, 6)) < 0.3
SCALER = MinMaxScaler().fit(NORMAL)
IN_BITS = VariationalAutoencoder(2, likelihood="bernoulli", **FIT).fit(SCALER.transform(NORMAL))
MISSING_LABELS = np.where(np.arange(60) % 5, LABELS, np.nan)
TEXT_LABELS = np.where(np.arange(60) % 5, np.array(["u", "v"])[LABELS], None)
SOUND = sounding()
LOUD = np.full((3, 22), 5000.0)
DBN = DeepBeliefNetwork((3, 2), n_iter=1).fit(BITS)
IMAGE = {"image_shape": (2, 3)}


class Action(NamedTuple):
    """A call that complains, a part of what it says, and calls that follow the advice."""

    call: Callable[[], Any]
    advice: str
    follow: tuple[Callable[[], Any], ...]


ACTIONS = {
    "text with gaps": Action(
        lambda: GenerativeImputer(CategoricalRBM(2, n_iter=1)).fit(GAPS),
        "OrdinalEncoder.* keeps NaN",
        (
            lambda: GenerativeImputer(
                CategoricalRBM(2, n_iter=1), n_draws=1, n_steps=1
            ).fit_transform(WITHOUT_GAPS),
        ),
    ),
    "text with gaps to the default": Action(
        lambda: GenerativeImputer().fit(GAPS),
        "OrdinalEncoder.* keeps NaN.*CategoricalRBM",
        (lambda: GenerativeImputer(CategoricalRBM(2, n_iter=1)).fit(WITHOUT_GAPS),),
    ),
    "text for categories": Action(
        lambda: CategoricalRBM(2, n_iter=1).fit(GAPS[["b"]]),
        "OrdinalEncoder",
        (lambda: CategoricalRBM(2, n_iter=1).fit(OrdinalEncoder().fit_transform(GAPS[["b"]])),),
    ),
    "codes with gaps between": Action(
        lambda: CategoricalRBM(2, n_iter=1).fit(5000 + GREYS),
        "OrdinalEncoder|set n_categories",
        (
            lambda: CategoricalRBM(2, n_iter=1).fit(OrdinalEncoder().fit_transform(5000 + GREYS)),
            lambda: CategoricalRBM(2, n_iter=1, n_categories=5255).fit(5000 + GREYS),
        ),
    ),
    "codes not seen before": Action(
        lambda: CategoricalRBM(2).partial_fit(BITS).partial_fit(2 * BITS),
        "set n_categories to 3 or more and fit anew",
        (lambda: CategoricalRBM(2, n_categories=3).partial_fit(BITS).partial_fit(2 * BITS),),
    ),
    "NaN in an autoencoder": Action(
        lambda: autoencoder().fit(HOLES),
        "Set missing='mask'.*GenerativeImputer",
        (
            lambda: autoencoder(missing="mask").fit(HOLES),
            lambda: autoencoder().fit(
                GenerativeImputer(
                    VariationalAutoencoder(2, missing="mask", **FIT), n_draws=1, n_steps=2
                ).fit_transform(HOLES)
            ),
        ),
    ),
    "NaN in a machine": Action(
        lambda: GaussianRBM(2, n_iter=1).fit(HOLES),
        "GenerativeImputer",
        (
            lambda: GenerativeImputer(
                GaussianRBM(2, n_iter=1), n_rounds=1, n_draws=1, n_steps=1
            ).fit_transform(HOLES),
        ),
    ),
    "NaN in fine tuning": Action(
        lambda: classifier().fit(HOLES, LABELS),
        "encoder__missing='mask'",
        (lambda: classifier().set_params(encoder__missing="mask").fit(HOLES, LABELS),),
    ),
    "NaN in fine tuning of the default": Action(
        lambda: FineTunedClassifier(**FIT).fit(HOLES, LABELS),
        "missing='mask' as encoder",
        (lambda: FineTunedClassifier(autoencoder(missing="mask"), **FIT).fit(HOLES, LABELS),),
    ),
    "NaN in outliers": Action(
        lambda: OutlierDetector().fit(HOLES),
        "missing='mask' as model",
        (lambda: OutlierDetector(autoencoder(missing="mask")).fit(HOLES),),
    ),
    "NaN in targets": Action(
        lambda: EncoderDecoder(2, **FIT).fit(BITS, HOLES),
        "Leave out the rows in which y is missing",
        (
            lambda: EncoderDecoder(2, **FIT).fit(
                *(A[~np.isnan(HOLES).any(1)] for A in (BITS, HOLES))
            ),
        ),
    ),
    "NaN in codes": Action(
        lambda: fitted().inverse_transform([[0.5, np.nan]]), "Fill what is missing", ()
    ),
    "infinity": Action(
        lambda: autoencoder().fit(np.where(BITS, np.inf, NORMAL)),
        r"clip those entries: numpy\.clip\(X, low, high\)",
        (lambda: autoencoder().fit(np.clip(np.where(BITS, np.inf, NORMAL), -3, 3)),),
    ),
    "sounds of unlike length": Action(
        lambda: autoencoder().fit([NORMAL[0], NORMAL[1, :4]]),
        r"unlike shape, \(6,\) and \(4,\).*Pad.*by zeros",
        (lambda: autoencoder().fit([NORMAL[0], np.r_[NORMAL[1, :4], 0, 0]]),),
    ),
    "images of unlike size": Action(
        lambda: autoencoder().fit([FILMS[0, 0], FILMS[1, 0, :2]]),
        r"unlike shape, \(4, 5\) and \(2, 5\).*crop",
        (lambda: autoencoder().fit([FILMS[0, 0, :2].ravel(), FILMS[1, 0, :2].ravel()]),),
    ),
    "one row": Action(
        lambda: autoencoder(early_stopping=False).fit(NORMAL[0]),
        r"reshape\(1, -1\)",
        (lambda: autoencoder(early_stopping=False).fit(NORMAL[0].reshape(1, -1)),),
    ),
    "labels that are missing": Action(
        lambda: classifier().fit(BITS, MISSING_LABELS),
        "mark their rows by -1",
        (
            lambda: classifier().fit(
                BITS, np.where(np.isnan(MISSING_LABELS), -1, MISSING_LABELS + 1)
            ),
        ),
    ),
    "labels of text that are missing": Action(
        lambda: classifier().fit(BITS, TEXT_LABELS),
        "by -1, .*or text of dtype object",
        (
            lambda: classifier().fit(
                BITS, np.where(pd.isna(TEXT_LABELS), np.array(-1, object), TEXT_LABELS)
            ),
        ),
    ),
    "classes that are missing": Action(
        lambda: GAN(2, conditional=True, max_iter=1).fit(BITS, MISSING_LABELS),
        "leave out their rows",
        (
            lambda: GAN(2, conditional=True, max_iter=1, encoder_max_iter=1).fit(
                *(A[~np.isnan(MISSING_LABELS)] for A in (BITS, MISSING_LABELS))
            ),
        ),
    ),
    "the text -1": Action(
        lambda: classifier().fit(BITS, np.array(["u", "v", "-1"] * 20)),
        "by the number -1, in an array of dtype object",
        (lambda: classifier().fit(BITS, np.array(["u", "v", -1] * 20, dtype=object)),),
    ),
    "one class beside -1": Action(
        lambda: classifier().fit(BITS, np.where(LABELS, 1, -1)),
        "name them otherwise",
        (lambda: classifier().fit(BITS, np.where(LABELS, "yes", "no")),),
    ),
    "no label with weight": Action(
        lambda: classifier().fit(BITS, np.where(LABELS, 1, 0), np.where(LABELS, np.nan, 1)),
        "Leave out the rows in which sample_weight is missing",
        (lambda: classifier().fit(BITS[::2], LABELS[:30], np.ones(30)),),
    ),
    "values outside [0, 1]": Action(
        lambda: fitted().fit(NORMAL),
        "scale it with sklearn.preprocessing.MinMaxScaler",
        (lambda: fitted().fit(MinMaxScaler().fit_transform(NORMAL)),),
    ),
    "values outside [0, 1] for a likelihood": Action(
        lambda: VariationalAutoencoder(2, likelihood="bernoulli", **FIT).fit(NORMAL),
        "scale it with sklearn.preprocessing.MinMaxScaler",
        (lambda: IN_BITS,),
    ),
    "values outside [0, 1] after the fit": Action(
        lambda: IN_BITS.score_samples(NORMAL),
        "transform it as the rows of fit were",
        (lambda: IN_BITS.score_samples(SCALER.transform(NORMAL)),),
    ),
    "values outside [0, 1] for a loss": Action(
        lambda: autoencoder(loss="bernoulli").fit(NORMAL),
        "MinMaxScaler",
        (lambda: autoencoder(loss="bernoulli").fit(MinMaxScaler().fit_transform(NORMAL)),),
    ),
    "values outside [0, 1] for an output": Action(
        lambda: GAN(2, output="logistic", max_iter=1).fit(NORMAL),
        "MinMaxScaler",
        (
            lambda: GAN(2, output="logistic", max_iter=1, encoder_max_iter=1).fit(
                MinMaxScaler().fit_transform(NORMAL)
            ),
        ),
    ),
    "bytes as targets of a loss": Action(
        lambda: EncoderDecoder(2, loss="bernoulli", **FIT).fit(BITS, GREYS),
        "divide it by the largest value that it can have",
        (lambda: EncoderDecoder(2, loss="bernoulli", **FIT).fit(BITS, GREYS / 255),),
    ),
    "a value to hold outside [0, 1]": Action(
        lambda: fitted().sample(given=[255, *[np.nan] * 5], n_steps=1),
        "transform it as the rows of fit were",
        (
            lambda: fitted().sample(
                given=MinMaxScaler().fit(255 * BITS).transform([[255, *[np.nan] * 5]]), n_steps=1
            ),
        ),
    ),
    "what is held has other names": Action(
        lambda: BernoulliRBM(2, n_iter=1).fit(NAMED).sample(60, given=NAMED[list("fedcba")]),
        "reindex it",
        (
            lambda: (
                BernoulliRBM(2, n_iter=1)
                .fit(NAMED)
                .sample(60, given=NAMED[list("fedcba")].reindex(columns=NAMED.columns), n_steps=1)
            ),
        ),
    ),
    "infinity held": Action(
        lambda: fitted().sample(given=[np.inf] * 6),
        "mark what to draw by NaN",
        (lambda: fitted().sample(given=[np.nan] * 6, n_steps=1),),
    ),
    "numbers beyond float32": Action(
        lambda: GaussianRBM(2, n_iter=1).fit(HUGE[:6]),  # too few rows to take a scale from
        "MaxAbsScaler.*or leave out such rows",
        (
            lambda: GaussianRBM(2, n_iter=1).fit(MaxAbsScaler().fit_transform(HUGE[:6])),
            lambda: GaussianRBM(2, n_iter=1).fit(np.delete(HUGE, 3, axis=0)[:6]),
        ),
    ),
    "one row and batch statistics": Action(
        lambda: autoencoder(encoder=BATCH_NORM).partial_fit(NORMAL[:1]),
        "more rows.*LayerNorm",
        (
            lambda: autoencoder(encoder=BATCH_NORM).partial_fit(NORMAL[:2]),
            lambda: autoencoder(encoder=LAYER_NORM).partial_fit(NORMAL[:1]),
        ),
    ),
    "batches of one row and their statistics": Action(
        lambda: autoencoder(encoder=BATCH_NORM, batch_size=1).fit(NORMAL),
        "raise batch_size",
        (lambda: autoencoder(encoder=BATCH_NORM, batch_size=2).fit(NORMAL),),
    ),
    "no row left to train on": Action(
        lambda: autoencoder(early_stopping=True, validation_fraction=0.9).fit(NORMAL[:2]),
        "more rows or a smaller fraction, or hold none out",
        (
            lambda: autoencoder(early_stopping=True, validation_fraction=0.9).fit(NORMAL),
            lambda: autoencoder(early_stopping=True, validation_fraction=0.5).fit(NORMAL[:2]),
            lambda: autoencoder().fit(NORMAL[:2]),
        ),
    ),
    "an image shape of another size": Action(
        lambda: autoencoder(image_shape=(2, 2)).fit(NORMAL),
        r"give the \(height, width\)",
        (lambda: autoencoder(image_shape=(2, 3)).fit(NORMAL),),
    ),
    "components of a deep network": Action(
        lambda: ComponentsDisplay.from_estimator(DBN, image_shape=(2, 3)),
        "^DeepBeliefNetwork has no components_; draw the effect .*by LatentTraversalDisplay",
        (lambda: LatentTraversalDisplay.from_estimator(DBN, BITS, **IMAGE),),
    ),
    "components of a deep autoencoder": Action(
        lambda: ComponentsDisplay.from_estimator(
            autoencoder(hidden_layer_sizes=(3,)).fit(BITS), **IMAGE
        ),
        r"fit it with hidden_layer_sizes=\(\)",
        (lambda: ComponentsDisplay.from_estimator(autoencoder().fit(BITS), **IMAGE),),
    ),
    "components of a Pipeline": Action(
        lambda: ComponentsDisplay.from_estimator(
            make_pipeline(MinMaxScaler(), autoencoder()).fit(BITS), **IMAGE
        ),
        r"pipeline\[-1\]",
        (
            lambda: ComponentsDisplay.from_estimator(
                make_pipeline(MinMaxScaler(), autoencoder()).fit(BITS)[-1], **IMAGE
            ),
        ),
    ),
    "categorical units as layers": Action(
        lambda: autoencoder(pretrained=CategoricalRBM(2, n_iter=1)).fit(GREYS // 127),
        "encode them by sklearn.preprocessing.OneHotEncoder and use binary units",
        (
            lambda: autoencoder(pretrained=BernoulliRBM(2, n_iter=1)).fit(
                OneHotEncoder(sparse_output=False).fit_transform(GREYS // 127)
            ),
        ),
    ),
    "real units and a loss of bits": Action(
        lambda: autoencoder(loss="bernoulli", pretrained=GaussianRBM(2, n_iter=1)).fit(BITS),
        "use loss='squared'",
        (lambda: autoencoder(loss="squared", pretrained=GaussianRBM(2, n_iter=1)).fit(BITS),),
    ),
    "sparsity and a decoder of one's own": Action(
        lambda: SparseAutoencoder(
            2, sparsity="l1", n_nonzero=None, decoder=torch.nn.Linear(2, 6), **FIT
        ).fit(BITS),
        "drop decoder, or take sparsity='kl'",
        (
            lambda: SparseAutoencoder(2, sparsity="l1", **FIT).fit(BITS),
            lambda: SparseAutoencoder(2, sparsity="kl", decoder=torch.nn.Linear(2, 6), **FIT).fit(
                BITS
            ),
        ),
    ),
    "a regulariser of no weight": Action(
        lambda: VariationalAutoencoder(2, regularizer="tc", **FIT).fit(BITS),
        "set beta",
        (lambda: VariationalAutoencoder(2, regularizer="tc", beta=2, **FIT).fit(BITS),),
    ),
    "tempering without persistent chains": Action(
        lambda: BernoulliRBM(2, n_iter=1, n_temperatures=3, persistent=False).fit(BITS),
        "needs persistent=True",
        (lambda: BernoulliRBM(2, n_iter=1, n_temperatures=3, persistent=True).fit(BITS),),
    ),
    "rates for other layers": Action(
        lambda: DeepBeliefNetwork((3, 2), n_iter=1, learning_rate=[0.1]).fit(BITS),
        "give one for each, or a single number",
        (
            lambda: DeepBeliefNetwork((3, 2), n_iter=1, learning_rate=[0.1, 0.1]).fit(BITS),
            lambda: DeepBeliefNetwork((3, 2), n_iter=1, learning_rate=0.1).fit(BITS),
        ),
    ),
    "no unit for a code": Action(
        lambda: BoltzmannMachine(0, n_iter=1).fit(BITS).transform(BITS),
        "n_components of at least 1",
        (lambda: BoltzmannMachine(1, n_iter=1).fit(BITS).transform(BITS),),
    ),
    "too many states to sum": Action(
        lambda: GaussianRBM(40, n_iter=1).fit(NORMAL).log_partition("exact"),
        "use method='ais'",
        (lambda: GaussianRBM(40, n_iter=1).fit(NORMAL).log_partition("ais", n_temperatures=9),),
    ),
    "scores with gaps": Action(
        lambda: CategoricalRBM(21, n_iter=1, persistent=False).fit(HOLES).score_samples(HOLES),
        "use pseudo_likelihood",
        (
            lambda: (
                CategoricalRBM(21, n_iter=1, persistent=False).fit(HOLES).pseudo_likelihood(HOLES)
            ),
        ),
    ),
    "zeros that are ratings": Action(
        lambda: RatingAutoencoder(2, max_iter=1).fit(np.nan_to_num(RATINGS) * SEEN),
        "mark what is missing by NaN, or pass a sparse matrix",
        (
            lambda: RatingAutoencoder(2, max_iter=1).fit(RATINGS),
            lambda: RatingAutoencoder(2, max_iter=1).fit(csr_matrix(np.nan_to_num(RATINGS))),
        ),
    ),
    "too many ratings": Action(
        lambda: RatingRBM(2, n_iter=1).fit(RATINGS + NORMAL),
        "round them, or use RatingAutoencoder",
        (
            lambda: RatingRBM(2, n_iter=1).fit(np.round(RATINGS + NORMAL)),
            lambda: RatingAutoencoder(2, max_iter=1).fit(RATINGS + NORMAL),
        ),
    ),
    "a density to compress by": Action(
        lambda: LosslessCompressor(VariationalAutoencoder(2, **FIT)).fit(BITS),
        "use 'bernoulli' for bits, 'categorical' for codes, .*or a LossyCompressor",
        (
            lambda: LosslessCompressor(
                VariationalAutoencoder(2, likelihood="bernoulli", **FIT)
            ).fit(BITS),
            lambda: LossyCompressor(autoencoder()).fit(BITS),
        ),
    ),
    "waveforms shorter than the window": Action(
        lambda: LogMel(window_length=1024).fit(SOUNDS),
        "give longer ones, or a window at most twice as long",
        (lambda: LogMel(window_length=512, hop_length=128, n_mels=8).fit(SOUNDS),),
    ),
    "more bands than bins": Action(
        lambda: LogMel(window_length=64, hop_length=32, n_mels=30).fit(SOUNDS),
        "lower n_mels or raise window_length",
        (
            lambda: LogMel(window_length=64, hop_length=32, n_mels=2).fit(SOUNDS),
            lambda: LogMel(window_length=599, hop_length=32, n_mels=10).fit(SOUNDS),
        ),
    ),
    "levels too loud to be sound": Action(
        lambda: SOUND.inverse_transform(LOUD),
        "clip it, for instance at the highest level",
        (lambda: SOUND.inverse_transform(np.clip(LOUD, None, SOUND.transform(SOUNDS).max())),),
    ),
    "integers of sound": Action(
        lambda: LogMel(window_length=64, hop_length=32, n_mels=2).fit(30_000 * SOUNDS),
        "divide integers of 16 bits by 32768",
        (lambda: LogMel(window_length=64, hop_length=32, n_mels=2).fit(30_000 * SOUNDS / 32768),),
    ),
    "too many neighbours": Action(
        lambda: compare_reducers({"pca": PCA(2)}, NORMAL, n_neighbors=30),
        "lower n_neighbors or cv, or give more rows",
        (
            lambda: compare_reducers({"pca": PCA(2)}, NORMAL, n_neighbors=3),
            lambda: compare_reducers({"pca": PCA(2)}, np.tile(NORMAL, (9, 1)), n_neighbors=30),
        ),
    ),
    "factors that are no classes": Action(
        lambda: metrics.dci(NORMAL, NORMAL.round(1)),
        "OrdinalEncoder",
        (
            lambda: metrics.dci(
                NORMAL, OrdinalEncoder().fit_transform(NORMAL.round()), n_estimators=2
            ),
        ),
    ),
    "a step of too many levels": Action(
        lambda: LossyCompressor(autoencoder(), step=1e-12).fit(NORMAL),
        "raise it",
        (lambda: LossyCompressor(autoencoder(), step=0.1).fit(NORMAL),),
    ),
    "parameters changed between passes": Action(
        lambda: autoencoder().partial_fit(BITS).set_params(n_components=3).partial_fit(BITS),
        "set it back, or start anew by fit",
        (
            lambda: (
                autoencoder()
                .partial_fit(BITS)
                .set_params(n_components=3)
                .set_params(n_components=2)
                .partial_fit(BITS)
            ),
            lambda: autoencoder().partial_fit(BITS).set_params(n_components=3).fit(BITS),
        ),
    ),
    "samples compared too rarely": Action(
        lambda: GAN(2, early_stopping=True, quality_interval=9, n_iter_no_change=5).fit(BITS),
        "lower quality_interval",
        (
            lambda: GAN(
                2,
                early_stopping=True,
                quality_interval=1,
                n_iter_no_change=5,
                max_iter=1,
                encoder_max_iter=1,
            ).fit(BITS),
        ),
    ),
    "an encoder of other columns": Action(
        lambda: FineTunedClassifier(autoencoder().fit(BITS[:, :3]), **FIT).fit(BITS, LABELS),
        "fit it to the same columns",
        (lambda: FineTunedClassifier(autoencoder().fit(BITS), **FIT).fit(BITS, LABELS),),
    ),
    "a frozen encoder that is not fitted": Action(
        lambda: FineTunedClassifier(FrozenEstimator(autoencoder()), **FIT).fit(BITS, LABELS),
        "fit it before",
        (
            lambda: FineTunedClassifier(FrozenEstimator(autoencoder().fit(BITS)), **FIT).fit(
                BITS, LABELS
            ),
        ),
    ),
    "a step that is no encoder": Action(
        lambda: FineTunedClassifier(make_pipeline(MinMaxScaler(), autoencoder()), **FIT).fit(
            BITS, LABELS
        ),
        "Put it before this estimator",
        (lambda: make_pipeline(MinMaxScaler(), classifier()).fit(BITS, LABELS),),
    ),
    "a model of classes that imputes": Action(
        lambda: GenerativeImputer(GAN(2, conditional=True)).fit(HOLES),
        "fit the model first",
        (
            lambda: GenerativeImputer(
                GAN(2, conditional=True, max_iter=1, encoder_max_iter=1).fit(BITS, LABELS)
            ).fit(HOLES),
        ),
    ),
    "several of a fitted model": Action(
        lambda: OutlierDetector(autoencoder().fit(BITS), n_estimators=2).fit(BITS),
        "give one that is not, or keep both defaults",
        (
            lambda: OutlierDetector(autoencoder(), n_estimators=2).fit(BITS),
            lambda: OutlierDetector(autoencoder().fit(BITS)).fit(BITS),
        ),
    ),
    "a criterion that a model lacks": Action(
        lambda: OutlierDetector(autoencoder(), criterion="free-energy").fit(BITS),
        "use a Boltzmann machine, or criterion='auto'",
        (
            lambda: OutlierDetector(BernoulliRBM(2, n_iter=1), criterion="free-energy").fit(BITS),
            lambda: OutlierDetector(autoencoder(), criterion="auto").fit(BITS),
        ),
    ),
    "fewer clusters than asked for": Action(
        lambda: DeepEmbeddedClustering(
            3, autoencoder(), init=AgglomerativeClustering(2), max_iter=1
        ).fit(BITS),
        "ask for so many",
        (
            lambda: DeepEmbeddedClustering(
                2, autoencoder(), init=AgglomerativeClustering(2), max_iter=1, tol=1.0
            ).fit(BITS),
        ),
    ),
    "layers that skip without shapes": Action(
        lambda: EncoderDecoder(2, skip_connections=True, **FIT).fit(BITS, BITS),
        "set image_shape and target_shape",
        (
            lambda: EncoderDecoder(
                2, skip_connections=True, image_shape=(2, 3), target_shape=(2, 3), **FIT
            ).fit(BITS, BITS),
        ),
    ),
    "ties to a network of one's own": Action(
        lambda: autoencoder(tied_weights=True, encoder=torch.nn.Linear(6, 2)).fit(BITS),
        "drop encoder",
        (lambda: autoencoder(tied_weights=True).fit(BITS),),
    ),
    "weights too weakly decayed": Action(
        lambda: EASE(1e-300).fit(np.ones((9, 6))),
        "raise it",
        (lambda: EASE(1.0).fit(np.ones((9, 6))),),
    ),
    "molecules longer than those of fit": Action(
        lambda: SelfiesVectorizer().fit(["CCO"]).transform(["CCOCCOCCO"]),
        "leave it out, or fit again",
        (lambda: SelfiesVectorizer().fit(["CCO", "CCOCCOCCO"]).transform(["CCOCCOCCO"]),),
    ),
    "an image of no shape": Action(
        lambda: ComponentsDisplay.from_estimator(autoencoder().fit(BITS)),
        "pass image_shape=",
        (lambda: ComponentsDisplay.from_estimator(autoencoder().fit(BITS), **IMAGE),),
    ),
    "a code of one component": Action(
        lambda: LatentSpaceDisplay.from_estimator(
            autoencoder().set_params(n_components=1).fit(BITS), BITS
        ),
        "n_components >= 2",
        (lambda: LatentSpaceDisplay.from_estimator(autoencoder().fit(BITS), BITS),),
    ),
    "a class that compare_reducers gets": Action(
        lambda: compare_reducers({"pca": PCA}, NORMAL),
        "pass an instance",
        (lambda: compare_reducers({"pca": PCA(2)}, NORMAL),),
    ),
    "more neighbours than rows": Action(
        lambda: metrics.density_coverage(NORMAL[:4], NORMAL, n_neighbors=5),
        "must be less than the number of rows",
        (lambda: metrics.density_coverage(NORMAL, NORMAL, n_neighbors=5),),
    ),
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_the_advice_of_a_message_helps(kind):
    case = ACTIONS[kind]
    said = complaint(case.call)
    assert re.search(case.advice, said, re.DOTALL), said
    for follow in case.follow:
        assert complaint(follow) == ""
