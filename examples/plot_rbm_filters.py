"""
==================
What an RBM learns
==================

A restricted Boltzmann machine can be inspected in two ways: by the filters of its hidden units, and
by the images that it samples.
"""

# %%
# Two machines on the digits
# --------------------------
# Both have 40 hidden units. The second has a sparsity target: its units are pulled towards being on
# in one of twenty images. Grey levels are taken as probabilities, from which each batch draws bits
# (``resample=True``); so held-out images are scored as bits too.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skdeepunsup import BernoulliRBM

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test = train_test_split(X, test_size=300, stratify=y, random_state=0)
bits = np.random.default_rng(0).binomial(1, X_test)

machines = {}
for target in (None, 0.05):
    rbm = BernoulliRBM(
        40, n_iter=100, batch_size=20, resample=True, sparsity_target=target, random_state=0
    ).fit(X_train)
    machines[f"sparsity_target={target}"] = rbm
    activity = rbm.transform(X_test).mean()
    print(f"target {target}: mean activity {activity:.2f}, {rbm.score(bits):.2f} nats an image")

# %%
# The filters
# -----------
# A row of ``components_`` is the filter of one hidden unit: red pixels switch it on, blue ones off.
# Units are sorted by how often they are on, and each has a colour scale of its own.

figure = plt.figure(figsize=(8, 2.9), layout="constrained")
for part, (name, rbm) in zip(figure.subfigures(1, 2, wspace=0.05), machines.items(), strict=True):
    part.suptitle(name)
    order = np.argsort(-rbm.transform(X_train).mean(axis=0))
    for ax, w in zip(part.subplots(5, 8).flat, rbm.components_[order], strict=True):
        ax.imshow(w.reshape(8, 8), cmap="RdBu_r", vmin=-abs(w).max(), vmax=abs(w).max())
        ax.set_axis_off()
plt.show()

# %%
# What switches a unit on
# -----------------------
# Six units of the sparse machine, those with the largest weights, and the held-out images that
# excite each of them most.

code = rbm.transform(X_test)
units = np.argsort(-np.linalg.norm(rbm.components_, axis=1))[:6]
figure, axes = plt.subplots(6, 11, figsize=(8, 4.2), layout="constrained")
for unit, line in zip(units, axes, strict=True):
    w = rbm.components_[unit].reshape(8, 8)
    line[0].imshow(w, cmap="RdBu_r", vmin=-abs(w).max(), vmax=abs(w).max())
    for image, ax in zip(X_test[np.argsort(-code[:, unit])], line[1:], strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
    for ax in line:
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_title("filter", fontsize="medium")
title = axes[0, 1].annotate(
    "held-out images that excite it most", (0, 1.15), xycoords="axes fraction"
)
title.set_in_layout(False)  # it may reach over the next images
plt.show()

# %%
# Samples
# -------
# Twelve chains of the first machine start at independent pixels with the data's means. A sample
# consists of bits; shown here are the probabilities of its pixels, ``reconstruct(sample)``. Within
# some ten sweeps the chains find digits, and then move from one to another.

rbm = machines["sparsity_target=None"]
steps = [0, 1, 3, 10, 30, 100, 1000]
figure, axes = plt.subplots(len(steps), 12, figsize=(8, 4.7), layout="constrained")
for n_steps, line in zip(steps, axes, strict=True):
    fantasies = rbm.sample(12, n_steps=n_steps, random_state=0)
    for image, ax in zip(rbm.reconstruct(fantasies), line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    label = f"{n_steps} sweep" + "s" * (n_steps != 1)
    line[0].set_ylabel(label, rotation=0, ha="right", va="center")
plt.show()
