"""Classification and regression on pre-trained encoders, which are trained further with labels.

``module.py`` has the mathematics, ``base.py`` what both estimators share; then ``classifier.py``
and ``regressor.py``.
"""

from .classifier import FineTunedClassifier
from .regressor import FineTunedRegressor

__all__ = ["FineTunedClassifier", "FineTunedRegressor"]
