"""
=============
Undoing noise
=============

A denoising autoencoder receives rows with noise and has to reconstruct the clean rows. For that it
has to learn what clean rows look like.
"""

# %%
# Digits and noise
# ----------------
# Pixels lie in [0, 1]; the noise is normal, with a standard deviation of 0.3. PCA is a denoiser as
# well: noise spreads over all directions, and PCA keeps only the first few, here the number that is
# best for the held-out images.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import Autoencoder, DenoisingAutoencoder

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
normal = np.random.default_rng(0).normal(size=X_test.shape)
noisy = X_test + 0.3 * normal


def error(model, X):
    """Return the squared error of a denoised image, summed over its pixels."""
    cleaned = model.inverse_transform(model.transform(X))
    return np.square(cleaned - X_test).sum(axis=1).mean()


pca = min((PCA(n).fit(X_train) for n in range(1, 65)), key=lambda pca: error(pca, noisy))
models = {
    f"PCA({pca.n_components_})": pca,
    "autoencoder": Autoencoder(128, hidden_layer_sizes=(256,), max_iter=100, random_state=0),
    "denoising": DenoisingAutoencoder(
        128,
        hidden_layer_sizes=(256,),
        corruption="gaussian",
        corruption_level=1.1,  # in units of the scale of the rows, 0.27
        max_iter=100,
        random_state=0,
    ),
}
print(f"{'noisy':12} squared error {np.square(noisy - X_test).sum(axis=1).mean():.2f}")
for name, model in models.items():
    print(f"{name:12} squared error {error(model.fit(X_train), noisy):.2f}")

# %%
# The plain autoencoder has a code wider than an image, and has learned to copy its input, noise
# included. The denoising autoencoder has the same networks.

# %%

shown = [np.flatnonzero(y_test == digit)[0] for digit in range(10)]
rows = {"noisy": noisy}
rows |= {name: model.inverse_transform(model.transform(noisy)) for name, model in models.items()}
rows |= {"original": X_test}
figure, axes = plt.subplots(len(rows), 10, figsize=(8, 4), layout="constrained")
for (name, images), line in zip(rows.items(), axes, strict=True):
    for image, ax in zip(images[shown], line, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# More noise, and less
# --------------------
# Training used one level of noise. Where there is almost no noise, copying is best: below 0.1 a
# denoiser trained for 0.3 gains nothing. Above, it works even for twice the noise it was trained
# with.

levels = np.linspace(0, 0.6, 13)
figure, ax = plt.subplots(figsize=(6.4, 4), layout="constrained")
for name, model in models.items():
    ax.plot(levels, [error(model, X_test + level * normal) for level in levels], label=name)
ax.plot(
    levels, levels**2 * np.square(normal).sum(axis=1).mean(), ":", color="0.5", label="as they are"
)
ax.axvline(0.3, color="0.8", zorder=0)
ax.set(xlabel="Standard deviation of the noise", ylabel="Squared error", ylim=(0, 12))
ax.legend(frameon=False)
plt.show()
