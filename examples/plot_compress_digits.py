"""
================
What a byte buys
================

A density says how many bits a row should take, and bits-back coding takes no more. Where an
approximation suffices, a rounded code takes less.
"""

# %%
# Lossless
# --------
# A variational autoencoder is trained on 1,200 digits of 17 grey levels; the other 597 are
# compressed. For comparison, methods that know nothing about digits: gzip, bz2 and lzma at their
# best, all rows in one stream.

import bz2
import gzip
import lzma

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

from skdeepunsup import Autoencoder, LosslessCompressor, LossyCompressor, VariationalAutoencoder

X = load_digits().data.astype(np.uint8)
X_train, X_test = train_test_split(X, train_size=1200, random_state=0)
density = VariationalAutoencoder(
    10,
    hidden_layer_sizes=(100,),
    likelihood="beta-binomial",
    n_categories=17,
    random_state=0,
)
compressor = LosslessCompressor(density).fit(X_train)
data = compressor.compress(X_test)
back = compressor.decompress(data)
print("the same bytes back:", back.dtype == X.dtype and back.tobytes() == X_test.tobytes())

raw = X_test.tobytes()
sizes = {
    "a byte a pixel": len(raw),
    "gzip": len(gzip.compress(raw, 9)),
    "bz2": len(bz2.compress(raw, 9)),
    "lzma": len(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME)),
    "bits back": len(data),
}
print(f"{compressor.bits_per_dimension(X_test):.2f} bits a pixel, of log2(17) = {np.log2(17):.2f}")

# %%
# The bytes do not include the model: whoever reads them needs it. That pays off where there are
# many rows, or where the same model serves many files.

figure, axes = plt.subplots(figsize=(7, 2.4), layout="constrained")
names = list(sizes)[::-1]
colours = ["#c44e52" if name == "bits back" else "#9aa5b1" for name in names]
bars = axes.barh(names, [sizes[name] / len(X_test) for name in names], color=colours)
axes.bar_label(bars, fmt="%.1f", padding=4)
axes.set_xlim(0, 72)
axes.set_xlabel("bytes an image of 8 × 8")
axes.spines[["top", "right"]].set_visible(False)
axes.tick_params(axis="y", length=0)

# %%
# Lossy
# -----
# The codes of an autoencoder and of PCA, rounded, each component so finely that all cost the same
# error. The coarser the step, the fewer bytes.

scaled_train, scaled_test = X_train / 16, X_test / 16
encoders = {
    "Autoencoder(16)": Autoencoder(16, hidden_layer_sizes=(256,), max_iter=200, random_state=0).fit(
        scaled_train
    ),
    "PCA(16)": PCA(16, random_state=0).fit(scaled_train),
    "PCA(64)": PCA(64, random_state=0).fit(scaled_train),
}
steps = [2.0, 1.4, 1.0, 0.7, 0.5, 0.35, 0.25]
curves, shown = {}, []
for name, encoder in encoders.items():
    curve = []
    for step in steps:
        lossy = LossyCompressor(encoder, step=step).fit(scaled_train)
        stream = lossy.compress(scaled_test)
        images = lossy.decompress(stream)
        bytes_each = len(stream) / len(X_test)
        decibel = -10 * np.log10(np.square(images - scaled_test).mean())
        curve.append((bytes_each, decibel))
        if name == "Autoencoder(16)" and step in (2.0, 1.0, 0.5, 0.25):
            shown.insert(0, (f"{bytes_each:.1f} bytes", images[:12]))
    curves[name] = np.array(curve)
shown.insert(0, (f"{len(data) / len(X_test):.1f} bytes,\nnothing lost", scaled_test[:12]))

figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
for (name, curve), colour in zip(curves.items(), ["#c44e52", "#9aa5b1", "#4c72b0"], strict=True):
    axes.plot(*curve.T, "o-", color=colour, label=name)
axes.set_xlabel("bytes an image")
axes.set_ylabel("peak signal-to-noise ratio, dB")
axes.legend(frameon=False, loc="lower right")
axes.spines[["top", "right"]].set_visible(False)

# %%
# Sixteen nonlinear components carry more than sixteen linear ones, once they are rounded finely
# enough. At two bytes PCA is better: this decoder was not trained to tolerate coarse codes.

# %%
# Twelve digits of the test rows, from the originals down to the coarsest step.

figure, grid = plt.subplots(
    len(shown), 12, figsize=(8.5, 0.66 * len(shown)), gridspec_kw={"wspace": 0.06, "hspace": 0.06}
)
for (label, images), line in zip(shown, grid, strict=True):
    line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9, labelpad=8)
    for image, axes in zip(images, line, strict=True):
        axes.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
figure.subplots_adjust(left=0.14, right=0.99, top=0.99, bottom=0.01)
plt.show()
