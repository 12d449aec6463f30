"""
============================
Four models that draw digits
============================

A restricted Boltzmann machine and a variational autoencoder have a likelihood, a GAN and a BiGAN
have none. But all four have samples, and these can be compared with held-out images.
"""

# %%
# Samples, and what to hold them against
# --------------------------------------
# Each model draws as many images as are held out. Three references set the scale: other real
# digits, which no model can be expected to beat; one normal distribution; and pixels drawn
# independently, each from its own values.
#
# RBM and VAE are fitted to bits, drawn with the grey levels as probabilities, and draw bits
# themselves. The probabilities of these bits are compared with the grey images of the others. One
# row keeps the bits.

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
# The two distances are best at 0, the other measures at the values of other real digits. The kernel
# distance is multiplied by 1000.


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
# The GANs are nearest to the real digits by both distances. RBM and VAE have higher precision, and
# little recall: their probabilities are smoother than real images and lie where these are densest.
# The GANs fall short of real digits on both sides, most in recall.
#
# No single measure should be trusted, as the references show:
#
# - one normal distribution has a better Fréchet distance than RBM and VAE. This distance depends on
#   means and covariances alone, which are all that the normal distribution has learned;
# - independent pixels have a better kernel distance than the VAE, and high recall. Each of their
#   pixels has the right distribution. Rows that lie far apart have large neighbourhoods, and
#   whatever falls into these is recalled: the bits have perfect recall and no precision;
# - coverage, whose neighbourhoods are those of the real rows, is not misled by either.
#
# By features of a classifier
# ---------------------------
# Distances of pixels say little about digits. Now images are compared by the hidden units of a
# classifier trained on real digits.

classifier = MLPClassifier(64, max_iter=500, random_state=0).fit(X_train, y_train)


def hidden(images):
    """Return the classifier's hidden units."""
    return np.maximum(images @ classifier.coefs_[0] + classifier.intercepts_[0], 0)


table(hidden)

# %%
# Now independent pixels are the farthest off, as they look. The GANs stay first by both distances,
# and have the highest recall among the grey images; the RBM has no less precision, and the highest
# density. Which model is the best depends on the purpose. These are single fits, and small
# differences are chance.
#
# Are they copies?
# ----------------
# A model that returned its training images would look perfect in both tables. So, finally, the
# median distance from an image to the nearest training image.


neighbors = NearestNeighbors(n_neighbors=1).fit(X_train)
for name, images in {"held-out digits": X_test, **samples}.items():
    distances = neighbors.kneighbors(images)[0]
    print(f"{name:18} {np.median(distances):.2f}")

# %%
# No model's samples are nearer to the training set than held-out digits are.
