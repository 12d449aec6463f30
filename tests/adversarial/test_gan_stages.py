"""Stages of a GAN's fit, the game and then the encoder: their histories, and how they go on."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skdeepunsup import GAN, BiGAN
from tests.adversarial.models import FIT, answers, assert_same_model, normal_rows
from tests.callbacks import StopsAfter, stops_early


@pytest.fixture
def X():
    return normal_rows()


def test_histories_have_nan_where_a_player_rested(X):
    history = GAN(encoder_max_iter=2, **FIT).fit(X).history_
    finite = {name: np.isfinite(values).tolist() for name, values in history.items()}
    assert finite["loss"] == [True] * 5
    assert finite["generator"] == finite["discriminator"] == [True] * 3 + [False] * 2
    assert finite["encoder"] == [False] * 3 + [True] * 2
    assert finite["validation_loss"] == [False] * 5
    assert history["loss"][:3] == history["generator"][:3]
    assert history["loss"][3:] == history["encoder"][3:]
    history = BiGAN(**FIT).fit(X).history_
    assert history["loss"] == history["generator"] and np.isfinite(history["discriminator"]).all()
    assert "encoder" not in history


def test_going_on_has_both_stages_again(X):
    model = GAN(encoder_max_iter=2, warm_start=True, **FIT).fit(X)
    first = answers(model, X)
    model.fit(X)
    assert model.n_iter_ == 10
    rested = np.isnan(model.history_["encoder"]).tolist()
    assert rested == ([True] * 3 + [False] * 2) * 2
    assert model.partial_fit(X).n_iter_ == 12
    assert np.isnan(model.history_["encoder"]).tolist() == [*rested, True, False]
    assert all(np.abs(a - b).max() > 0 for a, b in zip(first, answers(model, X), strict=True))


@pytest.mark.parametrize(
    "options",
    [{}, {"n_critic": 2, "gradient_penalty": "one-lipschitz"}, {"spectral_norm": True}],
)
def test_a_game_in_two_parts_is_the_game(X, options):
    """Where the rates are constant and no encoder's turn comes between."""
    model = BiGAN(**FIT | {"learning_rate_schedule": "constant", "max_iter": 4} | options)
    whole = clone(model).fit(X)
    half = clone(model).set_params(max_iter=2, warm_start=True).fit(X).fit(X)
    assert_same_model(whole, half, X)
    np.testing.assert_allclose(whole.history_["loss"], half.history_["loss"], rtol=1e-6)
    passes = clone(model)
    for _ in range(4):
        passes.partial_fit(X)
    assert_same_model(whole, passes, X)


def test_a_fit_ended_in_the_game_has_an_encoder_that_knows_nothing(X):
    model = GAN(encoder_max_iter=2, **FIT).set_callbacks(StopsAfter(1))
    with pytest.warns(ConvergenceWarning, match="stage 1 of 2"):
        model.fit(X)
    assert model.n_iter_ == 1
    assert np.isfinite(model.transform(X)).all()
    assert model.set_callbacks().partial_fit(X).n_iter_ == 3
    assert np.isfinite(model.encoder_error_)


@stops_early
def test_an_encoder_that_had_no_turn_has_no_error(X):
    model = GAN(**FIT).set_callbacks(StopsAfter(1)).fit(X)
    assert not hasattr(model, "encoder_error_")
    model._repr_html_()
    assert model.set_callbacks().set_params(warm_start=True).fit(X).encoder_error_ > 0
