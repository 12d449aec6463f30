"""Spoken digits: noise reduction, features for a classifier, and samples of a model."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.interpolate import interp1d
from scipy.signal import ShortTimeFFT
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skdeepunsup import DenoisingAutoencoder, EncoderDecoder, LogMel, VariationalAutoencoder
from skdeepunsup.metrics import density_coverage, frechet_distance, si_sdr

from .data import load_spoken_digits
from .filters import local, spectral_filters
from .timing import print_table, settings, timed

KINDS = ("white", "babble")
LEVELS = (0, 5)
"""Signal-to-noise ratios in the tests, in dB."""
VOICES = 6
"""Number of clips of other speakers that are mixed to babble."""
COPIES = 3
"""Copies of each training clip in each kind of noise."""
FRAMES_AND_BANDS = (32, 40)
"""Size of the images that the classifier receives."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks speech``."""
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="(all)")
    seeds = [10, 11]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, help=f"(default {seeds})")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    for name in arguments.parts:
        PARTS[name](arguments.seeds)


# Denoising ----------------------------------------------------------------------------------------


def denoising(seeds: list[int]) -> None:
    """Print the gain in SI-SDR of cleaned clips over noisy ones."""
    clips = load_spoken_digits(4096)
    clips["X"] /= 20 * np.sqrt(np.square(clips["X"]).mean(axis=1, keepdims=True))
    train, test = (chosen(clips, clips["index"] >= 5), chosen(clips, clips["index"] < 5))
    log_mel = LogMel(window_length=512, hop_length=128, n_mels=64).fit(train["X"])
    shape = log_mel.image_shape_
    model = EncoderDecoder(
        64,
        hidden_layer_sizes=(16, 32),
        image_shape=shape,
        target_shape=shape,
        skip_connections=True,
        early_stopping=False,
        loss="bernoulli",
        batch_size=64,
        learning_rate_schedule="linear",
        max_iter=5,
    )
    gains: dict[str, Any] = {}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        tests = [in_noise(test, kind, level, rng) for kind in KINDS for level in LEVELS]
        tuning = [in_noise(train, kind, level, rng) for kind in KINDS for level in LEVELS]
        X, Y = pairs(log_mel, train, rng)
        named, took = timed(cleaners, log_mel, model, X, Y, [few(pair) for pair in tuning], seed)
        print(f"seed {seed}: all fitted and chosen in {took:.0f} s", flush=True)
        for name, clean in named.items():
            gained = [gain(clean, pair) for pair in tests]
            gains.setdefault(name, []).append(gained)
            print(seed, name, *(f"{x:.2f}" for x in gained), flush=True)
    columns = [f"{kind}, {level} dB" for kind in KINDS for level in LEVELS]
    print_table(
        f"300 clips in noise: gain in SI-SDR, dB, mean and spread over seeds {seeds}; "
        f"{settings(log_mel)}; {settings(model)}",
        ["cleaned by", *columns],
        [(name, *means_and_spreads(found)) for name, found in gains.items()],
    )


def chosen(clips: dict[str, np.ndarray], keep: np.ndarray) -> dict[str, np.ndarray]:
    """Select some of the clips."""
    return {name: values[keep] for name, values in clips.items()}


