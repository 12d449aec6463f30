"""
======================
Four ways to be sparse
======================

A sparse code is wide, but few of its units are active for any row. On patches of photographs units
that are at rest most of the time become detectors of edges, like cells of the visual cortex. Not
every kind of sparsity gets there.
"""

# %%
# Patches of two photographs
# --------------------------
# They are 12 by 12 pixels, in grey, from the left part of each picture; patches of the right part
# are held out. Neighbouring pixels are nearly alike, and whitening removes this correlation: 64
# directions of the same variance remain, and no linear code is better than another. Only structure
# beyond correlations is left to find.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.decomposition import PCA
from sklearn.feature_extraction.image import extract_patches_2d

from skdeepunsup import ComponentsDisplay, SparseAutoencoder, metrics


def patches(images, n):
    """Return the pixels of ``n`` patches of each image, minus the mean of each patch."""
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
# ``"kl"`` and ``"running-mean"`` pull the mean activity of each unit towards a target, ``"l1"`` and
# ``"top-k"`` produce zeros. Targets and costs are set for two to six active units in a hundred. A
# unit is at rest if it is within 0.01 of its lowest value, 0, or -1 for the tanh of a running mean.

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
# A mean can be low without any unit at rest: units of ``"kl"`` are weakly active all the time, and
# the decoder amplifies them. With ``"running-mean"`` units are switches, at rest or fully on.

# %%
# The filters
# -----------
# Forty-nine of each, those with the largest weights, taken from the 64 directions back to pixels.
# Codes with zeros have edges at many places and angles, gratings, and corners. A code that is
# weakly active all the time is hardly sparse, and for it one mixture of directions is as good as
# another. Switches cannot encode a magnitude alone, so several have to do it together, and they are
# mixtures, too.

figure, axes = plt.subplots(2, 2, figsize=(8, 7.3), layout="compressed")
for (name, model), ax in zip(models.items(), axes.flat, strict=True):
    units = np.argsort(-np.linalg.norm(model.components_, axis=1))[:49]
    filters = model.components_[units] @ whitening.components_
    ComponentsDisplay(components=filters, image_shape=(12, 12), indices=units).plot(ax=ax)
    ax.set_title(name)
plt.show()

# %%
# With ``"l1"`` and ``"top-k"`` each unit's column in the decoder is held at norm 1, so only a
# strongly active unit has a strong effect. With ``"kl"`` large columns cost nothing; the lecture
# notes that introduced it combine it with weight decay.
