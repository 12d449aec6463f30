"""MNIST and Fashion-MNIST: clusters of deep embeddings, beside k-means on pixels and on codes."""
