"""
=========================
Grey from black and white
=========================

Noise that can be written down, such as normal noise, can be drawn anew at each step of training:
that is what ``DenoisingAutoencoder`` does. Where noise comes from the real world, or from a program
without a simple formula, there are pairs of output and input. ``EncoderDecoder`` learns from pairs.
Here a photograph is dithered, as for a fax or a newspaper: each pixel becomes black or white, and
the error is passed on to the next pixels. The network learns the inverse.
"""

# %%
# Pairs of patches
# ----------------
# The left part of each photograph is for training, the right part for testing.

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_sample_images
from sklearn.linear_model import RidgeCV

from skdeepunsup import EncoderDecoder

SIDE, LEFT = 16, 320


def patches(image, step):
    """Cut an image into patches, one a row, starting every ``step`` pixels."""
    return sliding_window_view(image, (SIDE, SIDE))[::step, ::step].reshape(-1, SIDE * SIDE)


photographs = [Image.fromarray(image).convert("L") for image in load_sample_images().images]
clean = [np.asarray(photograph)[:416] / 255.0 for photograph in photographs]
dithered = [np.asarray(photograph.convert("1"))[:416] * 1.0 for photograph in photographs]

some = np.random.default_rng(0).permutation(15_000)[:4000]
X, Y = (
    np.concatenate([patches(image[:, :LEFT], 4) for image in images])[some]
    for images in (dithered, clean)
)

# %%
# The network
# -----------
# Its answer starts from its input patch, and it learns the difference.

model = EncoderDecoder(
    hidden_layer_sizes=(32, 48),
    image_shape=(SIDE, SIDE),
    target_shape=(SIDE, SIDE),
    skip_connections=True,
    early_stopping=False,
    learning_rate_schedule="linear",
    max_iter=16,
    random_state=0,
).fit(X, Y)
ridge = RidgeCV([1, 10, 100, 1000]).fit(X, Y)


def restored(regressor, image):
    """Answer each patch of an image, and take the mean where patches overlap."""
    step = SIDE // 4
    answers = iter(regressor.predict(patches(image, step)).reshape(-1, SIDE, SIDE))
    total, count = np.zeros(image.shape), np.zeros(image.shape)
    for i in range(0, image.shape[0] - SIDE + 1, step):
        for j in range(0, image.shape[1] - SIDE + 1, step):
            total[i : i + SIDE, j : j + SIDE] += next(answers)
            count[i : i + SIDE, j : j + SIDE] += 1
    return (total / count).clip(0, 1)


# %%
# What is gained
# --------------
# A blur turns dots into grey as well, but also blurs edges. It has the width that is best for each
# of the test images.

truths, seen = ([image[:, LEFT:] for image in images] for images in (clean, dithered))


def psnr(truth, image):
    """Return the ratio of signal to noise in decibels."""
    return -10 * np.log10(np.square(truth - image).mean())


def best_blur(truth, image):
    """Return the blurred image that is nearest to the truth."""
    blurred = (gaussian_filter(image, width) for width in np.arange(0.5, 3, 0.1))
    return max(blurred, key=lambda image: psnr(truth, image))


results = {
    "dithered": seen,
    "blur": [best_blur(*images) for images in zip(truths, seen, strict=True)],
    "ridge": [restored(ridge, image) for image in seen],
    "encoder-decoder": [restored(model, image) for image in seen],
}
for name, images in results.items():
    figures = [psnr(*pair) for pair in zip(truths, images, strict=True)]
    print(f"{name:16} PSNR", *(f"{figure:.1f} dB" for figure in figures))

# %%

shown = {**results, "original": truths}
crops = (slice(230, 330), slice(0, 100)), (slice(120, 220), slice(20, 120))
figure, axes = plt.subplots(2, len(shown), figsize=(10, 4.3), layout="compressed")
for which, (crop, line) in enumerate(zip(crops, axes, strict=True)):
    for name, ax in zip(shown, line, strict=True):
        image = shown[name][which]
        ax.imshow(image[crop], cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        if name != "original":
            ax.set_xlabel(f"{psnr(truths[which], image):.1f} dB", fontsize=9)
for name, ax in zip(shown, axes[0], strict=True):
    ax.set_title(name, fontsize=10)
plt.show()
