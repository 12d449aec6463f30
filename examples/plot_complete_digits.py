"""
======================
Half a digit completed
======================

A Boltzmann machine is a distribution over whole images, so it has a distribution over the hidden
half of an image given the other half. There is more than one answer, and the machine can draw them
all.
"""

# %%
# Two machines of whole digits
# ----------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split

from skdeepunsup import BernoulliRBM, DeepBoltzmannMachine

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test, _, y_test = train_test_split(X, y, test_size=300, stratify=y, random_state=0)

shared = {"batch_size": 20, "resample": True, "random_state": 0}
machines = {
    "RBM": BernoulliRBM(200, n_iter=100, **shared).fit(X_train),
    "DBM": DeepBoltzmannMachine((64, 64), n_iter=60, **shared).fit(X_train),
}

# %%
# The expected lower half
# -----------------------
# ``impute`` holds the observed pixels fixed and draws the missing ones, marked by NaN, given these.
# With ``mean`` it estimates the expected image, here over 10 chains of 100 sweeps. Ridge regression
# of the lower half on the upper one predicts the same by a linear map.

seen = np.arange(64) < 32
start = np.where(seen, X_test, X_train.mean(axis=0))
halves = np.where(seen, X_test, np.nan)
ridge = Ridge().fit(X_train[:, seen], X_train[:, ~seen])
expected = {"ridge": np.hstack([X_test[:, seen], ridge.predict(X_test[:, seen])])}
for name, machine in machines.items():
    expected[name] = machine.impute(halves, mean=True, n_draws=10, random_state=0)

for name, images in {"mean": start, **expected}.items():
    error = np.square(X_test - images).sum(axis=1).mean()
    print(f"{name:5} squared error of an image {error:.2f}")

# %%

shown = [np.flatnonzero(y_test == digit)[1] for digit in range(10)]
rows = {"seen": halves, **expected, "original": X_test}
figure, axes = plt.subplots(len(rows), 10, figsize=(8, 4.2), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, ax in zip(images[shown], line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# Several answers
# ---------------
# The mean hides how much single answers differ. Here are twelve draws for each of three upper
# halves, as probabilities of the pixels.

machine = machines["RBM"]
figure, axes = plt.subplots(3, 13, figsize=(8, 2.1), layout="constrained")
for i, line in zip((shown[0], shown[3], shown[5]), axes, strict=True):
    answers = machine.impute(halves[[i]], n_draws=12, random_state=0)[:, 0]
    images = np.where(seen, X_test[i], machine.reconstruct(answers))
    for image, ax in zip([halves[i], *images], line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_title("seen", fontsize="medium")
title = axes[0, 1].annotate("twelve completions", (0, 1.15), xycoords="axes fraction")
title.set_in_layout(False)  # it may reach over the next images
plt.show()
