"""Digits written over photographs: the class of each pixel, by networks and by a forest."""

import argparse
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.base import clone
from sklearn.datasets import load_digits, load_sample_images
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics import jaccard_score

from skdeepunsup import EncoderDecoder

from .timing import print_table, settings, timed

SHAPE = (24, 32)
N_TRAINING, N_TEST = 4000, 1000
N_PIXELS = 50_000
"""Random pixels of the training scenes that a forest is fitted to."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks segmentation``."""
    seeds = [0, 1, 2]
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, help=f"(default {seeds})")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    results: dict[str, list[tuple[float, ...]]] = {}
    for seed in arguments.seeds:
        images, masks = scenes(N_TRAINING, 0, seed)
        seen, wanted = scenes(N_TEST, 1, seed + 1000)
        for name, answer in answerers(seed).items():
            found, spent = timed(answer, images, masks, seen)
            each = jaccard_score(wanted.ravel(), found.ravel(), average=None)
            ink = jaccard_score(wanted.ravel() > 0, found.ravel() > 0)
            right = float((wanted == found).mean())
            results.setdefault(name, []).append((ink, each[1:].mean(), right, spent))
            print(seed, name, *(f"{figure:.3f}" for figure in results[name][-1]), flush=True)
    rows = [
        (
            name,
            *(f"{m:.3f} ± {s:.3f}" for m, s in spreads(found)[:3]),
            f"{spreads(found)[3][0]:.0f}",
        )
        for name, found in results.items()
    ]
    print_table(
        f"{N_TRAINING:,} training and {N_TEST:,} test scenes of {SHAPE[0]} × {SHAPE[1]} pixels; "
        "intersection over union of ink, and of each digit's pixels in the mean over all; share "
        f"of pixels answered right; mean ± spread over seeds {arguments.seeds}; seconds of a fit "
        "and its answers",
        ["answers by", "IoU of ink", "IoU of digits", "right", "seconds"],
        rows,
    )


def spreads(found: list[tuple[float, ...]]) -> list[tuple[float, float]]:
    """Mean and standard deviation of each figure."""
    figures = np.array(found)
    return list(zip(figures.mean(0), figures.std(0, ddof=1), strict=True))


def scenes(n: int, side: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scenes of two digits over a crop of a photograph, and their masks: 0 is none, k + 1 digit k.

    Side 0 takes the left halves of the photographs and every other digit, side 1 the rest.
    """
    rng = np.random.default_rng(seed)
    digits = load_digits()
    inks, labels = np.kron(digits.images / 16, np.ones((2, 2)))[side::2], digits.target[side::2]
    photographs = [image[::4, ::4] / 255 for image in load_sample_images().images]
    photographs = [np.array_split(image, 2, axis=1)[side] for image in photographs]
    height, width = SHAPE
    images = np.empty((n, height, width, 3), dtype=np.float32)
    masks = np.zeros((n, height, width), dtype=int)
    for image, mask in zip(images, masks, strict=True):
        photograph = photographs[rng.integers(len(photographs))]
        top = rng.integers(photograph.shape[0] - height + 1)
        left = rng.integers(photograph.shape[1] - width + 1)
        image[:] = photograph[top : top + height, left : left + width]
        for begin in (0, 16):
            which, i = rng.integers(len(inks)), rng.integers(height - 16 + 1)
            place = slice(i, i + 16), slice(begin, begin + 16)
            ink, paper = inks[which][..., None], image[place].mean((0, 1))
            colour = rng.uniform(size=3)
            while abs(colour - paper).max() < 0.4:  # until the digit is visible
                colour = rng.uniform(size=3)
            image[place] += ink * (colour - image[place])
            mask[place][ink[..., 0] > 0.4] = labels[which] + 1
    return images, masks


def answerers(seed: int) -> dict[str, Any]:
    """By name: methods that predict masks of scenes, from training scenes and their masks."""
    connected = EncoderDecoder(
        128,
        hidden_layer_sizes=(24, 48, 96),
        image_shape=(*SHAPE, 3),
        target_shape=SHAPE,
        skip_connections=True,
        early_stopping=False,
        loss="categorical",
        learning_rate=2e-3,
        learning_rate_schedule="linear",
        max_iter=15,
    )
    apart = clone(connected).set_params(skip_connections=False)
    forest = ExtraTreesClassifier(100, min_samples_leaf=3)
    balanced = clone(forest).set_params(class_weight="balanced")

    def answered(model: EncoderDecoder) -> Any:
        return lambda x, y, seen: (
            clone(model)
            .set_params(random_state=seed)
            .fit(x.reshape(len(x), -1), y.reshape(len(y), -1))
            .predict(seen.reshape(len(seen), -1))
            .reshape(-1, *SHAPE)
        )

    def pixel_by_pixel(forest: Any, x: np.ndarray, y: np.ndarray, seen: np.ndarray) -> np.ndarray:
        some = np.random.default_rng(seed).choice(y.size, N_PIXELS, replace=False)
        windows = neighbours(x)[np.unravel_index(some, y.shape)]
        fitted = clone(forest).set_params(random_state=seed)
        fitted.fit(windows.reshape(len(some), -1), y.ravel()[some])
        answers = [fitted.predict(w.reshape(w[..., 0, 0, 0].size, -1)) for w in neighbours(seen)]
        return np.reshape(answers, seen.shape[:3])

    return {
        "all background": lambda x, y, seen: np.zeros(seen.shape[:3], dtype=int),
        f"{settings(forest)}, windows of 9 × 9": partial(pixel_by_pixel, forest),
        f"{settings(balanced)}, windows of 9 × 9": partial(pixel_by_pixel, balanced),
        settings(apart): answered(apart),
        settings(connected): answered(connected),
    }


def neighbours(images: np.ndarray) -> np.ndarray:
    """The 9 × 9 pixels around each pixel, shape (n, height, width, 3, 9, 9), a view."""
    padded = np.pad(images, ((0, 0), (4, 4), (4, 4), (0, 0)), mode="edge")
    return sliding_window_view(padded, (9, 9), axis=(1, 2))
