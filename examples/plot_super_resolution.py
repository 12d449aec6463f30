"""
==========================
Digits from sixteen pixels
==========================

Digits of 8 × 8 pixels are reduced to 4 × 4, and restored: interpolation can only smooth what is
left, but a model that has seen many digits can infer what was there. ``EncoderDecoder`` is a
regressor from image to image; here it is compared with interpolation and with a forest, which on
these images is the hardest to beat of scikit-learn's regressors.
"""

# %%
# Pairs
# -----
# The small image is the mean of each 2 × 2 pixels.

import matplotlib.pyplot as plt
import numpy as np
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC

from skdeepunsup import EncoderDecoder

images, labels = load_digits(return_X_y=True)
images /= 16
small = images.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)
X_train, X_test, y_train, y_test, label_train, label_test = train_test_split(
    small, images, labels, test_size=0.3, random_state=0
)

# %%
# Three ways up
# -------------
# With skip connections, the last layers of the network receive the small image again, enlarged, and
# learn what to add to it.

model = EncoderDecoder(
    image_shape=(4, 4),
    target_shape=(8, 8),
    skip_connections=True,
    early_stopping=False,
    dropout=0.2,
    learning_rate_schedule="linear",
    max_iter=40,
    random_state=0,
)
forest = ExtraTreesRegressor(random_state=0)
answers = {
    "bicubic": np.array(
        [zoom(x.reshape(4, 4), 2, order=3, grid_mode=True, mode="nearest") for x in X_test]
    ),
    "forest": forest.fit(X_train, y_train).predict(X_test),
    "encoder-decoder": model.fit(X_train, y_train).predict(X_test),
}
answers = {name: rows.reshape(-1, 64).clip(0, 1) for name, rows in answers.items()}

# %%
# How good they are
# -----------------
# Measured by their error, as a ratio of signal to noise in decibels (PSNR), and by the accuracy of
# a classifier that was trained on sharp digits.

reader = SVC().fit(y_train, label_train)
captions = {}
for name, rows in {**answers, "original": y_test}.items():
    error = np.square(rows - y_test).mean()
    psnr = f"{-10 * np.log10(error):.1f} dB" if error else "-"
    captions[name] = f"{name}\n{psnr}" if error else name
    print(f"{name:16} PSNR {psnr:>8}, read right: {reader.score(rows, label_test):.1%}")

# %%
# What they look like
# -------------------

chosen = [np.flatnonzero(label_test == digit)[1] for digit in range(10)]
rows = {"sixteen pixels": X_test, **answers, "original": y_test}
figure, axes = plt.subplots(len(rows), 10, figsize=(8, 4.2), layout="constrained")
for (name, pictures), line in zip(rows.items(), axes, strict=True):
    for picture, ax in zip(pictures[chosen], line, strict=True):
        side = int(picture.size**0.5)
        ax.imshow(picture.reshape(side, side), cmap="gray_r", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
    line[0].set_ylabel(captions.get(name, name), rotation=0, ha="right", va="center")
plt.show()
