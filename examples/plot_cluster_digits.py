"""
==============================
Ten clusters nobody labelled
==============================

Deep embedded clustering begins at the code of an autoencoder, and trains the code until clusters
come apart in it. As the code has a way back, each cluster can be looked at: its centre, and images
drawn from it.
"""

# %%
# Beside k-means
# --------------
# All 1,797 images are clustered, without labels. These serve afterwards: each cluster is matched to
# a digit of its own, in the best of all ways, and the share of images that lie in the cluster of
# their digit is counted. Results depend on the first weights, so there are three fits, each with
# the default settings.

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import linear_sum_assignment
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix

from skdeepunsup import DeepEmbeddedClustering

X, y = load_digits(return_X_y=True)
X = X / 16


def accuracy(clusters):
    """Return the share of images in the cluster that stands for their digit."""
    counts = confusion_matrix(y, clusters)
    return counts[linear_sum_assignment(-counts)].sum() / len(y)


models, figures = [], {"k-means, pixels": [], "k-means, code": [], "deep clusters": []}
for seed in range(3):
    model = DeepEmbeddedClustering(10, random_state=seed).fit(X)
    codes = model.encoder_.transform(X)  # as they were before they were trained to cluster
    kmeans = KMeans(10, n_init=20, random_state=seed)
    figures["k-means, pixels"].append(accuracy(kmeans.fit_predict(X)))
    figures["k-means, code"].append(accuracy(kmeans.fit_predict(codes)))
    figures["deep clusters"].append(accuracy(model.labels_))
    models.append(model)
for name, shares in figures.items():
    print(f"{name:16} " + "  ".join(f"{share:.1%}" for share in shares))
