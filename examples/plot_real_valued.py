"""
=================================
A density of real-valued features
=================================

A Gaussian RBM is a mixture of Gaussians that share their filters: each state of its hidden units is
a component. In two dimensions all of them can be drawn.
"""

# %%
# Four clusters
# -------------
# Six hidden units have 64 states. The machine is compared with a mixture of as many components as
# there are clusters, by the log density of held-out points.

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_blobs
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import scale

from skdeepunsup import GaussianRBM

centers = [(-2, -2), (-1, 1), (1, -1), (2, 2)]
X = scale(make_blobs(1000, centers=centers, cluster_std=0.4, random_state=0)[0])
X_train, X_test = train_test_split(X, test_size=300, random_state=0)

rbm = GaussianRBM(6, n_iter=300, learning_rate=0.1, n_chains=100, random_state=0).fit(X_train)
for name, model in {
    "one Gaussian": GaussianMixture(1),
    "four Gaussians": GaussianMixture(4, random_state=0),
}.items():
    print(f"{name:15} {model.fit(X_train).score(X_test):.2f} nats")
print(f"{'Gaussian RBM':15} {rbm.score(X_test):.2f} nats")

# %%
# Its components
# --------------
# Given the hidden units, the features are normal with mean :math:`Wh + a` and the variances
# ``variances_``. The component of a state has the share
#
# .. math:: p(h) \propto \exp\Big(b^\top h + \tfrac12 \sum_i (Wh + a)_i^2 / \sigma_i^2\Big).
#
# Each dot is a state's mean, the disc around it as large as its share: a few states have nearly all
# of the probability, and form the four clusters.

h = np.array(list(product([0, 1], repeat=6)))
means = h @ rbm.components_ + rbm.intercept_visible_
log_shares = h @ rbm.intercept_hidden_ + 0.5 * (means**2 / rbm.variances_).sum(axis=1)
shares = np.exp(log_shares - np.logaddexp.reduce(log_shares))
print(f"{(shares > 0.01).sum()} of {len(h)} states have more than 1 % of the probability")

grid = np.linspace(-2.4, 2.4, 120)
points = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
density = np.exp(rbm.score_samples(points)).reshape(120, 120)
samples = rbm.sample(len(X_test), random_state=0)

figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), sharey=True, layout="constrained")
axes[0].contourf(grid, grid, density, 10, cmap="Blues")
axes[0].plot(*X_test.T, ".", color="black", markersize=2)
axes[0].set_title("density, held-out points")
axes[1].scatter(*means.T, s=1500 * shares, color="tab:orange", alpha=0.5)
axes[1].plot(*means.T, ".", color="black", markersize=2)
axes[1].set_title("means of the components")
axes[2].plot(*samples.T, ".", color="tab:red", markersize=2)
axes[2].set_title("samples")
for ax in axes:
    ax.set(xlim=(-2.4, 2.4), ylim=(-2.4, 2.4), aspect="equal")
plt.show()
