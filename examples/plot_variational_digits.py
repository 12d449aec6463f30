"""
===========================
A map that makes new digits
===========================

The codes of a variational autoencoder are normal by design. So every place on the map decodes to an
image, new images can be sampled, and each image has a density, as under PCA.
"""

# %%
# Two numbers
# -----------
# On the left are the codes of held-out images; on the right are decoded places. The steps of the
# grid are equal parts of the normal distribution. Labels were used only for the colours.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import (
    LatentGridDisplay,
    LatentSpaceDisplay,
    VariationalAutoencoder,
    metrics,
)

X, y = load_digits(return_X_y=True)
X_train, X_test, _, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

flat = VariationalAutoencoder(2, hidden_layer_sizes=(256, 128), max_iter=150, random_state=0).fit(
    X_train
)
figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 4.7), layout="compressed")
LatentSpaceDisplay.from_estimator(flat, X_test, y_test, ax=left)
left.set_box_aspect(1)
LatentGridDisplay.from_estimator(flat, image_shape=(8, 8), ax=right)
plt.show()

# %%
# Sixteen
# -------
# PCA is a density as well: a normal distribution. A variational autoencoder without hidden layers
# has the same density; hidden layers bend its normal code into the shape of the data. Both scores
# are mean log densities of held-out images in nats, and can be compared. ``beta=4`` counts the KL
# term four times, so that a component of the code is used only where it carries much information.

models = {
    "PCA(2)": PCA(2).fit(X_train),
    "PCA(16)": PCA(16).fit(X_train),
    "VAE(2)": flat,
    "VAE(16)": VariationalAutoencoder(16, max_iter=150, random_state=0).fit(X_train),
    "VAE(16), beta=4": VariationalAutoencoder(16, beta=4, max_iter=150, random_state=0).fit(
        X_train
    ),
}
print("                 log density   explained variance   components in use")
for name, model in models.items():
    n_active = metrics.active_units(model.transform(X_test))
    variance = metrics.reconstruction_score(model, X_test)
    print(f"{name:16} {model.score(X_test):11.1f}   {variance:18.2f}   {n_active:17}")

# %%
# Even two nonlinear components give a higher density than sixteen linear ones, as each pixel has a
# noise of its own, though they explain less of the variance. The mean of ``VAE(16)`` is that of a
# few images with pixels that were hardly ever on in training; half of the images are above 84 nats.
# With ``beta=4`` six of its sixteen components are in use.

# %%
# New digits
# ----------
# Codes are drawn from the normal distribution and decoded. Means of the pixels are shown. The
# samples of PCA are strokes on top of each other. Those of the VAE are more often digits, and with
# ``beta=4`` most often: with fewer components in use, codes unlike those of any image are rarer.

rng = np.random.default_rng(0)
scale = np.sqrt(models["PCA(16)"].explained_variance_)
samples = {"PCA(16)": models["PCA(16)"].inverse_transform(scale * rng.normal(size=(36, 16)))}
for name in ("VAE(16)", "VAE(16), beta=4"):
    samples[name] = models[name].sample(36, mean=True, random_state=0)

figure = plt.figure(figsize=(7.5, 5.9), layout="constrained")
for part, (name, images) in zip(figure.subfigures(3, 1), samples.items(), strict=True):
    part.suptitle(name, fontsize="medium")
    for image, ax in zip(images, part.subplots(3, 12).flat, strict=True):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
plt.show()
