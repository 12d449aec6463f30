"""The models of the command line, with settings that suit most data."""

from collections.abc import Callable
from typing import Any

from sklearn.decomposition import PCA

from ..energy import BernoulliRBM
from ..reconstruction import Autoencoder


def _pca(width: int, n_epochs: int, random_state: int) -> Any:
    return PCA(width, random_state=random_state)


def _linear_autoencoder(width: int, n_epochs: int, random_state: int) -> Any:
    return Autoencoder(
        width,
        activation="identity",
        learning_rate=1e-2,
        batch_size=128,
        max_iter=n_epochs,
        n_iter_no_change=n_epochs,  # all of them: plateaus are long where epochs are short
        random_state=random_state,
    )


def _autoencoder(width: int, n_epochs: int, random_state: int) -> Any:
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


def _rbm(width: int, n_epochs: int, random_state: int) -> Any:
    return BernoulliRBM(width, n_iter=n_epochs, resample=True, random_state=random_state)


MODELS: dict[str, Callable[[int, int, int], Any]] = {
    "pca": _pca,
    "linear-autoencoder": _linear_autoencoder,
    "autoencoder": _autoencoder,
    "rbm": _rbm,
}


def n_epochs(n_rows: int) -> int:
    """Number of epochs for a given number of rows: enough updates for few, not too many for many.

    About 180 000 rows are processed in all: 150 epochs of the digits.
    """
    return min(1000, max(10, round(180_000 / n_rows)))
