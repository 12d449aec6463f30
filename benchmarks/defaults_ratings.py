"""MovieLens 100k in two units: models of ratings beside item means, of interest beside counts."""

from typing import Any

import numpy as np
import scipy.sparse as sp

from skdeepunsup import EASE, EntrySplit, ImplicitVAE, RatingAutoencoder, RatingRBM
from skdeepunsup.metrics import ndcg_at_k

from .data import is_set, load_movielens
from .defaults_tables import AS_IT_COMES, Table
from .defaults_trade import Model, Trade, error, share
from .implicit import K, Popularity
from .recommending import row_means

NAME = "movielens"
TO_ONE, TENFOLD = "from 0 to 1", "× 10"


def rated(names: list[str], n_rows: int, seed: int) -> Any:
    """Fold 1 of MovieLens 100k, ratings 1 to 5 and 0 to 1; as many users and items as rows."""
    if NAME in names and is_set():
        train, test = (part[:n_rows, : 2 * n_rows] for part in load_movielens(1))
        yield Table(NAME, AS_IT_COMES, train, test, None, None, seed)
        yield Table(NAME, TO_ONE, (train - 1) / 4, (test - 1) / 4, None, None, seed)


def liked(names: list[str], n_rows: int, seed: int) -> Any:
    """Ratings of at least 4 as ones, and as tens; a fifth of each user's is held out."""
    if NAME in names and is_set():
        ratings = np.fmax(*load_movielens(1))[:n_rows, : 2 * n_rows]
        ones = sp.csr_array(np.nan_to_num(ratings) >= 4, dtype=np.float64)
        known, wanted = next(EntrySplit(1, random_state=seed).pairs(ones))
        yield Table(NAME, AS_IT_COMES, known, wanted, None, None, seed)
        yield Table(NAME, TENFOLD, 10 * known, 10 * wanted, None, None, seed)


def rating_error(model: Any, table: Table) -> float:
    """Root mean squared error of test ratings, in steps of 1 to 5."""
    return error_of(model.fit(table.train).predict(table.train), table)


def error_of(predicted: np.ndarray, table: Table) -> float:
    """The error of predictions, clipped to the training ratings."""
    low, high = np.nanmin(table.train), np.nanmax(table.train)
    wrong = (np.clip(predicted, low, high) - table.test)[np.isfinite(table.test)]
    return float(4 * np.sqrt(np.square(wrong).mean()) / (high - low))


def item_means(table: Table) -> dict[str, float]:
    """The mean of all ratings, of each user's, and of each item's."""
    shape = table.train.shape
    answers = {
        "mean": np.full(shape, np.nanmean(table.train)),
        "user means": np.broadcast_to(row_means(table.train)[:, None], shape),
        "item means": np.broadcast_to(row_means(table.train.T), shape),
    }
    return {name: error_of(predicted, table) for name, predicted in answers.items()}


def gain(model: Any, table: Table) -> float:
    """nDCG of the recommended items."""
    model.fit(table.train)
    return float(ndcg_at_k(table.test, model.recommend(table.train, K)[0]))


def popular(table: Table) -> dict[str, float]:
    """The most popular items."""
    return {"popularity": gain(Popularity(), table)}


RATINGS = Trade(
    "root mean squared error of ratings, in steps of 1 to 5; per cent of the smaller",
    rated,
    {
        "RatingRBM": Model(
            lambda t: RatingRBM(), ({"n_iter": 200}, {"learning_rate": 0.03}, {"n_components": 30})
        ),
        "RatingAutoencoder": Model(
            lambda t: RatingAutoencoder(),
            ({"max_iter": 100}, {"weight_decay": 1e-4}, {"weight_decay": 1e-5}, {"view": "users"}),
        ),
    },
    rating_error,
    item_means,
    error,
)
INTERESTS = Trade(
    f"nDCG@{K} of held-out films that a user likes; per cent of the larger",
    liked,
    {
        "ImplicitVAE": Model(
            lambda t: ImplicitVAE(), ({"max_iter": 200}, {"beta": 0.05}, {"weight_decay": 0.1})
        ),
        "EASE": Model(
            lambda t: EASE(),
            ({"regularization": 50}, {"regularization": 150}, {"regularization": 1500}),
        ),
    },
    gain,
    popular,
    share,
)
