"""Transformers that turn sounds and molecules into rows for a model, and back; none is a model.

Sounds: ``mel.py``, ``short_time.py`` and ``griffin_lim.py`` have the formulas, ``log_mel.py`` the
transformer.
Molecules: ``symbols.py`` knows what selfies allows, ``selfies_vectorizer.py`` is the transformer.
"""

from .log_mel import LogMel
from .selfies_vectorizer import SelfiesVectorizer

__all__ = ["LogMel", "SelfiesVectorizer"]
