"""
============================
Ten digits in two dimensions
============================

A code of two numbers is a map: every image has a place on it. PCA draws the best flat map. A deep
autoencoder may fold and stretch the plane, and so separates images that PCA puts on top of each
other.
"""

# %%
# Two maps of the same images
# ---------------------------
# Both are fitted to 1347 images; 450 others are put on their maps. No labels are used: the colours
# only show what the maps have found.

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

from skdeepunsup import Autoencoder, LatentGridDisplay, LatentSpaceDisplay, metrics

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

models = {
    "PCA": PCA(2),
    "deep autoencoder": Autoencoder(2, hidden_layer_sizes=(256, 128, 32), random_state=0),
}
for name, model in models.items():
    codes = model.fit_transform(X_train)
    variance = metrics.reconstruction_score(model, X_test)
    neighbours = KNeighborsClassifier(10).fit(codes, y_train)
    accuracy = neighbours.score(model.transform(X_test), y_test)
    print(f"{name:17} explained variance {variance:.2f}, digit of the neighbours {accuracy:.0%}")

# %%
# The second number is the accuracy of predicting the digit of an image from the ten images nearest
# to it on the map.

# %%

figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.4), layout="constrained")
for (name, model), ax in zip(models.items(), axes, strict=True):
    LatentSpaceDisplay.from_estimator(model, X_test, y_test, ax=ax)
    ax.set_title(name)
axes[0].get_legend().remove()  # one for both, beside them
axes[1].get_legend().set_loc("center left")
axes[1].get_legend().set_bbox_to_anchor((1, 0.5))
plt.show()

# %%
# What the places look like
# -------------------------
# Both maps can be read the other way: each place decodes to an image. PCA blends; the autoencoder's
# plane has regions, with a digit in each.

figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.9), layout="compressed")
for (name, model), ax in zip(models.items(), axes, strict=True):
    LatentGridDisplay.from_estimator(model, X_train, n_steps=12, image_shape=(8, 8), ax=ax)
    ax.set_title(name)
plt.show()
