"""
==================================
A code of eight numbers beside PCA
==================================

How much of a handwritten digit does a code of eight numbers keep? PCA finds the best linear code,
and a linear autoencoder should find the same. The code of a deep autoencoder is nonlinear; a
restricted Boltzmann machine has eight hidden units, each with about one bit of information.
"""

# %%
# Four reducers on the same folds
# -------------------------------
# The images have 64 pixels, scaled to [0, 1]. Everything is measured on held-out images.

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import Autoencoder, BernoulliRBM, compare_reducers

X, y = load_digits(return_X_y=True)
X = X / 16

reducers = {
    "PCA": PCA(8),
    "linear autoencoder": Autoencoder(8, hidden_layer_sizes=(), random_state=0),
    "deep autoencoder": Autoencoder(8, hidden_layer_sizes=(128, 64), random_state=0),
    "RBM": BernoulliRBM(8, n_iter=100, resample=True, random_state=0),
}
table = pd.DataFrame(compare_reducers(reducers, X, y, cv=3)).set_index("name")
table[["explained_variance", "reconstruction_error", "knn_score"]].round(3)

# %%
# The reconstructions
# -------------------
# One held-out image of each digit, and its reconstruction from each code.

X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
originals = X_test[[(y_test == digit).argmax() for digit in range(10)]]
rows = {"original": originals}
for name, reducer in reducers.items():
    reducer.fit(X_train)
    rows[name] = reducer.inverse_transform(reducer.transform(originals))

figure, axes = plt.subplots(len(rows), 10, figsize=(8, 4), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, ax in zip(images, line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# An RBM needs more hidden units than PCA has components: eight are few for it.
