"""Tables of (user, item, rating) are refused; the remedy makes the matrix; matrices pass."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone

from skdeepunsup import EntrySplit, ImplicitVAE, RatingAutoencoder, RatingRBM, recommending_scorer
from skdeepunsup.applications.recommending.triples import refuse_triples
from tests.estimators import RECOMMENDERS

every = pytest.mark.parametrize("estimator", RECOMMENDERS, ids=lambda e: type(e).__name__)


def triples(n_users=30, n_items=12, share=0.4, seed=0):
    rng = np.random.default_rng(seed)
    users, items = np.nonzero(rng.random((n_users, n_items)) < share)
    return np.column_stack([users, items, rng.integers(1, 6, len(users))]).astype(float)


def spread(factor, offset):
    """Numbers of users and items as a shop has them."""
    table = triples()
    table[:, :2] = table[:, :2] * factor + offset
    return table


TABLES = {
    "small": triples(5, 6, 0.9),
    "ordinary": triples(),
    "far apart": spread(977.0, 10_000.0),
    "few of many": triples(500, 400, 0.002),
    "fractions": triples(500, 400, 0.002) * [1, 1, 0.1],
    "with time": np.column_stack([triples(), 8.8e8 + np.arange(len(triples()))]),
    "pairs": triples()[:, :2],
    "shuffled": np.random.default_rng(0).permutation(triples()),
}


@every
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_refused_and_the_remedy_makes_the_matrix(estimator, name):
    table = TABLES[name]
    model = clone(estimator)
    with pytest.raises(ValueError, match="looks like a table of") as caught:
        model.fit(table)
    assert not model.__sklearn_is_fitted__()
    R = remedied(str(caught.value), table)
    assert R.shape == tuple(len(np.unique(column)) for column in table[:, :2].T)
    assert R.nnz == len(table)
    if name != "pairs" or not isinstance(model, RatingAutoencoder | RatingRBM):
        model.fit(R).recommend(R, 2)


def remedied(advice, table):
    """The matrix, by the very code of the message."""
    u, i = table[:, :2].T
    r = table[:, 2] if table.shape[1] > 2 else np.ones(len(u))
    assert "u = numpy.unique(u, return_inverse=True)[1], i likewise" in advice
    u, i = (eval("numpy.unique(u, return_inverse=True)[1]", {"numpy": np, "u": v}) for v in (u, i))
    matrix = "scipy.sparse.coo_matrix((r, (u, i))).tocsr()"
    assert matrix in advice
    return eval(matrix.replace("scipy.sparse", "sp"), {"sp": sp, "u": u, "i": i, "r": r})


@pytest.mark.parametrize("kind", [sp.csr_array, sp.coo_matrix, pd.DataFrame, np.ndarray.tolist])
def test_in_any_container(kind):
    with pytest.raises(ValueError, match="looks like a table of"):
        RatingAutoencoder().fit(kind(triples()))


def test_splits_and_scorers_refuse_it_too():
    with pytest.raises(ValueError, match="looks like a table of"):
        next(EntrySplit(1).pairs(triples()))
    model = ImplicitVAE(2, max_iter=1).fit(np.ones((4, 3)))
    with pytest.raises(ValueError, match="looks like a table of"):
        recommending_scorer()(model, triples())


def test_names_tell_it_however_few_the_rows():
    table = pd.DataFrame([[0, 0, 3], [1, 0, 4]], columns=["userId", "movieId", "rating"])
    with pytest.raises(ValueError, match="looks like a table of"):
        RatingAutoencoder().fit(table)


@every
def test_names_of_users_get_the_same_advice(estimator):
    table = [["ann", "Alien", 4], ["bob", "Brazil", 5], ["ann", "Brazil", 2]]
    with pytest.raises(ValueError, match=r"convert string(.|\n)*coo_matrix"):
        clone(estimator).fit(table)


MATRICES = {
    "ratings of three items": lambda rng: rng.integers(1, 6, (200, 3)),
    "ratings of 0 to 100": lambda rng: rng.integers(0, 101, (60, 3)),
    "half stars": lambda rng: rng.integers(1, 11, (40, 3)) / 2,
    "with gaps": lambda rng: np.where(
        rng.random((9, 3)) < 0.3, np.nan, np.arange(27).reshape(9, 3)
    ),
    "interactions": lambda rng: rng.random((50, 4)) < 0.4,
    "counts": lambda rng: rng.poisson(2.0, (100, 2)),
    "few users": lambda rng: np.array([[1, 2, 3], [4, 5, 6]]),
    "all of all": lambda rng: np.ones((5, 3)),
    "five items": lambda rng: np.column_stack([np.arange(50.0)] * 5),
}


@pytest.mark.parametrize("name", MATRICES)
def test_matrices_pass(name):
    for seed in range(20):
        refuse_triples(np.asarray(MATRICES[name](np.random.default_rng(seed)), dtype=float))


@every
def test_what_is_known_is_not_wanted(estimator):
    rng = np.random.default_rng(0)
    everything = sp.csr_array(
        np.where(rng.random((60, 10)) < 0.5, rng.integers(1, 6, (60, 10)), 0.0)
    )
    known, wanted = next(EntrySplit(1, random_state=0).pairs(everything))
    model = clone(estimator).fit(known)
    assert model.score(known, known + wanted) == model.score(known, wanted)
    with pytest.raises(ValueError, match="is held out: y has none beyond X"):
        model.score(known, known)
    if not isinstance(model, RatingAutoencoder | RatingRBM):
        for metric in ("ndcg", "recall"):
            scorer = recommending_scorer(metric, k=5)
            assert scorer(model, known, everything) == scorer(model, known, wanted)


@pytest.mark.parametrize("kind", [RatingAutoencoder, RatingRBM])
@pytest.mark.parametrize("rating", [1.0, 5.0, 0.0])
def test_equal_ratings_are_a_warning(kind, rating):
    there = np.random.default_rng(0).random((40, 8)) < 0.5
    X = np.where(there, rating, np.nan)
    epochs = "n_iter" if kind is RatingRBM else "max_iter"
    with pytest.warns(
        UserWarning, match=f"all {there.sum()} ratings in X are {rating:g}"
    ) as caught:
        kind(4).set_params(**{epochs: 1}, random_state=0).fit(X)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("estimator", RECOMMENDERS[:2], ids=lambda e: type(e).__name__)
def test_equal_interactions_are_what_is_meant(estimator):
    clone(estimator).fit(np.random.default_rng(0).random((40, 8)) < 0.5)
