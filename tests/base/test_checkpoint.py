"""Files of fits: to whom they belong, what damages them, when they are written."""

import os
import signal
import threading

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skdeepunsup.training.loop as loop
from skdeepunsup import Autoencoder, BernoulliRBM, Checkpoint, FineTunedClassifier
from skdeepunsup._archive import read
from skdeepunsup.base import journal
from tests.callbacks import Silent

rng = np.random.default_rng(0)
X = (rng.random((40, 6)) < 0.4).astype(float)
MODEL = Autoencoder(3, max_iter=4, hidden_layer_sizes=(), early_stopping=False, random_state=0)


class Dies(Silent):
    """Ends a fit at the beginning of an epoch."""

    def __init__(self, epoch, how=KeyboardInterrupt):
        self.epoch, self.how = epoch, how

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch" and context.task_id == self.epoch:
            raise self.how


class Numbers(Silent):
    """Notes the numbers of epochs."""

    def __init__(self):
        self.seen = []

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "epoch":
            self.seen.append(context.task_id)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.ckpt"


def stopped(path, epoch=2, model=MODEL, **checkpoint):
    with pytest.raises(ZeroDivisionError):
        kept = Checkpoint(path, **checkpoint)
        clone(model).set_callbacks(kept, Dies(epoch, ZeroDivisionError)).fit(X)


def kept_epochs(path):
    return [fit["state"] and len(fit["state"]["records"]["values"]) for fit in read(path)["fits"]]


@pytest.mark.parametrize(("every", "epochs"), [(1, 3), (2, 3), (10, 3)])
def test_the_last_finished_epoch_is_written_when_a_fit_fails(path, every, epochs):
    stopped(path, epochs, every=every)
    assert kept_epochs(path) == [epochs]


def test_between_writings_the_last_one_stays(path, monkeypatch):
    written = []
    monkeypatch.setattr(journal, "write", lambda path, parts: written.append(len(parts)))
    clone(MODEL).set_callbacks(Checkpoint(path, every=3)).fit(X)
    assert 2 <= len(written) <= 3  # at the start, after epoch 3, at the end; the newest alone


def test_epochs_keep_their_numbers_and_verbose_lines(path, capsys):
    stopped(path)
    numbers = Numbers()
    model = clone(MODEL).set_params(verbose=1).set_callbacks(Checkpoint(path), numbers).fit(X)
    assert numbers.seen == [2, 3]
    assert capsys.readouterr().out.startswith("[Autoencoder] epoch 3/4")
    assert model.n_iter_ == 4


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"model": clone(MODEL).set_params(n_components=2)}, "parameter n_components was 3 and is"),
        ({"model": clone(MODEL).set_params(random_state=1)}, "parameter random_state was 0 and"),
        ({"model": BernoulliRBM(3)}, "class was .*Autoencoder and is .*BernoulliRBM"),
        ({"X": X[:-1]}, r"data X was float64 \(40, 6\) .* and is float64 \(39, 6\)"),
        ({"X": np.where(np.arange(240).reshape(40, 6) == 77, 1 - X, X)}, "data X was"),
        ({"X": X.astype(np.float32)}, "data X was float64"),
        ({"weight": np.arange(40.0)}, "data weights was absent and is float64"),
    ],
)
def test_a_file_of_another_fit_is_refused_and_kept(path, changed, named):
    stopped(path)
    before = path.read_bytes()
    model = clone(changed.get("model", MODEL)).set_callbacks(Checkpoint(path))
    arguments = {"sample_weight": changed["weight"]} if "weight" in changed else {}
    with pytest.raises(ValueError, match=rf"run.ckpt is the checkpoint of another fit: .*{named}"):
        model.fit(changed.get("X", X), **arguments)
    assert path.read_bytes() == before
    assert not model.__sklearn_is_fitted__()
    path.unlink()  # as the message says
    model.fit(changed.get("X", X), **arguments)


def test_a_file_of_other_versions_is_refused(path, monkeypatch):
    stopped(path)
    monkeypatch.setattr(torch, "__version__", "1.0")
    with pytest.raises(ValueError, match=r"version of torch was .* and is 1.0"):
        clone(MODEL).set_callbacks(Checkpoint(path)).fit(X)


def test_what_changes_nothing_may_change(path):
    stopped(path)
    assert clone(MODEL).set_params(verbose=1).set_callbacks(Checkpoint(path)).fit(X).n_iter_ == 4


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:100],
        lambda content: content[:-1],
        lambda content: content[:500] + b"?" + content[501:],
        lambda content: b"\x80\x04K\x01.",  # a pickle
        lambda content: content + b" ",
    ],
)
def test_a_damaged_file_is_refused_and_kept(path, damage):
    stopped(path)
    path.write_bytes(damage(path.read_bytes()))
    damaged = path.read_bytes()
    model = clone(MODEL).set_callbacks(Checkpoint(path))
    with pytest.raises(ValueError, match=r"run.ckpt can't be gone on from: it is .*; delete it"):
        model.fit(X)
    assert path.read_bytes() == damaged
    assert not model.__sklearn_is_fitted__()


def test_a_fit_fails_at_once_where_nothing_can_be_written(tmp_path):
    model = clone(MODEL).set_callbacks(Checkpoint(tmp_path / "absent" / "run.ckpt"))
    with pytest.raises(FileNotFoundError):
        model.fit(X)


def test_a_full_disk_does_not_end_a_fit(path, monkeypatch):
    written, calls = journal.write, []

    def full(path, parts):
        calls.append(path)
        if len(calls) > 1:
            raise OSError("No space left on device")
        written(path, parts)

    monkeypatch.setattr(journal, "write", full)
    with pytest.warns(UserWarning, match=r"run.ckpt could not be written \(No space left") as told:
        model = clone(MODEL).set_callbacks(Checkpoint(path)).fit(X)
    assert {warning.filename for warning in told} == {__file__}
    assert model.n_iter_ == 4
    assert kept_epochs(path) == []


