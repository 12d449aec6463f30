"""Detectors of outliers, small enough to fit in no time."""

from skdeepunsup import Autoencoder, OutlierDetector
from tests.applications.models import MACHINE, VARIATIONAL

SMALL = [OutlierDetector(MACHINE, random_state=0)]

VARIANTS = [
    OutlierDetector(MACHINE, criterion="free-energy", random_state=0),
    OutlierDetector(MACHINE, criterion="log-likelihood", random_state=0),
    OutlierDetector(MACHINE, criterion="reconstruction-error", random_state=0),
    OutlierDetector(
        Autoencoder(3, max_iter=3, hidden_layer_sizes=(), early_stopping=False),
        contamination=0.3,
        random_state=0,
    ),
    OutlierDetector(
        Autoencoder(3, missing="mask", max_iter=3, hidden_layer_sizes=(), early_stopping=False),
        criterion="reconstruction-error",
        random_state=0,
    ),
    OutlierDetector(VARIATIONAL, random_state=0),
    OutlierDetector(VARIATIONAL, criterion="reconstruction-error", random_state=0),
]
