"""Finding outliers by what a model makes of each row."""

from .detector import OutlierDetector

__all__ = ["OutlierDetector"]
