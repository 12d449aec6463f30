"""
==============================
A number for each thing moving
==============================

Images may be generated from a few factors: shape, size and place. A code is disentangled if each of
its components stands for a single factor. Nothing forces a variational autoencoder to find such a
code; a penalty on the dependence between components makes it likelier.
"""

# %%
# Sprites
# -------
# Where all factors are known, success can be measured. Here each image is drawn by NumPy: an
# ellipse or a square with soft edges, of four sizes, at 16 by 8 places. It is a small version of
# dSprites, the data set on which such methods are compared.

import matplotlib.pyplot as plt
import numpy as np

from skdeepunsup import LatentTraversalDisplay, VariationalAutoencoder, metrics

HEIGHT, WIDTH = 12, 24


def sprite(shape, size, column, row):
    """Return the pixels of one image, in [0, 1]."""
    dx = abs(np.arange(WIDTH) - 4 - column)
    dy = abs(np.arange(HEIGHT)[:, None] - 3.5 - 4 * row / 7)
    distance = np.maximum(dx, dy) if shape else np.hypot(dx, 1.8 * dy)
    return np.clip((1.8 + 0.7 * size - distance + 1) / 2, 0, 1).ravel()


factors = np.indices((2, 4, 16, 8)).reshape(4, -1).T
X = np.array([sprite(*row) for row in factors])

figure, axes = plt.subplots(3, 8, figsize=(8, 1.7), layout="constrained")
for i, ax in zip(np.random.default_rng(0).choice(len(X), 24), axes.flat, strict=True):
    ax.imshow(X[i].reshape(HEIGHT, WIDTH), cmap="gray", vmin=0, vmax=1)
    ax.set(xticks=[], yticks=[])
plt.show()

# %%
# Three penalties
# ---------------
# With ``beta=4`` the KL term of the bound counts four times. ``regularizer="tc"`` weights only a
# part of it, the total correlation, which measures the dependence between the six components of the
# code. The mutual information gap (MIG) of a factor is the difference in mutual information between
# the most and the second most informative component, as a share of the factor's entropy: 1 is
# perfect. Each autoencoder is fitted from three seeds.

shared = {
    "n_components": 6,
    "hidden_layer_sizes": (256, 256),
    "likelihood": "bernoulli",
    "learning_rate": 2e-3,
    "batch_size": 64,
    "max_iter": 100,
    "n_iter_no_change": 40,
}
prices = {
    "VAE": {},
    "beta-VAE": {"beta": 4},
    "beta-TCVAE": {"beta": 6, "regularizer": "tc"},
}
models = {}
for name, price in prices.items():
    models[name] = [
        VariationalAutoencoder(**shared, **price, random_state=seed).fit(X) for seed in range(3)
    ]
    gaps = [metrics.mutual_information_gap(model.transform(X), factors) for model in models[name]]
    variance = np.mean([metrics.reconstruction_score(model, X) for model in models[name]])
    print(
        f"{name:11} MIG {', '.join(f'{gap:.2f}' for gap in gaps)}; "
        f"explained variance {variance:.2f}"
    )

# %%
# Either penalty widens the gap on average, and costs a little sharpness; with ``beta=4`` it is the
# steadiest. But seeds matter: without a penalty the gap is between 0.05 and 0.18, and that of the
# total correlation once no wider than these. A single fit proves little, and without known factors
# nothing says which fit to choose.

# %%
# Along the components of the code
# --------------------------------
# One image, whose code is moved along one component at a time; the component of largest variance is
# on top. The VAE mixes the factors: moving one component changes size and place, or shape and size.
# Among the components of the beta-TCVAE one is the row, two share the column and the size, and
# three have collapsed, or nearly. It has not found the shape: it draws small sprites as ellipses,
# large ones as squares.

figure, axes = plt.subplots(2, 1, figsize=(8, 8), layout="constrained")
for name, ax in zip(("VAE", "beta-TCVAE"), axes, strict=True):
    LatentTraversalDisplay.from_estimator(
        models[name][0], X, row=700, image_shape=(HEIGHT, WIDTH), ax=ax
    )
    ax.set_title(name)
plt.show()
