"""Models that learn by lowering the energy of the data."""

from .boltzmann import BoltzmannMachine
from .categorical_rbm import CategoricalRBM
from .deep_belief import DeepBeliefNetwork
from .deep_boltzmann import DeepBoltzmannMachine
from .gaussian_rbm import GaussianRBM
from .rbm import BernoulliRBM

__all__ = [
    "BernoulliRBM",
    "BoltzmannMachine",
    "CategoricalRBM",
    "DeepBeliefNetwork",
    "DeepBoltzmannMachine",
    "GaussianRBM",
]
