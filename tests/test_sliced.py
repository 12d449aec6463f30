import threading
import time

import dask.array
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import pytest

from skdeepunsup import (
    Autoencoder,
    BernoulliRBM,
    FineTunedClassifier,
    VariationalAutoencoder,
    _sliced,
)
from skdeepunsup._identity import of_array
from skdeepunsup._sliced import Picked, ahead
from skdeepunsup._sources import Mapped, as_sliced, is_memory_mapped
from tests.sources import SOURCES, mapped


@pytest.fixture(autouse=True)
def small_buffers(monkeypatch):
    """Buffers of 4 blocks of 5 rows of 3: what has more is not read whole."""
    monkeypatch.setattr(_sliced, "BLOCK_ENTRIES", 15)
    monkeypatch.setattr(_sliced, "BUFFER_BLOCKS", 4)


@pytest.fixture
def X():
    return np.random.default_rng(0).random((103, 3))


def no_reader_is_left():
    return not any("reads ahead" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("kind", SOURCES)
def test_rows_are_read_as_they_are(kind, X, tmp_path):
    rows = as_sliced(SOURCES[kind](X, tmp_path))
    assert rows.shape == X.shape
    assert not rows.is_small
    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(rows.read(7, 51), X[7:51])
    np.testing.assert_array_equal(rows[100:], X[100:])
    ids = np.array([90, 3, 4, 5, 3, 102])
    np.testing.assert_array_equal(rows[ids], X[ids])
    np.testing.assert_array_equal(rows[8], X[8])
    np.testing.assert_array_equal(np.concatenate([block for _, block in rows.blocks()]), X)
    assert [start for start, _ in rows.blocks(50)] == [0, 50, 100]


def test_a_survey_is_that_of_all_rows(X, tmp_path):
    X[4, 1], X[50:, 2] = np.nan, np.nan
    survey = as_sliced(mapped(X, tmp_path)).survey()
    assert (survey.low, survey.high) == (np.nanmin(X), np.nanmax(X))
    np.testing.assert_array_equal(survey.counts, (~np.isnan(X)).sum(0))
    np.testing.assert_allclose(survey.means, np.nanmean(X, 0))


@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_picked_rows_are_those_wanted_in_order(share, X, tmp_path):
    wanted = np.random.default_rng(1).random(len(X)) < share
    picked = Picked(Mapped(mapped(X, tmp_path)), wanted)
    assert picked.shape == X[wanted].shape
    np.testing.assert_array_equal(picked, X[wanted])
    np.testing.assert_array_equal(picked.read(1, 3), X[wanted][1:3])


def test_small_maps_and_all_arrays_stay_as_they_are(X, tmp_path):
    for kept in (X, X.tolist(), mapped(X[:20], tmp_path)):
        assert as_sliced(kept) is kept
    assert isinstance(as_sliced(mapped(X, tmp_path)), Mapped)
    assert is_memory_mapped(mapped(X, tmp_path)[::2])


@pytest.mark.parametrize("mode", ["r", "r+", "c"])
def test_reading_a_map_leaves_what_was_written_to_it(mode, X, tmp_path):
    np.save(tmp_path / "X.npy", X)
    found = np.load(tmp_path / "X.npy", mmap_mode=mode)
    if mode != "r":
        found[2] = X[2] = 5
    np.testing.assert_array_equal(as_sliced(found), X)
    np.testing.assert_array_equal(found, X)


def test_parts_are_computed_in_order_while_the_caller_works():
    seen, may_go = [], threading.Event()

    def second():
        may_go.set()
        return 2

    for value in ahead([lambda: 1, second]):
        seen.append(value)
        assert may_go.wait(10)  # it is called while the first one is worked on
    assert seen == [1, 2]
    assert list(ahead([])) == []
    assert no_reader_is_left()


def test_what_a_reader_raises_is_raised_by_fit_and_nothing_is_left(X):
    class Failing:
        shape, dtype, ndim = X.shape, X.dtype, 2
        reads = 0

        def __getitem__(self, part):
            self.reads += 1
            if self.reads > 40:
                raise OSError("the disk is gone")
            return X[part]

    model = Autoencoder(2, max_iter=3)
    with pytest.raises(OSError, match="the disk is gone"):
        model.fit(Failing())
    assert not hasattr(model, "module_")
    assert no_reader_is_left()


def test_ctrl_c_ends_the_reader_too(X):
    class Interrupting:
        shape, dtype, ndim = X.shape, X.dtype, 2

        def __getitem__(self, part):
            time.sleep(1e-3)
            return X[part]

    class Pressing(Autoencoder):
        def _objective(self, module, stream):
            objective = super()._objective(module, stream)
            objective.before_epoch = self.press
            return objective

        def press(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Pressing(2, max_iter=3).fit(Interrupting())
    assert no_reader_is_left()


@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize(("value", "word"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_an_entry_that_is_no_number_is_named(kind, value, word, X, tmp_path):
    X[71, 1] = value
    model = Autoencoder(2, max_iter=2)
    column = "'f1'" if kind == "Parquet" else "1"
    with pytest.raises(ValueError, match=f"(?s)contains {word}.*row 71, column {column}"):
        model.fit(SOURCES[kind](X, tmp_path))
    assert not hasattr(model, "n_features_in_")


def test_missing_entries_are_taken_where_they_may_be(X, tmp_path):
    X[71, 1] = np.nan
    model = Autoencoder(2, max_iter=2, missing="mask", random_state=0)
    source = mapped(X, tmp_path)
    assert np.isfinite(model.fit(source).reconstruct(source)).all()


def test_other_columns_are_refused(X, tmp_path):
    model = BernoulliRBM(2, n_iter=1).fit(SOURCES["Parquet"](X, tmp_path))
    assert list(model.feature_names_in_) == ["f0", "f1", "f2"]
    table = pa.table({"f0": X[:, 0], "f2": X[:, 1], "f1": X[:, 2]})
    pa.parquet.write_table(table, tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="feature names"):
        model.transform(pa.dataset.dataset(tmp_path / "other.parquet"))
    with pytest.raises(ValueError, match="2 features"):
        Autoencoder(1, max_iter=1).fit(mapped(X, tmp_path)).transform(mapped(X[:, :2], tmp_path))


def test_a_column_of_text_is_named_and_the_remedy_works(X, tmp_path):
    table = pa.table({"a": X[:, 0], "city": ["x"] * len(X), "b": X[:, 1]})
    pa.parquet.write_table(table, tmp_path / "X.parquet")
    source = pa.dataset.dataset(tmp_path / "X.parquet")
    with pytest.raises(ValueError, match="'city'") as caught:
        BernoulliRBM(2, n_iter=1).fit(source)
    remedy = str(caught.value).split("leave the column out, ")[1].rstrip(".")
    rest = eval(remedy, {"X": source, "pyarrow": pa})
    assert list(BernoulliRBM(2, n_iter=1).fit(rest).feature_names_in_) == ["a", "b"]


def test_nulls_and_integers_of_parquet_are_numbers(X, tmp_path):
    table = pa.table({"a": pa.array([1, None, 3] * 30), "b": pa.array([True, False, None] * 30)})
    pa.parquet.write_table(table, tmp_path / "X.parquet")
    rows = as_sliced(pa.dataset.dataset(tmp_path / "X.parquet"))
    np.testing.assert_array_equal(rows[:3], [[1, 1], [np.nan, 0], [3, np.nan]])


def test_a_filtered_dataset_is_refused(X, tmp_path):
    source = SOURCES["Parquet"](X, tmp_path).filter(pa.dataset.field("f0") > 0.5)
    with pytest.raises(ValueError, match="filtered"):
        BernoulliRBM(2, n_iter=1).fit(source)


def test_a_closed_file_is_refused(X, tmp_path):
    source = SOURCES["HDF5"](X, tmp_path)
    source.file.close()
    with pytest.raises(ValueError, match="closed"):
        BernoulliRBM(2, n_iter=1).fit(source)


def test_blocks_of_unknown_size_are_refused(X):
    source = dask.array.from_array(X, chunks=(10, 3))
    with pytest.raises(ValueError, match="compute_chunk_sizes"):
        BernoulliRBM(2, n_iter=1).fit(source[source[:, 0] > 0.5])


@pytest.mark.parametrize("shape", [(103,), (103, 3, 1), (0, 3), (103, 0)])
def test_other_shapes_are_refused_as_of_arrays(shape, tmp_path):
    with h5py.File(tmp_path / "X.h5", "w") as file:
        source = file.create_dataset("X", data=np.zeros(shape))
        with pytest.raises(ValueError, match=r"2D array|dim 3|0 sample|0 feature"):
            BernoulliRBM(2, n_iter=1).fit(source)


def test_labels_and_weights_go_with_their_rows(X, tmp_path):
    y = np.where(X[:, 0] > 0.5, "high", "low")
    weights = np.where(np.arange(len(X)) % 3, 1.0, 0.0)
    source = mapped(X, tmp_path)
    encoder = Autoencoder(2, max_iter=2)
    model = FineTunedClassifier(encoder, max_iter=150, batch_size=10, random_state=0)
    assert model.fit(source, y).score(source, y) > 0.9

    model = Autoencoder(2, max_iter=5, random_state=0)
    some = model.fit(source, sample_weight=weights).transform(X)
    rest = mapped(X[weights > 0], tmp_path)
    np.testing.assert_allclose(model.fit(rest).transform(X), some, rtol=1e-3, atol=1e-3)


def test_going_on_takes_the_same_rows(X, tmp_path):
    source = mapped(X, tmp_path)
    model = VariationalAutoencoder(2, max_iter=2, warm_start=True, random_state=0)
    assert model.fit(source).fit(source).n_iter_ == 4


def test_a_checkpoint_tells_sources_apart_by_what_they_hold(X, tmp_path):
    (tmp_path / "other").mkdir()
    other = X.copy()
    other[[70, 71]] = X[[71, 70]]
    folders = tmp_path, tmp_path / "other"
    sources = [SOURCES["zarr"](rows, to) for rows, to in zip((X, other), folders, strict=True)]
    first, second = (of_array(as_sliced(source)) for source in sources)
    assert first != second
    assert first == of_array(as_sliced(SOURCES["HDF5"](X, tmp_path)))
