"""Figures, as scikit-learn has them; matplotlib is needed only when one is drawn."""

from .comparison import ReducerComparisonDisplay

__all__ = ["ReducerComparisonDisplay"]
