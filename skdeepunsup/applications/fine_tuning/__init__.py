"""Prediction from pre-trained encoders."""

from .classifier import FineTunedClassifier
from .regressor import FineTunedRegressor

__all__ = ["FineTunedClassifier", "FineTunedRegressor"]
