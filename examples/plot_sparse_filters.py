"""
======================
Four ways to be sparse
======================

A sparse code is wide, but few of its units answer to any one row. On patches of photographs units
that rest most of the time become detectors of edges, as cells of the visual cortex are. Not every
way to be sparse gets there.
"""

# %%
# Patches of two photographs
# --------------------------
# They are 12 by 12 pixels, in grey, from the left part of each picture; patches of the right part
# are held out. Neighbouring pixels are nearly alike, and whitening takes that away: 64 directions
# of the same variance remain, and no linear code is better than another. What is left to find is
# what comes as a whole.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepunsup import ComponentsDisplay, SparseAutoencoder, metrics


def patches(images, n):
    """Return the pixels of ``n`` patches of each image, less the mean of each patch."""
    parts = [extract_patches_2d(image, (12, 12), max_patches=n, random_state=0) for image in images]
    rows = np.concatenate(parts).reshape(-1, 144)
    return rows - rows.mean(axis=1, keepdims=True)


photographs = [image.mean(axis=2) / 255 for image in load_sample_images().images]
whitening = PCA(64, whiten=True, random_state=0)
X_train = whitening.fit_transform(patches([image[:, :440] for image in photographs], 8000))
X_test = whitening.transform(patches([image[:, 440:] for image in photographs], 1000))

# %%
# Two penalties, two rules
# ------------------------
# ``"kl"`` and ``"running-mean"`` draw the mean activity of each unit to a target, ``"l1"`` and
# ``"top-k"`` ask for zeros. Targets and costs are set for two to six busy units in a hundred. A
# unit is at rest if it is within 0.01 of the least it can say, 0, or -1 for the tanh of a running
# mean.

shared = {"learning_rate": 2e-3, "batch_size": 64, "max_iter": 25, "random_state": 0}
models = {
    "kl": SparseAutoencoder(100, sparsity="kl", sparsity_target=0.02, sparsity_cost=20, **shared),
    "running-mean": SparseAutoencoder(
        100, sparsity="running-mean", sparsity_target=-0.95, sparsity_cost=30, **shared
    ),
    "l1": SparseAutoencoder(100, sparsity="l1", sparsity_cost=3, **shared),
    "top-k": SparseAutoencoder(100, sparsity="top-k", n_nonzero=6, **shared),
}
for name, model in models.items():
    codes = model.fit(X_train).transform(X_test)
    at_rest = (codes < 0.01 - (name == "running-mean")).mean()
    print(
        f"{name:13} mean activity {codes.mean():5.2f}, at rest {at_rest:3.0%}, "
        f"explained variance {metrics.reconstruction_score(model, X_test):.2f}"
    )

# %%
# A mean can be kept low without a unit at rest: those of ``"kl"`` hum a little, all the time, and
# the decoder turns the volume up. With ``"running-mean"`` units are switches, at rest or fully on.

# %%
# The filters
# -----------
# Forty-nine of each, those with the largest weights, taken from the 64 directions back to pixels.
# Where zeros are asked for there are edges at many places and angles, gratings, and corners. A code
# that hums is hardly sparse, and one mixture of directions does as well as another. Switches cannot
# tell how much there is of a thing, so several have to say it together, and mixtures they are, too.

figure, axes = plt.subplots(2, 2, figsize=(8, 7.3), layout="compressed")
for (name, model), ax in zip(models.items(), axes.flat, strict=True):
    units = np.argsort(-np.linalg.norm(model.components_, axis=1))[:49]
    filters = model.components_[units] @ whitening.components_
    ComponentsDisplay(components=filters, image_shape=(12, 12), indices=units).plot(ax=ax)
    ax.set_title(name)
plt.show()

# %%
# With ``"l1"`` and ``"top-k"`` each unit's column in the decoder is held at norm 1, so a unit that
# is to be heard has to speak up. With ``"kl"`` large columns cost nothing; in the lecture notes it
# is known from, weight decay stands beside it.
