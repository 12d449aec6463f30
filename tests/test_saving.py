"""Saved estimators: the same answers, nothing executed, what is the user's own by name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

import skdeepunsup
from benchmarks.survival_fits import content
from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    Checkpoint,
    DeepEmbeddedClustering,
    DenoisingAutoencoder,
    OutlierDetector,
    load,
    save,
)
from skdeepunsup._fingerprint import fingerprint
from skdeepunsup.saving import KIND
from tests.estimators import EVERY_KIND, FURTHER_APPLICATIONS, LIMITED, VARIANTS, VECTORIZERS
from tests.test_laws_checkpoints import arguments_of

rng = np.random.default_rng(0)
X = (rng.random((40, 6)) < 0.4).astype(float)
y = X[:, 0].astype(int)
BRIEF = {"max_iter": 1, "hidden_layer_sizes": (), "early_stopping": False, "random_state": 0}
MODEL = Autoencoder(3, **BRIEF)
SAVED = Path(__file__).parent / "saved"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model"


def answers(model, X):
    methods = ("transform", "predict", "predict_proba", "score_samples", "reconstruct")
    return [getattr(model, name)(X) for name in methods if hasattr(model, name)]


def assert_same(one, other):
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


def fitted(estimator):
    if estimator in VECTORIZERS:
        return clone(estimator).fit(["C", "CCO"]), ["CCO"]
    arguments = arguments_of(estimator)
    return clone(estimator).fit(*arguments), arguments[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "estimator",
    [*EVERY_KIND, *VARIANTS, *LIMITED, *FURTHER_APPLICATIONS, *VECTORIZERS],
    ids=lambda e: f"{e!r:.90}",
)
def test_a_loaded_estimator_answers_as_before(estimator, path):
    save(estimator, path)
    given = {name: getattr(estimator, name) for name in given_names(path)}
    assert repr(load(path, modules=given)) == repr(estimator)
    model, rows = fitted(estimator)
    save(model, path)
    loaded = load(path, modules=given)
    if type(model).__name__ != "EncoderDecoder":  # whose scores need targets
        assert_same(answers(loaded, rows), answers(model, rows))
    save(model, path, training=True)
    assert fingerprint(content(load(path, modules=given))) == fingerprint(content(model))


def given_names(path):
    from skdeepunsup._archive import read

    return read(path, KIND)["given"]


def test_another_process_answers_the_same(path):
    model = clone(MODEL).fit(X)
    save(model, path)
    np.save(path.with_name("X.npy"), X)
    program = (
        "import sys, numpy as np; from skdeepunsup import load; "
        "print(load(sys.argv[1]).transform(np.load(sys.argv[2])).tobytes().hex())"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, path, path.with_name("X.npy")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == model.transform(X).tobytes().hex()


@pytest.mark.parametrize(
    "estimator",
    [BernoulliRBM(3, n_iter=1), MODEL, DeepEmbeddedClustering(2, MODEL, max_iter=1)],
    ids=lambda e: type(e).__name__,
)
def test_without_the_state_of_training_a_fit_does_not_go_on(estimator, path):
    model = clone(estimator).set_params(random_state=0).fit(X)
    save(model, path)
    small, loaded = path.stat().st_size, load(path)
    with pytest.raises(ValueError, match=r"saved without what a fit goes on from.*training=True"):
        loaded.partial_fit(X)
    with pytest.raises(ValueError, match="training=True"):
        loaded.set_params(warm_start=True).fit(X)
    assert_same(answers(loaded, X), answers(model, X))
    loaded.set_params(warm_start=False).fit(X)  # as the message says
    save(model, path, training=True)  # as the message says
    assert path.stat().st_size > small
    assert_same(answers(load(path).partial_fit(X), X), answers(model.partial_fit(X), X))


def test_chains_are_saved_with_the_training(path):
    model = BernoulliRBM(3, n_iter=1, random_state=0).fit(X)
    save(model, path)
    with pytest.raises(AttributeError, match="training=True"):
        load(path).h_samples_  # noqa: B018
    save(model, path, training=True)
    np.testing.assert_array_equal(load(path).h_samples_, model.h_samples_)


class Squeeze(nn.Module):
    """A network of the user's own."""

    def __init__(self, n_in=6, n_out=3):
        super().__init__()
        self.inner = nn.Linear(n_in, n_out)

    def forward(self, x):
        return torch.tanh(self.inner(x))


def flip(x, generator):
    return 1 - x


def make(n_features, n_components):
    return nn.Linear(n_features, n_components)


OWN = {
    "encoder": (Autoencoder(3, encoder=Squeeze(), **BRIEF), {"encoder": Squeeze()}),
    "factory": (Autoencoder(3, encoder=make, **BRIEF), {"encoder": make}),
    "both": (
        Autoencoder(3, encoder=Squeeze(), decoder=Squeeze(3, 6), **BRIEF),
        {"encoder": Squeeze(), "decoder": Squeeze(3, 6)},
    ),
    "function": (DenoisingAutoencoder(3, corruption=flip, **BRIEF), {"corruption": flip}),
    "within": (
        OutlierDetector(Autoencoder(3, encoder=Squeeze(), **BRIEF)),
        {"model__encoder": Squeeze()},
    ),
    "pipeline": (
        make_pipeline(StandardScaler(), Autoencoder(3, encoder=Squeeze(), **BRIEF)),
        {"autoencoder__encoder": Squeeze()},
    ),
    "search": (
        GridSearchCV(
            Autoencoder(3, encoder=Squeeze(), **BRIEF), {"learning_rate": [0.1, 0.2]}, cv=2
        ),
        {"estimator__encoder": Squeeze()},
    ),
}


