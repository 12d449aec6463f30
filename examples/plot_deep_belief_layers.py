"""
===================================
The layers of a deep belief network
===================================

A deep belief network is learned from the bottom up: each layer is an RBM trained on the hidden
states of the layer below. Here are the features its units respond to, reconstructions of images
from each depth, and samples.
"""

# %%
# Two layers
# ----------
# ``depth`` says which layer is the code. It does not affect training, so two networks from the same
# seed are one network, read at two depths.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skdeepunsup import BernoulliRBM, DeepBeliefNetwork, metrics

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test, _, y_test = train_test_split(X, y, test_size=300, stratify=y, random_state=0)
bits = np.random.default_rng(0).binomial(1, X_test)

shared = {"n_iter": 60, "batch_size": 20, "resample": True, "random_state": 0}
rbm = BernoulliRBM(80, **shared).fit(X_train)
network, lower = (DeepBeliefNetwork((80, 40), depth=d, **shared).fit(X_train) for d in (2, 1))

print(f"RBM, log-likelihood of an image        {rbm.score(bits):.2f} nats")
print(f"network, a lower bound of the same     {network.score(bits):.2f} nats")
for name, model in {"80 units": lower, "40 units": network}.items():
    variance = metrics.reconstruction_score(model, X_test)
    print(f"explained variance from the {name}: {variance:.2f}")

# %%
# On images this small the bound shows no gain from the second layer. It is half as wide as the
# first, a shorter code, from which reconstructions are worse.

# %%
# What units respond to
# ---------------------
# A unit of the second layer is not connected to pixels. The product of the weights below it shows
# what it responds to in the image. Here are the forty units of each layer that vary most over the
# images:

figure = plt.figure(figsize=(8, 3), layout="constrained")
down = np.eye(64)
parts = figure.subfigures(1, 2, wspace=0.05)
for part, machine, code in zip(
    parts, network.module_.layers, network.activities(X_train), strict=True
):
    down = down @ machine.W.numpy()  # from the units of this layer to the pixels
    part.suptitle(f"{down.shape[1]} units")
    units = np.argsort(-code.std(axis=0))[:40]
    for ax, w in zip(part.subplots(5, 8).flat, down.T[units], strict=True):
        ax.imshow(w.reshape(8, 8), cmap="RdBu_r", vmin=-abs(w).max(), vmax=abs(w).max())
        ax.set_axis_off()
plt.show()

# %%
# From each depth, and from the top
# ---------------------------------
# One held-out image of each digit, reconstructed from the first layer, and from the second. The
# last row are samples: Gibbs sampling in the top machine, then one pass down, shown as
# probabilities of the pixels.

shown = X_test[[(y_test == digit).argmax() for digit in range(10)]]
rows = {
    "original": shown,
    "from 80 units": lower.reconstruct(shown),
    "from 40 units": network.reconstruct(shown),
    "samples": lower.reconstruct(network.sample(10, random_state=1)),
}
figure, axes = plt.subplots(len(rows), 10, figsize=(8, 3.2), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, ax in zip(images, line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()
