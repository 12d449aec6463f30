"""Displays in the style of scikit-learn; matplotlib is imported only when a figure is drawn.

One file per display. What they share: ``_axes.py`` (matplotlib and its axes), ``_codes.py``
(encoding, decoding and checks), ``_images.py`` (rows as images), ``_panels.py`` (the panels of
``comparison.py``).
"""

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
