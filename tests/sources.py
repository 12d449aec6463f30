"""The same rows in everything that gives rows by slices."""

import dask.array
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet
import zarr


def in_hdf5(X, folder):
    path = folder / "X.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("X", data=X, chunks=(min(len(X), 13), X.shape[1]))
    return h5py.File(path, "r")["X"]


def in_parquet(X, folder):
    names = [f"f{i}" for i in range(X.shape[1])]
    table = pa.table(dict(zip(names, X.T.copy(), strict=True)))
    pa.parquet.write_table(table, folder / "X.parquet", row_group_size=11)
    return pa.dataset.dataset(folder / "X.parquet")


def mapped(X, folder):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode="r")


SOURCES = {
    "memory map": mapped,
    "HDF5": in_hdf5,
    "zarr": lambda X, folder: zarr.create_array(folder / "X.zarr", data=X, chunks=(17, 2)),
    "Parquet": in_parquet,
    "dask": lambda X, folder: dask.array.from_array(X, chunks=(19, 4)),
}
