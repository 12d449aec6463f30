"""The kinds of units by name.

A hidden kind joins by one line; a visible one also needs an estimator (``energy/README.md``).
"""

from .base import Units
from .binary import Bernoulli
from .categorical import Categorical
from .gaussian import Gaussian
from .rectified import Rectified

VISIBLE_UNITS: dict[str, type[Units]] = {
    "bernoulli": Bernoulli,
    "gaussian": Gaussian,
    "categorical": Categorical,
}
"""Units that can hold the data."""

HIDDEN_UNITS: dict[str, type[Units]] = {
    "bernoulli": Bernoulli,
    "relu": Rectified,
}
"""Units that can be hidden: one number each, whose statistic is the number itself."""
