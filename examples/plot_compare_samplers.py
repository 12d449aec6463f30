"""
============================
Four models that draw digits
============================

A restricted Boltzmann machine and a variational autoencoder have a likelihood, a GAN and a BiGAN
have none. What all four have is samples, and these can be compared with held-out images.
"""

# %%
# Samples, and what to hold them against
# --------------------------------------
# Each model draws as many images as are held out. So do three others, for scale: other real digits,
# which no model can be expected to beat; one normal distribution; and pixels drawn independently,
# each from its own values.
#
# RBM and VAE are fitted to bits, drawn with the grey levels for probabilities, and draw bits
# themselves. What stands beside the grey images of the others is the probabilities of these bits.
# One row keeps the bits.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import train_test_split
from sklearn.neighbors import NearestNeighbors
from sklearn.neural_network import MLPClassifier

from skdeepunsup import GAN, BernoulliRBM, BiGAN, VariationalAutoencoder, metrics

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, _ = train_test_split(X / 16, y, test_size=600, stratify=y, random_state=0)
n = len(X_test)

rbm = BernoulliRBM(200, n_iter=100, batch_size=20, resample=True, random_state=0).fit(X_train)
vae = VariationalAutoencoder(
    16, likelihood="bernoulli", resample=True, max_iter=150, random_state=0
).fit(X_train)
gan, bigan = (model(random_state=0).fit(X_train) for model in (GAN, BiGAN))
normal = GaussianMixture(reg_covar=1e-4, random_state=0).fit(X_train)
rng = np.random.default_rng(0)

samples = {
    "other real digits": X_train[:n],
    "RBM": rbm.reconstruct(rbm.sample(n, random_state=0)),
    "VAE": vae.sample(n, mean=True, random_state=0),
    "VAE, bits": vae.sample(n, random_state=0),
    "GAN": gan.sample(n, random_state=0),
    "BiGAN": bigan.sample(n, random_state=0),
    "one normal": normal.sample(n)[0].clip(0, 1),
    "independent pixels": rng.permuted(X_train, axis=0)[:n],
}

# %%

figure, axes = plt.subplots(len(samples), 14, figsize=(9, 4.5), layout="constrained")
for (name, images), line in zip(samples.items(), axes, strict=True):
    for image, ax in zip(images, line, strict=False):
        ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# By their pixels
# ---------------
# The two distances are best at 0, all else at what other real digits get. The kernel distance is
# multiplied by 1000.


def table(features=None):
    """Return the figures of all samples, a row for each."""
    figures = {
        name: metrics.sample_quality(X_test, images, features=features)
        for name, images in samples.items()
    }
    frame = pd.DataFrame(figures).T
    frame["kernel_distance"] *= 1000
    return frame.round(2)


table()

# %%
# The GANs are nearest to the real digits by both distances. RBM and VAE have the higher precision,
# and little recall: their probabilities are smoother than real images and lie where these are
# densest. The GANs fall short of real digits on both sides, most in recall.
#
# No single figure should be trusted, as the rows for scale show:
#
# - one normal distribution has a better Fréchet distance than RBM and VAE. Means and covariances
#   are all that this distance sees, and all that the normal one has learned;
# - independent pixels have a better kernel distance than the VAE, and high recall. Pixels, one by
#   one, are what they have right. Rows that lie far apart have neighbourhoods that reach far, and
#   whatever falls in there is recalled: the bits have perfect recall and no precision;
# - coverage, whose neighbourhoods are those of the real rows, is not misled by either.
#
# By what makes them digits
# -------------------------
# Pixels are poor witnesses. Now images are compared by the hidden units of a classifier that was
# taught to tell real digits apart.

classifier = MLPClassifier(64, max_iter=500, random_state=0).fit(X_train, y_train)


def hidden(images):
    """Return the classifier's hidden units."""
    return np.maximum(images @ classifier.coefs_[0] + classifier.intercepts_[0], 0)


table(hidden)

# %%
# Now independent pixels are the farthest off, as they look. The GANs stay first by both distances,
# and have most recall among the grey images; the RBM has no less precision, and the highest
# density. Which model is the best depends on what is asked. These are single fits, and small
# differences are chance.
#
# Are they copies?
# ----------------
# A model that gave out its training images would look perfect in both tables. So, last, the median
# distance from an image to the nearest one of the training set.


neighbors = NearestNeighbors(n_neighbors=1).fit(X_train)
for name, images in {"held-out digits": X_test, **samples}.items():
    distances = neighbors.kneighbors(images)[0]
    print(f"{name:18} {np.median(distances):.2f}")

# %%
# No model's samples are nearer to it than held-out digits are.
