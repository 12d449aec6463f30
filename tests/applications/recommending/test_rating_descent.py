"""Gradients of RatingAutoencoder, written out for known ratings, are those of autograd."""

import numpy as np
import pytest
import scipy.sparse as sp

from skdeepunsup import RatingAutoencoder

N_USERS, N_ITEMS = 50, 12
rng = np.random.default_rng(0)
RATINGS = np.where(
    rng.random((N_USERS, N_ITEMS)) < 0.4, rng.integers(1, 6, (N_USERS, N_ITEMS)), np.nan
)
RATINGS[0] = np.nan  # a user without a rating
RATINGS[1:3, 0] = 0


def fitted(X=RATINGS, **parameters):
    options = {"max_iter": 4, "batch_size": 20, "precision": "float64", "weight_decay": 0.01}
    return RatingAutoencoder(5, device="cpu", random_state=0, **options | parameters).fit(X)


@pytest.mark.parametrize("view", ["items", "users"])
@pytest.mark.parametrize("corruption_level", [0.0, 0.5])
def test_fits_are_those_by_autograd(view, corruption_level, monkeypatch):
    options = {"view": view, "corruption_level": corruption_level}
    written = fitted(**options)
    monkeypatch.setattr(RatingAutoencoder, "_is_written", lambda self: False)
    plain = fitted(**options)
    assert written.history_.keys() == plain.history_.keys()
    np.testing.assert_allclose(written.history_["loss"], plain.history_["loss"], rtol=1e-9)
    np.testing.assert_allclose(written.predict(RATINGS), plain.predict(RATINGS), atol=1e-8)


def test_all_formats_are_learned_alike():
    known = ~np.isnan(RATINGS)
    sparse = sp.csr_array((RATINGS[known], np.nonzero(known)), shape=RATINGS.shape)
    assert fitted(sparse).history_ == fitted().history_


def test_other_precisions_go_by_autograd():
    assert np.isfinite(fitted(precision="bfloat16").predict(RATINGS)).all()
