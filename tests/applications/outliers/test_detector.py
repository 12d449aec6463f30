"""Scores, the line that outliers are below, and the models that give them."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from scipy.stats import rankdata
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdeepunsup import (
    GAN,
    Autoencoder,
    BernoulliRBM,
    BiGAN,
    CategoricalRBM,
    DeepBoltzmannMachine,
    GaussianRBM,
    OutlierDetector,
    VariationalAutoencoder,
)
from skdeepunsup.applications.outliers import scores
from tests.applications.outliers.models import (
    MODELS,
    SEED,
    N,
    detector_of,
    each_pair,
    every,
    fitted,
)


@each_pair
@pytest.mark.parametrize("contamination", [0.03, 0.1, 0.25, 0.5])
def test_contamination_is_the_share_of_outliers_in_fit(model, criterion, contamination, X):
    detector = OutlierDetector(fitted(model), contamination, criterion=criterion).fit(X)
    labels = detector.predict(X)
    assert set(labels) == {-1, 1}
    assert (labels == -1).mean() == pytest.approx(contamination, abs=1 / N)
    np.testing.assert_array_equal(labels, detector.fit_predict(X))


@each_pair
def test_scores_functions_and_labels_agree(model, criterion, X):
    detector = detector_of(model, criterion)
    scores = detector.score_samples(X)
    np.testing.assert_allclose(detector.decision_function(X), scores - detector.offset_)
    np.testing.assert_array_equal(detector.predict(X) == -1, scores < detector.offset_)


def test_what_each_criterion_is(X, bits):
    def scores(model, X, criterion="auto"):
        return OutlierDetector(model, criterion=criterion).fit(X).score_samples(X)

    machine = GaussianRBM(4, n_iter=5, **SEED).fit(X)
    for criterion in ("auto", "free-energy"):
        constant = scores(machine, X, criterion) + machine.free_energy(X)
        np.testing.assert_allclose(constant, constant[0], rtol=1e-9)
    np.testing.assert_array_equal(scores(machine, X, "log-likelihood"), machine.score_samples(X))
    error = -np.square(X - machine.reconstruct(X)).sum(1)
    np.testing.assert_allclose(scores(machine, X, "reconstruction-error"), error)

    for model in (Autoencoder(2, max_iter=5).fit(X), VariationalAutoencoder(2, max_iter=5).fit(X)):
        np.testing.assert_array_equal(scores(model, X), model.score_samples(X))
        error = -np.square(X - model.reconstruct(X)).sum(1)
        np.testing.assert_allclose(scores(model, X, "reconstruction-error"), error, rtol=1e-6)


ENUMERABLE = [
    BernoulliRBM(4, n_iter=20, **SEED),
    CategoricalRBM(4, n_iter=20, n_categories=2, **SEED),
    DeepBoltzmannMachine((4, 3), n_iter=10, n_chains=10, **SEED),
]


@pytest.mark.parametrize("model", ENUMERABLE, ids=repr)
def test_free_energy_ranks_as_the_likelihood_does(model, bits):
    model = clone(model).fit(bits)
    by_energy, by_likelihood = (
        OutlierDetector(model, criterion=criterion).fit(bits)
        for criterion in ("free-energy", "log-likelihood")
    )
    energies, likelihoods = by_energy.score_samples(bits), by_likelihood.score_samples(bits)
    np.testing.assert_allclose(energies - energies[0], likelihoods - likelihoods[0], atol=1e-8)
    assert np.ptp(energies) > 0.5
    np.testing.assert_array_equal(rankdata(energies.round(6)), rankdata(likelihoods.round(6)))
    np.testing.assert_array_equal(by_energy.predict(bits), by_likelihood.predict(bits))


@every
def test_planted_outliers_are_found(model, X):
    epochs = "n_iter" if "n_iter" in model.get_params() else "max_iter"
    model = clone(model).set_params(**{epochs: 60})
    planted = np.vstack([X, 3 * np.tile([1, -1, 1, -1, 1], (5, 1))])
    scores = OutlierDetector(model).fit(planted).score_samples(planted)
    assert roc_auc_score(np.arange(N + 5) < N, scores) > 0.95


@every
def test_a_fitted_model_is_used_as_it_is(model, X):
    model = clone(model).fit(X[:50])
    before, answer = pickle.dumps(model), model.transform(X)
    for given in (model, FrozenEstimator(model)):
        detector = OutlierDetector(given).fit(X)
        assert detector.estimators_[0] is model
        assert pickle.dumps(model) == before
        np.testing.assert_array_equal(model.transform(X), answer)
    assert clone(OutlierDetector(FrozenEstimator(model))).fit(X).estimators_[0] is model


@every
def test_an_unfitted_model_is_cloned(model, X):
    model = clone(model)
    detector = OutlierDetector(model).fit(X)
    assert detector.estimators_[0] is not model
    with pytest.raises(NotFittedError):
        model.transform(X)
    np.testing.assert_array_equal(
        detector.estimators_[0].transform(X), clone(model).fit(X).transform(X)
    )


def test_a_seed_goes_to_a_model_without_one(X):
    detector = OutlierDetector(Autoencoder(2, max_iter=2), random_state=3).fit(X)
    assert detector.estimators_[0].random_state == 3
    kept = OutlierDetector(Autoencoder(2, max_iter=2, random_state=5), random_state=3).fit(X)
    assert kept.estimators_[0].random_state == 5


def test_the_default_is_a_machine_of_normal_features(X):
    detector = OutlierDetector(random_state=0).fit(X)
    assert isinstance(detector.estimators_[0], GaussianRBM)
    assert detector.model is None


def test_a_pipeline_scales_what_it_is_given(X):
    pipeline = make_pipeline(StandardScaler(), OutlierDetector(random_state=0)).fit(5 * X + 3)
    assert (pipeline.predict(5 * X + 3) == -1).mean() == pytest.approx(0.1, abs=0.01)


@each_pair
def test_all_kinds_of_input_give_the_same(model, criterion, X):
    detector = OutlierDetector(clone(model), criterion=criterion).fit(X)
    expected = detector.score_samples(X), detector.feature_contributions(X)
    for kind in (sp.csr_array, sp.csr_matrix, torch.tensor, np.asfortranarray):
        other = OutlierDetector(clone(model), criterion=criterion).fit(kind(X))
        answers = other.score_samples(kind(X)), other.feature_contributions(kind(X))
        for answer, there in zip(expected, answers, strict=True):
            np.testing.assert_allclose(answer, there, rtol=1e-5, atol=1e-5, err_msg=str(kind))


def test_names_of_features(X):
    table = pd.DataFrame(X, columns=list("abcde"))
    detector = OutlierDetector(clone(MODELS[0])).fit(table)
    assert list(detector.feature_names_in_) == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        detector.predict(table[list("edcba")])


@each_pair
def test_a_stored_detector_answers_as_before(model, criterion, X):
    detector = detector_of(model, criterion)
    stored = pickle.loads(pickle.dumps(detector))
    np.testing.assert_array_equal(stored.decision_function(X), detector.decision_function(X))
    np.testing.assert_array_equal(
        stored.feature_contributions(X), detector.feature_contributions(X)
    )


@pytest.mark.parametrize("contamination", [0, -0.1, 0.6, 1, "few", None])
def test_contamination_out_of_range(contamination, X):
    with pytest.raises((ValueError, TypeError), match="contamination"):
        OutlierDetector(clone(MODELS[0]), contamination).fit(X)


def test_bad_parameters_are_named(X):
    for params, message in [
        ({"criterion": "distance"}, "criterion"),
        ({"criterion": None}, "criterion"),
        ({"model": PCA(2)}, "model == "),
        ({"model": "rbm"}, "model == "),
        ({"model": make_pipeline(StandardScaler(), GaussianRBM(2, n_iter=1))}, "model == "),
        ({"model": make_pipeline(GaussianRBM(2, n_iter=1), BernoulliRBM(2))}, "model == "),
        ({"model": Autoencoder(2), "criterion": "free-energy"}, "Autoencoder has none"),
        (
            {"model": FrozenEstimator(Autoencoder(2)), "criterion": "free-energy"},
            "criterion == 'free-energy', but Autoencoder has none",
        ),
        ({"model": Autoencoder(2, max_iter=2).fit(X[:, :3])}, "model was fitted to 3 features"),
    ]:
        detector = OutlierDetector(**params)
        with pytest.raises((ValueError, TypeError), match=message):
            detector.fit(X)
        assert not detector.__sklearn_is_fitted__()


@pytest.mark.parametrize("model", [Autoencoder(2), GAN(2), BiGAN(2)], ids=repr)
def test_a_log_likelihood_is_asked_of_models_that_have_one(model, X):
    for given in (model, FrozenEstimator(model)):
        with pytest.raises(ValueError, match=rf"'log-likelihood', but {type(model).__name__} has"):
            OutlierDetector(given, criterion="log-likelihood").fit(X)


def test_scores_that_are_no_numbers_are_refused():
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[0, 0] = 1e200
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        detector = OutlierDetector(
            Autoencoder(2, encoder=torch.nn.Linear(3, 2), max_iter=2, **SEED)
        )
        with pytest.raises(ValueError, match=r"up to 1e\+200.*leave out such rows"):
            detector.fit(X)
        assert not detector.__sklearn_is_fitted__()
        detector = OutlierDetector(GaussianRBM(4, n_iter=5, random_state=0)).fit(X[1:])
        assert np.isfinite(detector.score_samples(X[1:])).all()
        with pytest.raises(ValueError, match=r"up to 1e\+200.*leave out rows that are no measure"):
            detector.score_samples(X)


def test_a_row_far_away_is_the_outlier_whatever_the_units():
    X = np.random.default_rng(0).normal(size=(60, 3))
    X[0, 0] = 1e20
    scores = OutlierDetector(GaussianRBM(4, n_iter=5, random_state=0)).fit(X).score_samples(X)
    assert np.isfinite(scores).all()
    assert scores.argmin() == 0


def test_many_models_of_few_rows(X):
    detector = OutlierDetector(
        GaussianRBM(3, n_iter=3), n_estimators=4, max_samples=30, random_state=0
    ).fit(X)
    one, other = (model.free_energy(X) for model in detector.estimators_[:2])
    assert len(detector.estimators_) == 4 and not np.allclose(one, other)
    again = clone(detector).fit(X)
    np.testing.assert_array_equal(detector.score_samples(X), again.score_samples(X))
    assert np.abs(np.median(detector.score_samples(X))) < 1  # in units of the quartiles' distance
    for wrong in ({"n_estimators": 2}, {"max_samples": 10}):
        with pytest.raises(ValueError, match="model is fitted already"):
            OutlierDetector(GaussianRBM(3, n_iter=3).fit(X), **wrong).fit(X)


def test_a_row_alone_has_the_label_that_it_has_among_others():
    """Scores of ties, and of the row at the quantile, are rounded otherwise in another batch."""
    rows = np.repeat(np.random.default_rng(0).normal(size=(40, 6)), 6, axis=0)
    detector = OutlierDetector(Autoencoder(2, max_iter=5, **SEED), contamination=0.07).fit(rows)
    labels = detector.predict(rows)
    alone = np.concatenate([detector.predict(row[None]) for row in rows[::3]])
    np.testing.assert_array_equal(alone, labels[::3])
    assert all(len(set(of_equals)) == 1 for of_equals in labels.reshape(40, 6))


@pytest.mark.parametrize("unit", [1, 1e3, 1e6])
def test_a_value_never_seen_in_a_constant_column_is_unusual_whatever_other_units(unit):
    rows = np.c_[np.random.default_rng(0).normal(size=(200, 5)), np.zeros(200)]
    rows[:, 0] *= unit
    unusual = rows[:1].copy()
    unusual[0, 5] = 100
    assert OutlierDetector(random_state=0).fit(rows).predict(unusual) == -1


def test_a_rare_category_that_no_sample_has_is_scored():
    codes = np.random.default_rng(0).integers(0, 3, (100, 4))
    codes[7, 2] = 4
    detector = OutlierDetector(
        CategoricalRBM(3, n_iter=1), max_samples=10, n_estimators=3, random_state=0
    ).fit(codes)
    assert {model.n_categories_ for model in detector.estimators_} == {5}
    assert np.isfinite(detector.score_samples(codes)).all()


@pytest.mark.parametrize("criterion", ["auto", "reconstruction-error"])
def test_a_model_fitted_to_names_is_used_in_silence(criterion, X):
    frame = pd.DataFrame(X, columns=[f"f{i}" for i in range(X.shape[1])])
    model = Autoencoder(2, max_iter=2, **SEED).fit(frame)
    detector = OutlierDetector(model, criterion=criterion).fit(frame)
    detector.predict(frame)
    assert detector.feature_contributions(frame).shape == X.shape


def test_sparse_rows_become_dense_a_few_at_a_time(monkeypatch):
    rows = sp.random_array((50, 20), density=0.2, rng=np.random.default_rng(0), format="csr")
    detector = OutlierDetector(
        Autoencoder(2, max_iter=2, **SEED), criterion="reconstruction-error"
    ).fit(rows)
    whole, widest = detector.score_samples(rows), []
    monkeypatch.setattr(scores, "CHUNK_ENTRIES", 100)
    reconstruct = Autoencoder.reconstruct

    def seen(model, X):
        widest.append(X.shape[0])
        return reconstruct(model, X)

    monkeypatch.setattr(Autoencoder, "reconstruct", seen)
    np.testing.assert_allclose(detector.score_samples(rows), whole, rtol=1e-5)
    assert max(widest) == 5


@pytest.mark.parametrize("span", [1, 3600])
def test_a_column_far_from_0_takes_no_digits_from_the_scores(span):
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3))
    rows[:10] *= 6
    near = np.c_[rows, rng.uniform(0, span, 200)]
    far = near + np.array([0, 0, 0, 1.7e9])
    detector = OutlierDetector(random_state=0).fit(far)
    assert (detector.predict(far) == -1).sum() == 20
    expected = OutlierDetector(random_state=0).fit(near).score_samples(near)
    np.testing.assert_allclose(detector.score_samples(far), expected, atol=1e-2)
    assert (detector.predict(far + 50 * near.std(0)) == -1).all()
