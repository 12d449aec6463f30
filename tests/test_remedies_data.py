"""Advice on data that are missing, beyond their range, of another shape, or no numbers."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, OrdinalEncoder

from skdeepunsup import (
    GAN,
    BernoulliRBM,
    CategoricalRBM,
    EncoderDecoder,
    FineTunedClassifier,
    GaussianRBM,
    GenerativeImputer,
    OutlierDetector,
    VariationalAutoencoder,
)
from tests.remedies import (
    BITS,
    FILMS,
    FIT,
    GREYS,
    HOLES,
    LABELS,
    NORMAL,
    Action,
    assert_advice_helps,
    autoencoder,
    classifier,
    fitted,
)

pytestmark = pytest.mark.usefixtures("hasty_log_partition")

NAMED = pd.DataFrame(BITS, columns=list("abcdef"))
GAPS = pd.DataFrame({"a": ["x", None, "y"] * 20, "b": ["u", "v", "w"] * 20})
WITHOUT_GAPS = OrdinalEncoder().fit_transform(pd.DataFrame(GAPS, dtype=object).fillna(np.nan))
HUGE = np.where(np.arange(60)[:, None] == 3, 1e300, NORMAL)
SCALER = MinMaxScaler().fit(NORMAL)
IN_BITS = VariationalAutoencoder(2, likelihood="bernoulli", **FIT).fit(SCALER.transform(NORMAL))
MISSING_LABELS = np.where(np.arange(60) % 5, LABELS, np.nan)
TEXT_LABELS = np.where(np.arange(60) % 5, np.array(["u", "v"])[LABELS], None)

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
        lambda: CategoricalRBM(2, n_iter=1).fit(2000 + GREYS),
        "OrdinalEncoder|set n_categories",
        (
            lambda: CategoricalRBM(2, n_iter=1).fit(OrdinalEncoder().fit_transform(2000 + GREYS)),
            lambda: CategoricalRBM(2, n_iter=1, n_categories=2255).fit(2000 + GREYS),
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
}


@pytest.mark.parametrize("kind", ACTIONS)
def test_the_advice_of_a_message_helps(kind):
    assert_advice_helps(ACTIONS[kind])
