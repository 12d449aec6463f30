"""Transformers without a model in them: sounds and molecules as rows of numbers."""

from .log_mel import LogMel
from .selfies_vectorizer import SelfiesVectorizer

__all__ = ["LogMel", "SelfiesVectorizer"]