def test_no_file_is_left_unfinished_and_no_thread(path, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda *paths: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        clone(MODEL).set_callbacks(Checkpoint(path)).fit(X)
    assert list(path.parent.iterdir()) == []
    assert not any("checkpoint" in thread.name for thread in threading.enumerate())


def test_what_a_link_points_to_is_not_written(path, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / ".run.ckpt.part").symlink_to(precious)
    clone(MODEL).set_callbacks(Checkpoint(path)).fit(X)
    assert precious.read_text() == "precious"
    assert not path.is_symlink()


def test_clones_have_files_of_their_own(path):
    model = clone(MODEL).set_callbacks(Checkpoint(path))
    scores = cross_val_score(model, X, cv=3)
    assert len(list(path.parent.glob("run-*.ckpt"))) == 3
    assert not path.exists()
    np.testing.assert_array_equal(cross_val_score(model, X, cv=3), scores)
    assert len(list(path.parent.glob("run-*.ckpt"))) == 3


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_goes_on_with_the_fits_that_are_left(path, monkeypatch, n_jobs):
    def search():
        model = clone(MODEL).set_callbacks(Checkpoint(path))
        return GridSearchCV(model, {"learning_rate": [0.01, 0.02]}, cv=2, n_jobs=n_jobs)

    run_epoch, epochs = loop.run_epoch, []

    def counted(*arguments):
        if len(epochs) == 6:
            raise KeyboardInterrupt
        epochs.append(1)
        return run_epoch(*arguments)

    whole = GridSearchCV(clone(MODEL), {"learning_rate": [0.01, 0.02]}, cv=2).fit(X)
    with monkeypatch.context() as patch:
        patch.setattr(loop, "run_epoch", counted)
        with pytest.raises(KeyboardInterrupt):
            search().set_params(n_jobs=None).fit(X)
    kept = [n for file in path.parent.iterdir() for n in kept_epochs(file)]
    assert sorted(kept) == [2, 4]
    found = search().fit(X)
    scores = whole.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(found.cv_results_["mean_test_score"], scores)
    np.testing.assert_array_equal(found.best_estimator_.transform(X), whole.transform(X))
    assert len(list(path.parent.iterdir())) == 5


def test_a_pipeline_says_where_to_set_it(path):
    pipeline = make_pipeline(StandardScaler(), clone(MODEL)).set_callbacks(Checkpoint(path))
    with pytest.raises(TypeError, match=r"nothing for Pipeline: set it on the estimator"):
        pipeline.fit(X)
    pipeline = make_pipeline(StandardScaler(), clone(MODEL))
    pipeline[-1].set_callbacks(Checkpoint(path))  # as the message says
    pipeline.fit(X)
    assert kept_epochs(path) == [4]


def test_the_fits_within_are_in_the_file_of_the_outermost(path):
    encoder = clone(MODEL).set_callbacks(Checkpoint(path.with_name("encoder.ckpt")))
    model = FineTunedClassifier(encoder, max_iter=2, early_stopping=False, random_state=0)
    model.set_callbacks(Checkpoint(path)).fit(X, X[:, 0].astype(int))
    assert kept_epochs(path) == [4, 2]
    assert [file.name for file in path.parent.iterdir()] == ["run.ckpt"]


def test_two_at_a_time_are_refused(path):
    model = clone(MODEL).set_callbacks(Checkpoint(path), Checkpoint(path))
    with pytest.raises(ValueError, match="a fit has one Checkpoint"):
        model.fit(X)


def test_a_warm_start_has_a_file_of_its_own(path):
    model = clone(MODEL).set_params(warm_start=True).set_callbacks(Checkpoint(path))
    twice = model.fit(X).fit(X)
    assert len(list(path.parent.iterdir())) == 2
    again = clone(MODEL).set_params(warm_start=True).set_callbacks(Checkpoint(path))
    again.fit(X)
    again.fit(X)
    assert again.n_iter_ == twice.n_iter_ == 8
    np.testing.assert_array_equal(again.transform(X), twice.transform(X))


@pytest.mark.parametrize("every", [0, -1, 1.5, "1"])
def test_every_is_a_number_of_epochs(path, every):
    with pytest.raises((TypeError, ValueError), match="every"):
        Checkpoint(path, every)


def test_sigterm_writes_once_more_and_leaves_no_handler(path):
    class Terminates(Silent):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "epoch" and context.task_id == 3:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as ended:
        clone(MODEL).set_callbacks(Checkpoint(path, every=100), Terminates()).fit(X)
    assert ended.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert kept_epochs(path) == [3]


def test_a_handler_of_the_user_s_own_stays(path):
    seen = []
    before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
    try:
        clone(MODEL).set_callbacks(Checkpoint(path)).fit(X)
        os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert seen == [1]


def test_the_global_generator_is_as_without_a_file(path):
    model = clone(MODEL).set_params(random_state=None)
    np.random.seed(5)
    plain = clone(model).fit(X).transform(X)
    after = np.random.random()
    np.random.seed(5)
    kept = clone(model).set_callbacks(Checkpoint(path)).fit(X).transform(X)
    assert np.random.random() == after
    np.testing.assert_array_equal(kept, plain)
    state = np.random.get_state(legacy=False)["state"]["pos"]
    clone(model).set_callbacks(Checkpoint(path)).fit(X)
    assert np.random.get_state(legacy=False)["state"]["pos"] == state
