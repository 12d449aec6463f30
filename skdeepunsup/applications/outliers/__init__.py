"""Outlier detection with any model: formulas in ``scores.py``, the estimator in ``detector.py``."""

from .detector import OutlierDetector

__all__ = ["OutlierDetector"]
