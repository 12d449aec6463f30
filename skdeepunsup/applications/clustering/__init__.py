"""Clustering in the code of an encoder that is trained with the clusters."""

from .deep_embedded import DeepEmbeddedClustering
from .variational_deep_embedding import VariationalDeepEmbedding

__all__ = ["DeepEmbeddedClustering", "VariationalDeepEmbedding"]