def in_noise(
    clips: dict[str, np.ndarray], kind: str, level: Any, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Clips, and a different noise for each, ``level`` dB softer than the clip."""
    X, speaker = clips["X"], clips["speaker"]
    if kind == "white":
        noise = rng.normal(size=X.shape)
    else:
        noise = np.zeros(X.shape)
        for row, own in zip(noise, speaker, strict=True):
            for i in rng.choice(np.flatnonzero(speaker != own), VOICES, replace=False):
                row += np.roll(X[i], rng.integers(X.shape[1]))
    power = np.square(X).mean(1) / np.square(noise).mean(1) * 10 ** (-np.asarray(level) / 10)
    return X, noise * np.sqrt(power)[:, None]


def few(pair: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A tenth of the clips with their noise."""
    return pair[0][::10], pair[1][::10]


def pairs(
    log_mel: LogMel, clips: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Spectrograms of clips in both kinds of noise, at -5 to 10 dB, and the best gains."""
    inputs, targets = [], []
    for _ in range(COPIES):
        for kind in KINDS:
            S, N = in_noise(clips, kind, rng.uniform(-5, 10, len(clips["X"])), rng)
            inputs.append(scaled(log_mel, S + N))
            targets.append(best_gains(log_mel, S, N).astype(np.float32))
    return np.concatenate(inputs), np.concatenate(targets)


def scaled(log_mel: LogMel, X: np.ndarray) -> np.ndarray:
    """Levels, scaled for networks."""
    return (log_mel.transform(X) / 20 + 2).astype(np.float32)


def best_gains(log_mel: LogMel, S: np.ndarray, N: np.ndarray) -> np.ndarray:
    """The Wiener gains |S|² / (|S|² + |N|²) of each band, for known sound S and noise N."""
    s, n = (10 ** (log_mel.transform(X) / 10) for X in (S, N))
    return s / (s + n)


def gain(clean: Callable[..., np.ndarray], pair: tuple[np.ndarray, np.ndarray]) -> float:
    """Mean gain in SI-SDR, in dB."""
    S, N = pair
    return float((si_sdr(S, clean(S, N)) - si_sdr(S, S + N)).mean())


def cleaners(
    log_mel: LogMel,
    model: EncoderDecoder,
    X: np.ndarray,
    Y: np.ndarray,
    tuning: list[tuple[np.ndarray, np.ndarray]],
    seed: int,
) -> dict[str, Callable[..., np.ndarray]]:
    """By name: methods that clean noisy clips, given the sum alone unless the name says more.

    The penalty of the ridge regression is fixed; the settings of the filters are chosen.
    """
    ours = clone(model).set_params(random_state=seed).fit(X, Y)
    linear = Ridge(1000.0).fit(X, Y)
    stft = ShortTimeFFT(np.hanning(513)[:-1], 128, log_mel.sample_rate)
    return {
        "scipy.signal.wiener": best_of([local(size) for size in (3, 5, 7, 11, 15)], tuning),
        "spectral Wiener filter, noise from the softest fifth of frames": best_of(
            spectral_filters(stft, told=False), tuning
        ),
        "spectral Wiener filter, told the noise's spectrum": best_of(
            spectral_filters(stft, told=True), tuning
        ),
        "Ridge to the gains of bands": lambda S, N: log_mel.filter(
            S + N, linear.predict(scaled(log_mel, S + N)).clip(0, 1)
        ),
        "EncoderDecoder to the gains of bands": lambda S, N: log_mel.filter(
            S + N, ours.predict(scaled(log_mel, S + N))
        ),
        "told the best gains of bands": lambda S, N: log_mel.filter(
            S + N, best_gains(log_mel, S, N)
        ),
    }


def best_of(
    candidates: list[Callable[..., np.ndarray]], tuning: list[tuple[np.ndarray, np.ndarray]]
) -> Callable[..., np.ndarray]:
    """The filter with the largest mean gain on training clips, over kinds and levels of noise."""
    return max(candidates, key=lambda clean: sum(gain(clean, pair) for pair in tuning))


# Features -----------------------------------------------------------------------------------------


def features(seeds: list[int]) -> None:
    """Print the accuracy of an SVC that classifies digits by codes of log-mel spectrograms."""
    clips = load_spoken_digits(6000)
    X, y, training = pictures(clips["X"]), clips["digit"], clips["index"] >= 5
    noisy = DenoisingAutoencoder(
        128,
        hidden_layer_sizes=(512,),
        corruption="gaussian",
        corruption_level=0.7,
        batch_size=64,
        max_iter=10,
    )
    variational = VariationalAutoencoder(
        32,
        image_shape=FRAMES_AND_BANDS,
        hidden_layer_sizes=(16, 32),
        noise_scale="shared",
        batch_size=64,
        max_iter=10,
        early_stopping=False,
    )
    reducers = (None, PCA(32), PCA(32, whiten=True), PCA(128), noisy, variational)
    rows = []
    for reducer in reducers:
        found = []
        for seed in seeds:
            codes, took = timed(coded, reducer, X, training, seed)
            right = [few_labels(codes, y, training, n, seed) for n in (2, 10)]
            found.append([*right, accuracy(codes, y, training), took])
        others = []
        for speaker in range(6):
            own = clips["speaker"] == speaker
            others.append([accuracy(coded(reducer, X, ~own, seeds[0]), y, ~own)])
        *scores, seconds = np.mean(found, 0)
        spreads = np.std(found, 0, ddof=1)
        name = "log-mel" if reducer is None else settings(reducer)
        cells = [f"{a:.3f} ± {b:.3f}" for a, b in zip(scores, spreads, strict=False)]
        rows.append((name, *cells, *means_and_spreads(others, 3), f"{seconds:.1f}"))
        print(*rows[-1], flush=True)
    print_table(
        f"Share of digits told by SVC(C=10), mean and spread over seeds {seeds}, or over the six "
        "speakers left out; codes learned from training clips without labels; seconds of a fit",
        ["features", "20 labels", "100 labels", "2,700 labels", "unseen speaker", "seconds"],
        rows,
    )


def pictures(X: np.ndarray) -> np.ndarray:
    """Log-mel spectrograms relative to the loudest level, stretched to equal length."""
    log_mel = LogMel(hop_length=128, floor=-60).fit(X)
    images = log_mel.transform(X / np.abs(X).max(1, keepdims=True))
    images = images.reshape(-1, *log_mel.image_shape_)
    n_frames, n_bands = FRAMES_AND_BANDS
    result = np.empty((len(X), n_frames, n_bands), dtype=np.float32)
    for image, row in zip(images, result, strict=True):
        sound = np.flatnonzero(image.max(1) > -45)
        at = np.linspace(sound[0], sound[-1], n_frames)
        row[:] = interp1d(np.arange(len(image)), image, axis=0)(at)
    return (np.maximum(result - result.max((1, 2), keepdims=True), -50) / 15 + 2).reshape(
        len(X), -1
    )


def coded(reducer: Any, X: np.ndarray, training: np.ndarray, seed: int) -> np.ndarray:
    """Codes of all rows by a reducer fitted to the training rows."""
    if reducer is None:
        return X
    return clone(reducer).set_params(random_state=seed).fit(X[training]).transform(X)


def accuracy(Z: np.ndarray, y: np.ndarray, training: np.ndarray, labelled: Any = None) -> float:
    """Accuracy of an SVC on the test clips."""
    labelled = training if labelled is None else labelled
    classifier = make_pipeline(StandardScaler(with_std=False), SVC(C=10))
    return float(classifier.fit(Z[labelled], y[labelled]).score(Z[~training], y[~training]))


def few_labels(Z: np.ndarray, y: np.ndarray, training: np.ndarray, n: int, seed: int) -> float:
    """Accuracy of an SVC with ``n`` labels per digit, averaged over ten draws of them."""
    rng = np.random.default_rng(seed)
    own = [np.flatnonzero(training & (y == digit)) for digit in range(10)]
    draws = [
        np.concatenate([rng.choice(rows, n, replace=False) for rows in own]) for _ in range(10)
    ]
    return float(np.mean([accuracy(Z, y, training, labelled) for labelled in draws]))


# Voices -------------------------------------------------------------------------------------------


def voices(seeds: list[int]) -> None:
    """Print the share of sampled digits that are recognised, and how samples are distributed."""
    clips = load_spoken_digits(4096)
    X, y, training = clips["X"], clips["digit"], clips["index"] >= 5
    log_mel = LogMel(hop_length=128, floor=-60).fit(X)
    Z = scaled(log_mel, X / np.abs(X).max(1, keepdims=True))
    judge = SVC(C=10).fit(Z[training], y[training])
    real, digits = Z[~training], y[~training]
    variational = VariationalAutoencoder(
        32,
        image_shape=log_mel.image_shape_,
        hidden_layer_sizes=(16, 32),
        noise_scale="shared",
        batch_size=64,
        max_iter=20,
        early_stopping=False,
    )
    again = scaled(log_mel, log_mel.inverse_transform(20 * (real - 2)))
    reducer = PCA(64).fit(Z[training])

    def judged(drawn: np.ndarray, of: np.ndarray) -> tuple[float, ...]:
        found = density_coverage(real, drawn, features=reducer)
        distance = frechet_distance(real, drawn, features=reducer)
        return float(judge.score(drawn, of)), found.density, found.coverage, distance

    rows = [("test clips as they are", *judged(real, digits))]
    rows.append(("test clips, and back by Griffin-Lim", *judged(again, digits)))
    for model in (PCA(16), PCA(32), PCA(64), variational):
        found = []
        for seed in seeds:
            fitted = clone(model).set_params(random_state=seed).fit(Z[training])
            codes = codes_like(fitted.transform(Z[training]), y[training], 30, seed)
            levels = 20 * (fitted.inverse_transform(codes) - 2)
            waveforms = log_mel.inverse_transform(np.minimum(levels, 10))
            found.append(judged(scaled(log_mel, waveforms), np.repeat(np.arange(10), 30)))
        rows.append((settings(model), *means_and_spreads(found)))
        print(*rows[-1], flush=True)
    print_table(
        f"300 digits drawn from a Gaussian of the codes of each, as waveforms: share that an SVC "
        f"of log-mels recognises; how they lie among test clips; seeds {seeds}; "
        f"{settings(log_mel)}",
        ["drawn from", "recognised", "density", "coverage", "Fréchet distance"],
        rows,
    )


def codes_like(codes: np.ndarray, y: np.ndarray, n: int, seed: int) -> np.ndarray:
    """``n`` draws from a Gaussian with the mean and covariance of the codes, for each digit."""
    rng = np.random.default_rng(seed)
    own = [codes[y == digit].astype(float) for digit in range(10)]
    draws = [rng.multivariate_normal(rows.mean(0), np.cov(rows.T), n) for rows in own]
    return np.concatenate(draws)


def means_and_spreads(found: Any, digits: int = 2) -> list[str]:
    """Mean and spread of each column of figures, whose rows are seeds."""
    return [
        f"{mean:.{digits}f} ± {spread:.{digits}f}"
        for mean, spread in zip(np.mean(found, 0), np.std(found, 0, ddof=1), strict=True)
    ]


PARTS: dict[str, Callable[[list[int]], None]] = {
    "denoising": denoising,
    "features": features,
    "voices": voices,
}
