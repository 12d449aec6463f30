"""
==========================
Filling missing categories
==========================

A categorical RBM learns from rows with missing entries, and fills them in from the observed ones.
"""

# %%
# A table with missing entries
# ----------------------------
# Thirty measurements of cell nuclei, each binned into four grades. A third of all entries is then
# hidden.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.preprocessing import KBinsDiscretizer

from skdeepunsup import CategoricalRBM

X = KBinsDiscretizer(4, encode="ordinal", strategy="kmeans", random_state=0).fit_transform(
    load_breast_cancer().data
)
hidden = np.random.default_rng(0).random(X.shape) < 1 / 3
seen = np.where(hidden, np.nan, X)

# %%
# Filling them in
# ---------------
# The machine is trained on the rows as they are: a missing entry adds nothing to the hidden units'
# input and is not reconstructed. ``impute`` then holds the observed entries fixed and draws the
# missing ones; with ``mean`` the answer is the most probable grade over ten chains.

rbm = CategoricalRBM(64, n_iter=100, random_state=0).fit(seen)
filled = {
    "most frequent": SimpleImputer(strategy="most_frequent").fit_transform(seen),
    "nearest rows": KNNImputer(weights="distance").fit_transform(seen).round(),
}
filled["RBM"] = rbm.impute(seen, mean=True, n_draws=10, n_steps=20, random_state=0)

for name, answer in filled.items():
    print(f"{name:14} {(answer == X)[hidden].mean():.1%} of the hidden grades are right")

# %%
# The table
# ---------
# Sixty rows, sorted by their mean grade, one column for each measurement; darker is a higher grade.

rows = np.random.default_rng(1).choice(len(X), 60, replace=False)
rows = rows[np.argsort(X[rows].mean(axis=1))]
tables = {"original": X, "seen": seen, **filled}
figure, axes = plt.subplots(1, len(tables), figsize=(9, 4), layout="constrained")
for (name, table), ax in zip(tables.items(), axes, strict=True):
    ax.imshow(table[rows], cmap="viridis_r", vmin=0, vmax=3, aspect="auto", interpolation="nearest")
    ax.set(title=name, xticks=[], yticks=[])
plt.show()
