"""
=====================
Which pixel is which?
=====================

Digits written over photographs, in any colour: which digit does each pixel belong to, if any? An
encoder-decoder with skip connections answers for all pixels at once. Its code describes the whole
scene, and so which digits there are; its skip connections preserve edges, and so where the digits
end. A forest of trees, given each pixel with its neighbours, is the usual method without a network.
"""

# %%
# Scenes
# ------
# Two digits each, somewhere on a crop of a photograph. Left halves of the photographs, and half of
# the digits, are for training; the others for testing. The mask is where the ink is.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.datasets import load_digits, load_sample_images
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import jaccard_score

from skdeepunsup import EncoderDecoder

HEIGHT, WIDTH = 24, 32
photographs = [image[::4, ::4] / 255 for image in load_sample_images().images]
digits = load_digits()
inks = np.kron(digits.images / 16, np.ones((2, 2)))


def scenes(n, photographs, inks, labels, seed):
    """Draw scenes and their masks: 0 is no digit, k + 1 is digit k."""
    rng = np.random.default_rng(seed)
    images = np.empty((n, HEIGHT, WIDTH, 3))
    masks = np.zeros((n, HEIGHT, WIDTH), dtype=int)
    for image, mask in zip(images, masks, strict=True):
        photograph = photographs[rng.integers(len(photographs))]
        top = rng.integers(photograph.shape[0] - HEIGHT + 1)
        left = rng.integers(photograph.shape[1] - WIDTH + 1)
        image[:] = photograph[top : top + HEIGHT, left : left + WIDTH]
        for half in (0, 16):
            which = rng.integers(len(inks))
            i = rng.integers(HEIGHT - 16 + 1)
            place = slice(i, i + 16), slice(half, half + 16)
            ink = inks[which][..., None]
            colour = rng.uniform(size=3)
            while abs(colour - image[place].mean((0, 1))).max() < 0.4:  # to be seen at all
                colour = rng.uniform(size=3)
            image[place] += ink * (colour - image[place])
            mask[place][ink[..., 0] > 0.4] = labels[which] + 1
    return images, masks


def halves(arrays, side):
    """Return the left or right halves of images."""
    return [a[:, : a.shape[1] // 2] if side == 0 else a[:, a.shape[1] // 2 :] for a in arrays]


images, masks = scenes(2500, halves(photographs, 0), inks[::2], digits.target[::2], seed=0)
seen, wanted = scenes(500, halves(photographs, 1), inks[1::2], digits.target[1::2], seed=1)
X, Y, X_test = (a.reshape(len(a), -1) for a in (images, masks, seen))

# %%
# The network, and the forest
# ---------------------------

model = EncoderDecoder(
    128,
    hidden_layer_sizes=(24, 48, 96),
    image_shape=(HEIGHT, WIDTH, 3),
    target_shape=(HEIGHT, WIDTH),
    skip_connections=True,
    early_stopping=False,
    loss="categorical",
    learning_rate=2e-3,
    learning_rate_schedule="linear",
    max_iter=12,
    random_state=0,
).fit(X, Y)


def neighbours(images):
    """Colours of each pixel and of the 5 × 5 about it, a row a pixel."""
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    windows = sliding_window_view(padded, (5, 5), axis=(1, 2))
    return windows.reshape(images[..., 0].size, -1)


some = np.random.default_rng(0).choice(masks.size, 20_000, replace=False)
forest = ExtraTreesClassifier(50, min_samples_leaf=3, class_weight="balanced", random_state=0)
forest.fit(neighbours(images)[some], masks.ravel()[some])

answers = {
    "encoder-decoder": model.predict(X_test).reshape(wanted.shape),
    "forest": forest.predict(neighbours(seen)).reshape(wanted.shape),
}
for name, answer in answers.items():
    each = jaccard_score(wanted.ravel(), answer.ravel(), average=None)
    ink = jaccard_score(wanted.ravel() > 0, answer.ravel() > 0)
    print(f"{name:16} IoU of ink {ink:.2f}, mean over the ten digits {each[1:].mean():.2f}")

# %%
# The intersection of the answer with the truth, over their union (IoU), is 1 where both are the
# same. A window of 5 × 5 pixels may distinguish ink from photograph, but not one digit from
# another.

colours = ListedColormap(["0.12", *plt.get_cmap("tab10").colors])
shown = {"scene": seen, "truth": wanted, **answers}
figure, axes = plt.subplots(len(shown), 7, figsize=(9, 4.2), layout="compressed")
for (name, rows), line in zip(shown.items(), axes, strict=True):
    for row, ax in zip(rows, line, strict=False):
        ax.imshow(row, cmap=colours, vmin=-0.5, vmax=10.5, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(name, rotation=0, ha="right", va="center")
painted = plt.cm.ScalarMappable(plt.Normalize(-0.5, 10.5), colours)
bar = figure.colorbar(painted, ax=axes, ticks=range(11), aspect=30)
bar.ax.set_yticklabels(["none", *"0123456789"])
plt.show()

# %%
# How certain it is
# -----------------
# ``predict_proba`` has the probability of each class at each pixel. One minus the largest is high
# where ink ends, and everywhere on a digit that could be another one.

doubt = 1 - model.predict_proba(X_test[:7]).max(axis=-1).reshape(wanted[:7].shape)
figure, axes = plt.subplots(2, 7, figsize=(9, 2.1), layout="compressed")
for scene, map_, (above, below) in zip(seen, doubt, axes.T, strict=False):
    above.imshow(scene)
    drawn = below.imshow(map_, cmap="magma", vmin=0, vmax=0.9)
    for ax in (above, below):
        ax.set(xticks=[], yticks=[])
axes[0, 0].set_ylabel("scene", rotation=0, ha="right", va="center")
axes[1, 0].set_ylabel("doubt", rotation=0, ha="right", va="center")
figure.colorbar(drawn, ax=axes, aspect=15)
plt.show()
