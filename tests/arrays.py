"""The same bits in arrays of all kinds."""

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch

CPU = torch.device("cpu")


def bits(n=40, d=6, seed=0):
    return (np.random.default_rng(seed).random((n, d)) < 0.4).astype(np.float64)


def memory_mapped(X, folder, mode="r"):
    np.save(folder / "X.npy", X)
    return np.load(folder / "X.npy", mmap_mode=mode)


def untidy_csr(X):
    """A CSR matrix of X with an entry split in two and the columns out of order."""
    rows, columns = np.nonzero(X)
    halves = np.r_[X[rows, columns], X[rows, columns]] / 2
    order = np.lexsort((-np.r_[columns, columns], np.r_[rows, rows]))
    indptr = np.r_[0, np.cumsum(2 * np.count_nonzero(X, axis=1))]
    return sp.csr_matrix((halves[order], np.r_[columns, columns][order], indptr), X.shape)


def read_only(X):
    X.flags.writeable = False
    return X


def frozen_csr(X):
    X = untidy_csr(X)
    for part in (X.data, X.indices, X.indptr):
        read_only(part)
    return X


KINDS = {
    "float64": lambda X, folder: X.copy(),
    "float32": lambda X, folder: X.astype(np.float32),
    "float16": lambda X, folder: X.astype(np.float16),
    "integers": lambda X, folder: X.astype(np.int64),
    "bytes": lambda X, folder: X.astype(np.uint8),
    "booleans": lambda X, folder: X.astype(bool),
    "big-endian integers": lambda X, folder: X.astype(">i4"),
    "big-endian floats": lambda X, folder: X.astype(">f4"),
    "Fortran order": lambda X, folder: np.asfortranarray(X),
    "reversed": lambda X, folder: X[::-1].copy()[::-1],
    "read-only": lambda X, folder: read_only(X.copy()),
    "list": lambda X, folder: X.tolist(),
    "memory map": lambda X, folder: memory_mapped(X, folder),
    "writable memory map": lambda X, folder: memory_mapped(X, folder, "r+"),
    "memory map of bytes": lambda X, folder: memory_mapped(X.astype(np.uint8), folder),
    "reversed memory map": lambda X, folder: memory_mapped(X[::-1].astype(np.uint8), folder)[::-1],
    "DataFrame": lambda X, folder: pd.DataFrame(X),
    "CSR": lambda X, folder: sp.csr_matrix(X),
    "CSR array of integers": lambda X, folder: sp.csr_array(X.astype(np.int32)),
    "CSC": lambda X, folder: sp.csc_matrix(X),
    "untidy CSR": lambda X, folder: untidy_csr(X),
    "read-only untidy CSR": lambda X, folder: frozen_csr(X),
    "tensor": lambda X, folder: torch.tensor(X),
    "tensor of float32": lambda X, folder: torch.tensor(X, dtype=torch.float32),
    "tensor of bfloat16": lambda X, folder: torch.tensor(X, dtype=torch.bfloat16),
    "tensor with gradients": lambda X, folder: torch.tensor(X, requires_grad=True),
}


def memory(X):
    """Copies of all the numbers that X holds, as they lie in memory."""
    if sp.issparse(X):
        return [X.data.copy(), X.indices.copy(), X.indptr.copy()]
    if isinstance(X, torch.Tensor):
        return [X.detach().double().numpy().copy()]
    return [np.array(X)]


def shares_memory(tensor, X):
    X = X.data if sp.issparse(X) else X.detach() if isinstance(X, torch.Tensor) else X
    if isinstance(X, torch.Tensor):
        return tensor.untyped_storage().data_ptr() == X.untyped_storage().data_ptr()
    return not isinstance(X, list) and np.shares_memory(tensor.numpy(), X)
