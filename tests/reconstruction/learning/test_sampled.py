"""Autoencoders whose errors are estimated from some of the columns."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from sklearn.base import clone

from skdeepunsup import Autoencoder
from skdeepunsup._random import Stream
from skdeepunsup._rows import StreamedRows
from skdeepunsup._sparse_rows import sparse_rows
from skdeepunsup.networks import initialize
from skdeepunsup.reconstruction.learning import sampled_ends
from skdeepunsup.reconstruction.learning.sampled import SampledDescent
from skdeepunsup.reconstruction.learning.sampled_ends import SampledEnds
from skdeepunsup.reconstruction.modules.deterministic import LOSSES, AutoencoderModule

N, D = 12, 30
rng = np.random.default_rng(0)
X = sp.csr_array(rng.random((N, D)) * (rng.random((N, D)) < 0.1))
WEIGHTS = torch.linspace(0.5, 1.5, N, dtype=torch.float64)

hidden = pytest.mark.parametrize("hidden", [(), (7,), (7, 5)], ids=str)
losses = pytest.mark.parametrize("loss", LOSSES)
weights = pytest.mark.parametrize("weight", [None, WEIGHTS], ids=["alike", "weighted"])


def module_of(hidden=(7,), loss="squared", n_sampled=D - 1):
    module = AutoencoderModule(
        n_features=D, n_components=3, hidden_layer_sizes=hidden, loss=loss, n_sampled=n_sampled
    ).double()
    stream = Stream(0)
    initialize(module.encoder, stream)
    initialize(module.decoder, stream)
    for layer in (module.encoder[0], module.decoder[-1]):
        layer.bias.data.normal_(generator=torch.Generator().manual_seed(1))
    return module


def batch():
    rows = sparse_rows(StreamedRows(X, torch.device("cpu"), torch.float64))
    return rows.take(torch.arange(N))


def gradients_of(module, n_sampled, stream, weight):
    """Loss and gradients of a batch, those of tables spread over all their rows."""
    ends = SampledEnds(module, n_sampled, 0.1)
    descent = SampledDescent(module, ends, stream)
    loss = descent.differentiate(batch(), weight)["reconstruction"]
    found = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
    first, last = module.encoder[0], module.decoder[-1]
    names = (first.weight, True), (last.weight, False), (last.bias, False)
    by_id = {id(p): name for name, p in module.named_parameters()}
    for table, (parameter, transposed) in zip(ends.optimizer.tables, names, strict=True):
        rows, gradient = table._received
        whole = torch.zeros_like(table.values).index_copy_(0, rows, gradient)
        found[by_id[id(parameter)]] = whole.T if transposed else whole
    return loss, found


def by_autograd(module, weight):
    x = torch.from_numpy(X.toarray())
    error = module.losses(x, Stream(0))["reconstruction"]
    loss = error.mean() if weight is None else (weight * error).mean()
    names, parameters = zip(*module.named_parameters(), strict=True)
    return loss, dict(zip(names, torch.autograd.grad(loss, parameters), strict=True))


@hidden
@losses
@weights
def test_gradients_from_all_columns_are_those_of_autograd(hidden, loss, weight):
    expected = by_autograd(module_of(hidden, loss), weight)
    found = gradients_of(module_of(hidden, loss), D, Stream(0), weight)
    torch.testing.assert_close(found[0], expected[0].detach())
    assert found[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        torch.testing.assert_close(found[1][name], gradient, msg=name)


@losses
@pytest.mark.parametrize("n_sampled", [1, 5])
def test_gradients_from_some_columns_are_right_in_the_mean(loss, n_sampled):
    expected = by_autograd(module_of(loss=loss), None)
    stream, n_draws = Stream(3), 400
    draws = [gradients_of(module_of(loss=loss), n_sampled, stream, None) for _ in range(n_draws)]
    for name, gradient in expected[1].items():
        found = torch.stack([draw[1][name] for draw in draws])
        error = found.std(0) / np.sqrt(n_draws)
        assert ((found.mean(0) - gradient).abs() < 5 * error + 1e-9).all(), name
    found = torch.stack([draw[0] for draw in draws])
    assert abs(found.mean() - expected[0]) < 4 * found.std() / np.sqrt(n_draws)


def fitted(X, **parameters):
    options = {
        "n_components": 3,
        "hidden_layer_sizes": (7,),
        "max_iter": 4,
        "batch_size": 4,
        "early_stopping": False,
        "device": "cpu",
        "random_state": 0,
    }
    return Autoencoder(**options | parameters).fit(X)


def test_the_loss_is_that_of_all_columns_where_all_are_drawn():
    """The batch has every column, or the others are all drawn."""
    whole = fitted(X, batch_size=N, max_iter=1, precision="float64")
    part = fitted(X, batch_size=N, max_iter=1, precision="float64", n_sampled=D - 1)
    # The first layer maps the mean row to 0 in both, but only one of them subtracts it before.
    assert part.history_["loss"][0] == pytest.approx(whole.history_["loss"][0], rel=1e-7)


def test_dense_rows_are_learned_whole_and_keep_their_centre():
    with pytest.warns(UserWarning, match="n_sampled == 5 does nothing: it needs X as a sparse"):
        dense = fitted(X.toarray(), n_sampled=5)
    assert dense.history_ == fitted(X.toarray()).history_


@pytest.mark.parametrize("kind", [sp.csr_matrix, sp.csc_array, sp.coo_array])
def test_formats_of_sparse_rows_do_not_matter(kind):
    model = fitted(X, n_sampled=5)
    assert model.gradients_ == "sampled"
    assert fitted(kind(X), n_sampled=5).history_ == model.history_


def test_sparse_rows_of_many_features_are_sampled_by_default(monkeypatch):
    assert fitted(X).gradients_ == "written"
    monkeypatch.setattr(sampled_ends, "WIDE", D - 1)
    monkeypatch.setattr(sampled_ends, "SAMPLED", 5)
    model = fitted(X)
    assert model.gradients_ == "sampled"
    assert model.history_ == fitted(X, n_sampled=5).history_
    assert fitted(X.toarray()).gradients_ == "written"
    assert fitted(X, n_sampled=D).gradients_ == "written"
    for other in ({"tied_weights": True}, {"missing": "mask"}, {"precision": "bfloat16"}):
        assert fitted(X, **other).gradients_ != "sampled"


def test_errors_fall_as_without_sampling():
    topics = np.repeat(np.eye(6), 50, axis=1)[np.random.default_rng(1).integers(0, 6, 400)]
    rows = sp.csr_array((np.random.default_rng(2).random(topics.shape) < 0.3 * topics) * 1.0)
    settings = {"max_iter": 60, "batch_size": 20, "n_components": 5, "hidden_layer_sizes": ()}
    whole, part = fitted(rows, **settings), fitted(rows, n_sampled=30, **settings)
    by_means = rows.toarray().var(0).sum()
    assert -part.score(rows) < 0.85 * by_means
    assert -part.score(rows) < -1.05 * whole.score(rows)


def test_held_out_rows_are_measured_alike_in_each_epoch():
    model = fitted(X, n_sampled=5, early_stopping=True, learning_rate=1e-12, max_iter=3)
    first, *others = model.history_["validation_loss"]
    assert others == pytest.approx([first] * 2, rel=1e-5)


def test_weights_count_as_repeated_rows_do_in_the_mean_of_a_batch():
    repeated = X[np.repeat(np.arange(N), [1, 2] * (N // 2))]
    options = {"n_sampled": D - 1, "batch_size": 100, "max_iter": 1, "precision": "float64"}
    weighted = Autoencoder(3, device="cpu", random_state=0, early_stopping=False, **options)
    whole = clone(weighted).fit(repeated)
    weighted.fit(X, sample_weight=[1, 2] * (N // 2))
    np.testing.assert_allclose(weighted.transform(X), whole.transform(X), atol=1e-8)


def test_it_goes_on_where_it_ended():
    whole = fitted(X, n_sampled=5, max_iter=4)
    part = fitted(X, n_sampled=5, max_iter=2, warm_start=True).fit(X)
    assert part.history_["loss"] == pytest.approx(whole.history_["loss"], rel=1e-6)
    whole.partial_fit(sp.csc_array(X))
    assert whole.n_iter_ == 5


def test_rows_of_another_kind_do_not_go_on(monkeypatch):
    monkeypatch.setattr(sampled_ends, "WIDE", D - 1)
    model = fitted(X, warm_start=True)
    before = model.transform(X)
    with pytest.raises(ValueError, match="give X as that fit got it, sparse or dense"):
        model.fit(X.toarray())
    np.testing.assert_array_equal(model.transform(X), before)
    model.fit(X)


@pytest.mark.parametrize("value", [0, -1, 2.5, True])
def test_the_number_is_checked(value):
    with pytest.raises((TypeError, ValueError), match="n_sampled"):
        fitted(X, n_sampled=value)


def test_codes_are_those_of_dense_rows():
    model = fitted(X, n_sampled=5)
    assert model._encodes_entries
    np.testing.assert_allclose(model.transform(X), model.transform(X.toarray()), atol=1e-12)
    single = model.transform(X.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, model.transform(X), atol=1e-5)
    np.testing.assert_array_equal(model.transform(X[3:5]), model.transform(X)[3:5])
