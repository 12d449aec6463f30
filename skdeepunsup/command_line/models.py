"""The models of the command line, with settings that suit most data."""

from collections.abc import Callable
from typing import Any

from sklearn.decomposition import PCA

from ..energy import BernoulliRBM
from ..reconstruction import Autoencoder


def _pca(width: int, n_epochs: int, random_state: int, n_rows: int) -> Any:
    return PCA(width, random_state=random_state)


def _linear_autoencoder(width: int, n_epochs: int, random_state: int, n_rows: int) -> Any:
    return Autoencoder(
        width,
        hidden_layer_sizes=(),
        learning_rate=1e-2,
        batch_size=min(128, max(16, n_rows // 8)),  # few rows must not mean few updates
        max_iter=n_epochs,
        early_stopping=False,
        n_iter_no_change=n_epochs,  # all of them: plateaus are long where epochs are short
        random_state=random_state,
    )


def _autoencoder(width: int, n_epochs: int, random_state: int, n_rows: int) -> Any:
    return Autoencoder(
        width,
        hidden_layer_sizes=(128, 64),
        activation="silu",
        learning_rate=2e-3,
        batch_size=64,
        max_iter=n_epochs,
        n_iter_no_change=n_epochs,  # all of them: plateaus are long where epochs are short
        random_state=random_state,
    )


def _rbm(width: int, n_epochs: int, random_state: int, n_rows: int) -> Any:
    return BernoulliRBM(width, n_iter=n_epochs, resample=True, random_state=random_state)


MODELS: dict[str, Callable[[int, int, int, int], Any]] = {
    "pca": _pca,
    "linear-autoencoder": _linear_autoencoder,
    "autoencoder": _autoencoder,
    "rbm": _rbm,
}


WIDE = 500
"""Features from which on the rows of a fit become fewer, as each of them costs more."""


def n_epochs(n_rows: int, n_features: int) -> int:
    """Number of epochs for a given number of rows: enough updates for few, not too many for many.

    About 180 000 rows are processed in all, 150 epochs of the digits, or as many entries as these
    have with `WIDE` features. With 240 rows of 5000 features, 75 epochs in place of 750 take a
    tenth of the time; a linear code of 8 then explains .57 of held-out rows (750 epochs: .58), and
    a deep one .50 (.25: it overfits).
    """
    return min(1000, max(10, round(180_000 * min(1, WIDE / n_features) / n_rows)))
