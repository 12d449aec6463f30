"""
==============================
Ten clusters nobody labelled
==============================

Deep embedded clustering starts from the code of an autoencoder, and trains the code until clusters
separate in it. Since codes can be decoded, each cluster can be shown: its centre, and images drawn
from it.
"""

# %%
# Beside k-means
# --------------
# All 1,797 images are clustered, without labels. The labels are used afterwards: each cluster is
# matched to a digit of its own, in the best possible way, and the accuracy is the share of images
# in the cluster of their digit. Results depend on the first weights, so there are three fits with
# the default settings. "of one size" starts from clusters that are constrained to equal shares of
# the images. For these digits this is right, and it is prior knowledge that the others do not have.

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


models, figures = (
    [],
    {"k-means, pixels": [], "k-means, code": [], "deep clusters": [], "of one size": []},
)
for seed in range(3):
    model = DeepEmbeddedClustering(10, random_state=seed).fit(X)
    codes = model.encoder_.transform(X)  # as they were before they were trained to cluster
    kmeans = KMeans(10, n_init=20, random_state=seed)
    figures["k-means, pixels"].append(accuracy(kmeans.fit_predict(X)))
    figures["k-means, code"].append(accuracy(kmeans.fit_predict(codes)))
    figures["deep clusters"].append(accuracy(model.labels_))
    equal = DeepEmbeddedClustering(10, model.encoder_, init="equal-mixture", random_state=seed)
    figures["of one size"].append(accuracy(equal.fit_predict(X)))
    models.append(model)
for name, shares in figures.items():
    print(f"{name:16} " + "  ".join(f"{share:.1%}" for share in shares))

# %%
# What the clusters are
# ---------------------
# A row is a cluster of the first fit: its decoded centre, nine of its images, and nine images drawn
# from it, from the normal distribution of the cluster in the code. A row is named by its most
# frequent digit. A digit that names two rows has been split in two; a digit that names none shares
# a cluster with another.

model = models[0]
centres = model.inverse_transform(model.cluster_centers_)
drawn = [model.sample(k, 200, random_state=0) for k in range(10)]
stayed = np.mean([model.predict(images) == k for k, images in enumerate(drawn)])
print(f"{stayed:.0%} of the drawn images fall in the cluster that they were drawn from")

counts = confusion_matrix(model.labels_, y)
order = counts.argmax(axis=1).argsort(kind="stable")
rng = np.random.default_rng(0)
figure, axes = plt.subplots(
    10, 21, figsize=(9, 4.9), width_ratios=[1, 0.4, *[1] * 9, 0.4, *[1] * 9], layout="constrained"
)
for line, k in zip(axes, order, strict=True):
    members = X[rng.choice(np.flatnonzero(model.labels_ == k), 9, replace=False)]
    shown = [centres[k], None, *members, None, *drawn[k][:9]]
    for ax, image in zip(line, shown, strict=True):
        if image is None:
            ax.set_axis_off()
            continue
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    share = counts[k].max() / counts[k].sum()
    line[0].set_ylabel(f"{counts[k].argmax()}: {share:.0%}", rotation=0, ha="right", va="center")
for column, name in ((0, "centre"), (6, "members"), (16, "drawn")):
    axes[0, column].set_title(name, fontsize="medium")
plt.show()
