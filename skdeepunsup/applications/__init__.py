"""What people do with the models: estimators of other kinds, built on them."""

from .fine_tuned_classifier import FineTunedClassifier
from .fine_tuned_regressor import FineTunedRegressor

__all__ = ["FineTunedClassifier", "FineTunedRegressor"]
