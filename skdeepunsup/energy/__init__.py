"""Models that learn by lowering the energy of the data."""

from .rbm import BernoulliRBM

__all__ = ["BernoulliRBM"]