@pytest.mark.filterwarnings("ignore:.*does nothing")
@pytest.mark.parametrize("name", OWN)
def test_networks_and_functions_of_the_user_s_are_given_again(name, path):
    estimator, given = OWN[name]
    model = clone(estimator).fit(X)
    save(model, path)
    with pytest.raises(ValueError, match=r"functions of your own, which are not in it: load\(path"):
        load(path)
    loaded = load(path, modules=given)
    assert_same(answers(loaded, X), answers(model, X))
    with pytest.raises(ValueError, match=r"modules has \['other'\], but .* needs \["):
        load(path, modules=given | {"other": flip})
    save(estimator, path)
    assert type(load(path, modules=given)) is type(estimator)


def test_a_network_of_another_architecture_is_refused(path):
    save(OWN["encoder"][0].fit(X), path)
    with pytest.raises(ValueError, match=r"loaded: the networks .* do not fit its param"):
        load(path, modules={"encoder": Squeeze(6, 4)})


def test_what_could_not_be_loaded_is_not_saved(path):
    def own(estimator, X, y=None):
        return 0.0

    save(MODEL, path)
    before = path.read_bytes()
    search = GridSearchCV(MODEL, {"n_components": [1]}, cv=2, scoring=own).fit(X)
    with pytest.raises(TypeError, match=r"GridSearchCV can't be saved .*own, which is not trusted"):
        save(search, path)
    assert path.read_bytes() == before
    with pytest.raises(TypeError, match="must be an estimator"):
        save(X, path)
    assert os.listdir(path.parent) == ["model"]


def test_callbacks_are_left_out(path):
    kept = Checkpoint(path.with_name("run.ckpt"))
    save(clone(MODEL).set_callbacks(kept).fit(X), path)
    assert not hasattr(load(path), "_skl_callbacks")
    pipeline = make_pipeline(StandardScaler(), MODEL).set_callbacks()
    save(pipeline, path)


def test_a_failed_writing_leaves_the_old_file(path, monkeypatch):
    save(MODEL, path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", lambda number: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(clone(MODEL).fit(X), path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["model"]


def test_a_link_is_replaced_and_not_followed(path):
    precious = path.with_name("precious")
    precious.write_text("precious")
    path.symlink_to(precious)
    save(MODEL, path)
    assert precious.read_text() == "precious"
    assert not path.is_symlink()


def test_files_are_about_as_large_as_their_numbers(path):
    model = Autoencoder(32, hidden_layer_sizes=(500, 250), max_iter=1, random_state=0)
    model.fit(rng.random((64, 784), dtype=np.float32))
    save(model, path)
    numbers = sum(p.nbytes for p in model.module_.parameters())
    assert numbers < path.stat().st_size < 1.05 * numbers
    save(BernoulliRBM(10, n_iter=1, random_state=0).fit(X[:, :3]), path)
    assert path.stat().st_size < 16 * 1024


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("estimator", EVERY_KIND, ids=lambda e: type(e).__name__)
def test_parameters_are_such_as_safetensors_takes(estimator):
    module = getattr(fitted(estimator)[0], "module_", nn.Module())
    tensors = [t for t in module.state_dict().values() if t.numel()]
    assert all(t.is_contiguous() for t in tensors)
    assert len({t.data_ptr() for t in tensors}) == len(tensors), "two share their memory"


PEAK = """
import sys, skdeepunsup
skdeepunsup.load(sys.argv[1])  # what is imported is not of the file
def now(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) * 1024
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")
before = now("VmRSS")
model = skdeepunsup.load(sys.argv[2])
print(now("VmHWM") - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peaks are read from /proc")
def test_loading_takes_three_times_the_file_at_its_peak(path):
    """The bytes of an array, the array and the parameter; the file itself is not in memory."""
    small = path.with_name("small")
    save(MODEL, small)
    model = Autoencoder(8, hidden_layer_sizes=(1000,), max_iter=1, random_state=0)
    save(model.fit(rng.random((20, 8000))), path)
    done = subprocess.run(
        [sys.executable, "-c", PEAK, small, path], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 3.1 * path.stat().st_size + 10e6


def test_another_version_of_scikit_learn_warns(path, monkeypatch):
    from sklearn.exceptions import InconsistentVersionWarning

    monkeypatch.setattr("sklearn.base.__version__", "1.0")
    save(make_pipeline(StandardScaler(), MODEL).fit(X), path)
    monkeypatch.undo()
    with pytest.warns(InconsistentVersionWarning):
        load(path)


@pytest.mark.parametrize("name", sorted(p.stem for p in SAVED.glob("*.json")))
def test_files_of_earlier_releases_are_loaded(name):
    """Each was saved with its answers to these rows."""
    told = json.loads((SAVED / f"{name}.json").read_text())
    loaded = load(SAVED / f"{name}.model")
    for method, answer in told.items():
        np.testing.assert_allclose(getattr(loaded, method)(X[:5]), answer, rtol=1e-4, atol=1e-6)


def test_some_files_are_kept():
    assert len(list(SAVED.glob("*.model"))) >= 8
    assert skdeepunsup.__version__
