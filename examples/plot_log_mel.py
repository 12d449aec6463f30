"""
=======================
Sounds between sounds
=======================

A log-mel spectrogram is a picture of a sound, and a model that draws pictures can draw sounds. Here
a variational autoencoder learns four kinds of sounds that this page synthesises, and then
interpolates between them.
"""

# %%
# Four kinds of sounds
# --------------------
# Half a second each: a plucked string, by the algorithm of Karplus and Strong, in which a burst of
# noise runs around a delay line and is smoothed at every turn; a bell, whose partials are no
# multiples of one another; a bird, whose pitch glides; and a drum, a falling tone with noise on it.

import base64
import io

import matplotlib.pyplot as plt
import numpy as np
from scipy.io import wavfile
from scipy.signal import lfilter

from skdeepunsup import LogMel, VariationalAutoencoder

RATE = 8000
t = np.arange(RATE // 2) / RATE


def string(pitch, rng):
    """Return a plucked string: y[n] = x[n] + (y[n - d] + y[n - d - 1]) / 2."""
    delay = round(RATE / pitch)
    burst = np.zeros(len(t))
    burst[:delay] = rng.uniform(-1, 1, delay)
    return lfilter([1], [1, *np.zeros(delay - 1), -0.498, -0.498], burst)


def bell(pitch, rng):
    """Return a struck bell: higher partials decay faster."""
    partials = np.array([0.5, 1, 1.19, 1.56, 2, 2.51, 2.66])[:, None]
    phases = rng.uniform(0, 2 * np.pi, partials.shape)
    return (np.exp(-3 * partials * t) * np.sin(4 * np.pi * pitch * partials * t + phases)).sum(0)


def bird(pitch, rng):
    """Return a bird's call: a high tone that trills."""
    trill = rng.uniform(8, 14)
    f = 1200 + 4 * pitch + 500 * np.sin(2 * np.pi * trill * t)
    return np.sin(2 * np.pi * np.cumsum(f) / RATE) * np.sin(np.pi * t / t[-1]) ** 2


def drum(pitch, rng):
    """Return a drum: a falling tone, and noise that decays fast."""
    f = pitch * (0.5 + 2 * np.exp(-25 * t))
    return np.exp(-8 * t) * (
        np.sin(2 * np.pi * np.cumsum(f) / RATE) + np.exp(-30 * t) * rng.normal(size=len(t))
    )


kinds = [string, bell, bird, drum]
rng = np.random.default_rng(0)
y = np.repeat(np.arange(4), 150)
X = np.array([kinds[kind](rng.uniform(100, 300), rng) for kind in y])
X *= 0.5 / np.abs(X).max(axis=1, keepdims=True)

# %%
# There and back
# --------------
# ``transform`` turns each sound into a row of decibels, and ``inverse_transform`` each row into a
# sound. The model is convolutional: it is given the shape of the picture.

log_mel = LogMel(RATE, hop_length=128, floor=-60).fit(X)
Z = log_mel.transform(X) / 30 + 1  # from -1, silence, to 1
model = VariationalAutoencoder(
    8, image_shape=log_mel.image_shape_, hidden_layer_sizes=(16, 32), max_iter=25, random_state=0
).fit(Z)


def waveforms(codes):
    """Return the sounds of some codes."""
    return log_mel.inverse_transform(30 * (model.inverse_transform(codes) - 1))


class Player:
    """Sounds one after another, played where the page is shown."""

    def __init__(self, sounds):
        file = io.BytesIO()
        whole = np.concatenate(sounds)
        wavfile.write(file, RATE, np.int16(32767 * 0.9 * whole / np.abs(whole).max()))
        self.data = base64.b64encode(file.getvalue()).decode()

    def _repr_html_(self):
        return f'<audio controls src="data:audio/wav;base64,{self.data}"></audio>'


# %%
# One of each kind, as it is:

first = [0, 150, 300, 450]
Player(X[first])

# %%
# and through a code of eight numbers:

codes = model.transform(Z)
Player(waveforms(codes[first]))


# %%


def show(ax, sound):
    """Draw the spectrogram of a sound."""
    (row,) = log_mel.transform([sound])
    image = row.reshape(log_mel.image_shape_).T
    ax.imshow(image, origin="lower", aspect="auto", vmin=-60, vmax=-10, cmap="magma")
    ax.set(xticks=[], yticks=[])


figure, axes = plt.subplots(2, 4, figsize=(8, 3.6), layout="constrained")
for (above, below), i, back in zip(axes.T, first, waveforms(codes[first]), strict=True):
    show(above, X[i])
    show(below, back)
    above.set_title(kinds[y[i]].__name__)
axes[0, 0].set_ylabel("original")
axes[1, 0].set_ylabel("by the code")
plt.show()

# %%
# From one to the next
# --------------------
# A round trip in the space of codes, from kind to kind, with each place on it played.

stops = np.array([codes[y == kind].mean(axis=0) for kind in (0, 1, 2, 3, 0)])
places = np.linspace(0, 4, 17)
way = waveforms(np.array([np.interp(places, np.arange(5), stop) for stop in stops.T]).T)
Player(way)

# %%

figure, axes = plt.subplots(2, 8, figsize=(10, 3.2), layout="constrained")
for ax, place, sound in zip(axes.flat, places, way, strict=False):
    show(ax, sound)
    if place % 1 == 0:
        ax.set_title(kinds[int(place)].__name__)
figure.suptitle("Time to the right, pitch upwards")
plt.show()
