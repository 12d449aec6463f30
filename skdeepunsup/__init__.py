"""Classic deep unsupervised models as scikit-learn estimators on PyTorch."""

from . import metrics
from .energy import BernoulliRBM
from .reconstruction import Autoencoder

__version__ = "0.1.0.dev0"

__all__ = [  # noqa: RUF022, grouped by how the models learn
    # by lowering an energy
    "BernoulliRBM",
    # by giving the input back
    "Autoencoder",
    # figures of merit
    "metrics",
]
