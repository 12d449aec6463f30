"""Figures, as scikit-learn has them; matplotlib is needed only when one is drawn."""

from .comparison import ReducerComparisonDisplay
from .components import ComponentsDisplay
from .latent_grid import LatentGridDisplay
from .latent_space import LatentSpaceDisplay
from .latent_traversal import LatentTraversalDisplay
from .reconstruction import ReconstructionDisplay
from .training_curve import TrainingCurveDisplay

__all__ = [
    "ComponentsDisplay",
    "LatentGridDisplay",
    "LatentSpaceDisplay",
    "LatentTraversalDisplay",
    "ReconstructionDisplay",
    "ReducerComparisonDisplay",
    "TrainingCurveDisplay",
]
