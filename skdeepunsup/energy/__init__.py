"""Models that learn by lowering the energy of the data."""

from .categorical_rbm import CategoricalRBM
from .gaussian_rbm import GaussianRBM
from .rbm import BernoulliRBM

__all__ = ["BernoulliRBM", "CategoricalRBM", "GaussianRBM"]
