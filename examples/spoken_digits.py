"""
=============
Spoken digits
=============

Three things to do with recordings once they are pictures: remove noise, classify them from few
labels, and draw new ones that can be played.

The Free Spoken Digit Dataset is shared under a licence (CC BY-SA) that this package does not have,
so this page shows the script without running it. It looks for ``fsdd.npz`` in the folder that the
environment variable ``SKDEEPUNSUP_DATA`` names, as the benchmarks do; otherwise it fetches the
recordings from GitHub once.
"""

# %%
# Recordings
# ----------
# 3,000 clips by six speakers, at 8 kHz. They are cut to half a second, or filled with silence, and
# made equally loud. The first five recordings of each digit and speaker are for testing.

import io
import os
from pathlib import Path
from urllib.request import urlretrieve
from zipfile import ZipFile

import matplotlib.pyplot as plt
import numpy as np
from scipy.io import wavfile
from sklearn.datasets import get_data_home
from sklearn.decomposition import PCA
from sklearn.svm import SVC

from skdeepunsup import EncoderDecoder, LogMel, VariationalAutoencoder
from skdeepunsup.metrics import si_sdr

SOURCE = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/heads/master.zip"
RATE, N_TIMES = 8000, 4096


def recordings():
    """Yield the digit, the number and the samples of each clip."""
    if os.environ.get("SKDEEPUNSUP_DATA"):
        with np.load(Path(os.environ["SKDEEPUNSUP_DATA"], "fsdd.npz")) as file:
            samples = np.split(file["audio"], file["offsets"][1:-1])
            yield from zip(file["digit"], file["index"], samples, strict=True)
        return
    path = Path(get_data_home(), "free-spoken-digit-dataset.zip")
    if not path.exists():
        urlretrieve(SOURCE, path)
    with ZipFile(path) as file:
        for name in file.namelist():
            if name.endswith(".wav"):
                digit, _, number = Path(name).stem.split("_")
                yield int(digit), int(number), wavfile.read(io.BytesIO(file.read(name)))[1]


digits, numbers, clips = zip(*recordings(), strict=True)
y, training = np.array(digits, dtype=int), np.array(numbers) >= 5
X = np.zeros((len(clips), N_TIMES), dtype=np.float32)
for row, clip in zip(X, clips, strict=True):
    row[: len(clip)] = clip[:N_TIMES]
X /= np.abs(X).max(axis=1, keepdims=True)

# %%
# Noise
# -----
# The model receives the log-mel spectrogram of a noisy clip and predicts a gain for each band of
# each frame: the share of the clip in the energy. ``filter`` applies the gains and keeps the phases
# of the recording. The training noise is between 10 dB softer and 5 dB louder than the clip; the
# test noise is as loud as the clip.

listening = LogMel(RATE, window_length=512, hop_length=128, n_mels=64).fit(X)
rng = np.random.default_rng(0)


def noise(X, level):
    """Return white noise ``level`` dB louder than each clip."""
    loudness = np.sqrt(np.square(X).mean(axis=1, keepdims=True))
    return rng.normal(size=X.shape) * loudness * 10 ** (level / 20)


def pictures(log_mel, X):
    """Return levels on the scale of networks."""
    return (log_mel.transform(X) / 20 + 2).astype(np.float32)


N = noise(X[training], rng.uniform(-10, 5, (training.sum(), 1)))
s, n = (10 ** (listening.transform(sound) / 10) for sound in (X[training], N))
cleaner = EncoderDecoder(
    image_shape=listening.image_shape_,
    target_shape=listening.image_shape_,
    hidden_layer_sizes=(16, 32),
    skip_connections=True,
    early_stopping=False,
    loss="bernoulli",
    max_iter=4,
    batch_size=64,
    random_state=0,
).fit(pictures(listening, X[training] + N), s / (s + n))

noisy = X[~training] + noise(X[~training], 0)
cleaned = listening.filter(noisy, cleaner.predict(pictures(listening, noisy)))
for name, sound in {"in noise": noisy, "cleaned": cleaned}.items():
    print(f"{name:9} SI-SDR {si_sdr(X[~training], sound).mean():5.2f} dB")

# %%
# Few labels
# ----------
# A variational autoencoder learns the training clips without labels. Then an SVC is trained on a
# hundred labels, with the codes of this model or with principal components.

log_mel = LogMel(RATE, hop_length=128, floor=-60).fit(X)
Z = pictures(log_mel, X)
model = VariationalAutoencoder(
    32, image_shape=log_mel.image_shape_, hidden_layer_sizes=(16, 32), max_iter=15, random_state=0
).fit(Z[training])

draws = [
    np.concatenate([rng.choice(np.flatnonzero(training & (y == k)), 10, False) for k in range(10)])
    for _ in range(10)
]
for name, reducer in {"PCA": PCA(32, whiten=True).fit(Z[training]), "VAE": model}.items():
    codes = reducer.transform(Z)
    right = [
        SVC(C=10).fit(codes[told], y[told]).score(codes[~training], y[~training]) for told in draws
    ]
    print(f"{name}: of 300 digits, a hundred labels tell {np.mean(right):.1%}")

# %%
# New voices
# ----------
# A normal distribution is fitted to the codes of each digit, and new codes are drawn. The decoder
# turns each into a picture, and ``inverse_transform`` into a sound. Nobody recorded any of them.

codes = model.transform(Z[training]).astype(float)
drawn = []
for digit in range(10):
    own = codes[y[training] == digit]
    drawn.append(rng.multivariate_normal(own.mean(axis=0), np.cov(own.T), 3))
levels = 20 * (model.inverse_transform(np.concatenate(drawn)) - 2)
sounds = log_mel.inverse_transform(levels)

judge = SVC(C=10).fit(Z[training], y[training])
judged = judge.predict(pictures(log_mel, sounds))
print(f"{np.mean(judged == np.repeat(np.arange(10), 3)):.0%} of them are taken for what they are")

folder = Path("sounds")
folder.mkdir(exist_ok=True)
for digit in range(10):
    sound = sounds[3 * digit]
    samples = np.int16(30000 * sound / np.abs(sound).max())
    wavfile.write(folder / f"drawn_{digit}.wav", RATE, samples)

figure, axes = plt.subplots(3, 10, figsize=(11, 4.2), layout="constrained")
for i, (image, column) in enumerate(zip(levels.reshape(10, 3, -1), axes.T, strict=True)):
    for row, ax in zip(image, column, strict=True):
        picture = row.reshape(log_mel.image_shape_).T
        ax.imshow(picture, origin="lower", aspect="auto", vmin=-60, vmax=-5, cmap="magma")
        ax.set(xticks=[], yticks=[])
    column[0].set_title(i)
figure.supxlabel("half a second")
figure.supylabel("pitch")
figure.savefig("spoken_digits.png", dpi=100)

# %%
# .. image:: ../images/spoken_digits.png
#    :alt: Log-mel spectrograms of thirty digits that a model has drawn, three of each.
#
# :doc:`The guide <../guide/audio>` plays some of them.

# sphinx_gallery_thumbnail_path = "images/spoken_digits.png"
