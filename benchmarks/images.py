"""Enlarging, completing and denoising images, by EncoderDecoder and by simple baselines."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
from skimage.metrics import structural_similarity
from skimage.transform import resize
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor

from skdeepunsup import EncoderDecoder

from .data import load_fashion_mnist, load_mnist
from .timing import print_table, settings, timed

TASKS = ("super-resolution", "lower half", "denoising")
ALPHAS = (0.01, 0.1, 1, 10, 100, 1000)
NOISE = 0.25
"""Standard deviation of the noise to remove, where white is 1."""

N_TRAINING = 10_000
"""Number of training images of 28 × 28 pixels."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks images``."""
    sets, seeds = list(SETS), [0, 1, 2, 3, 4]
    parser.add_argument("--sets", nargs="+", default=sets, choices=sets, help=f"(default {sets})")
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds, help=f"(default {seeds})")


def run(arguments: argparse.Namespace) -> None:
    """Print a table for each set and task."""
    for name in arguments.sets:
        for task in TASKS:
            results: dict[str, list[tuple[float, ...]]] = {}
            for seed in arguments.seeds if name == "digits" else arguments.seeds[:1]:
                train, test, side = SETS[name](seed)
                x, y, (shape, target_shape) = pairs(task, train, side, seed)
                x_test, y_test, _ = pairs(task, test, side, seed + 1000)
                for answerer, answer in answerers(name, task, shape, target_shape, seed).items():
                    found, spent = timed(answer, x, y, x_test)
                    figures = quality(y_test, found.clip(0, 1), target_shape)
                    results.setdefault(answerer, []).append((*figures, spent))
                    print(name, task, answerer, *(f"{f:.3f}" for f in figures), flush=True)
            sizes = f"{len(train):,} training and {len(test):,} test images"
            print_results(name, task, sizes, results)


def print_results(
    name: str, task: str, sizes: str, results: dict[str, list[tuple[float, ...]]]
) -> None:
    """Print a table with a line per method: mean and spread of each figure."""
    splits = len(next(iter(results.values())))
    rows = [
        (
            answerer,
            *(
                spread(figures, digits)
                for figures, digits in zip(np.transpose(found), (2, 3, 4), strict=False)
            ),
            f"{np.mean([figures[-1] for figures in found]):.1f}",
        )
        for answerer, found in results.items()
    ]
    print_table(
        f"{name} ({sizes}), {TITLES[task]}; answers cut to [0, 1]; PSNR in dB of the mean squared "
        "error over all test images, SSIM their mean, root mean squared error of a pixel"
        + (f"; mean ± spread over {splits} splits" if splits > 1 else "")
        + "; seconds of a fit and its answers",
        ["answers by", "PSNR", "SSIM", "RMSE", "seconds"],
        rows,
    )


TITLES = {
    "super-resolution": "twice as high and wide, from means of 2 × 2 pixels",
    "lower half": "the lower half from the upper one",
    "denoising": f"normal noise of standard deviation {NOISE} taken away",
}


def spread(figures: np.ndarray, digits: int) -> str:
    """Mean, and the standard deviation where there is more than one figure."""
    mean = f"{figures.mean():.{digits}f}"
    return mean if len(figures) == 1 else f"{mean} ± {figures.std(ddof=1):.{digits}f}"


def pairs(
    task: str, images: np.ndarray, side: int, seed: int
) -> tuple[np.ndarray, np.ndarray, tuple[tuple[int, int], tuple[int, int]]]:
    """Inputs, targets, and the shapes of both, for a task."""
    if task == "super-resolution":
        half = side // 2
        small = images.reshape(-1, half, 2, half, 2).mean((2, 4)).reshape(len(images), -1)
        return small, images, ((half, half), (side, side))
    if task == "lower half":
        upper, lower = np.split(images, 2, axis=1)
        return upper, lower, ((side // 2, side), (side // 2, side))
    noise = np.random.default_rng(seed).normal(scale=NOISE, size=images.shape)
    noisy = (images + noise).astype(images.dtype)
    return noisy, images, ((side, side), (side, side))


def quality(y: np.ndarray, answers: np.ndarray, shape: tuple[int, int]) -> tuple[float, ...]:
    """PSNR, SSIM and root mean squared error."""
    error = float(np.square(y - answers).mean())
    window = min(7, *shape) - (min(7, *shape) + 1) % 2
    similarity = [
        structural_similarity(a.reshape(shape), b.reshape(shape), data_range=1, win_size=window)
        for a, b in zip(y, answers, strict=True)
    ]
    return 10 * np.log10(1 / error), float(np.mean(similarity)), error**0.5


def answerers(
    name: str, task: str, shape: tuple[int, int], target_shape: tuple[int, int], seed: int
) -> dict[str, Callable[[Any, Any, Any], np.ndarray]]:
    """By name: methods that map training pairs and new inputs to predictions."""
    ours = EncoderDecoder(
        hidden_layer_sizes=(32, 64),
        image_shape=shape,
        target_shape=target_shape,
        skip_connections=True,
        early_stopping=False,
        learning_rate_schedule="linear",
        **RECIPES[name],
    )
    dull: dict[str, Any] = {}
    if task == "super-resolution":
        dull["bicubic"] = lambda x, y, seen: enlarged(seen, shape, target_shape)
    if task == "denoising":
        dull["as it is"] = lambda x, y, seen: seen
        n = 20 if name == "digits" else 60
        dull[f"PCA({n}) of clean images"] = lambda x, y, seen: projected(y, seen, n)
    regressors: list[Any] = [RidgeCV(ALPHAS)]
    if name == "digits":
        regressors += [
            KNeighborsRegressor(weights="distance"),
            ExtraTreesRegressor(),
            MLPRegressor(hidden_layer_sizes=(256,), max_iter=300),
        ]
    regressors.append(ours)
    return dull | {
        settings(r): lambda x, y, seen, r=r: fitted(r, x, y, seen, seed) for r in regressors
    }


RECIPES: dict[str, dict[str, Any]] = {
    "digits": {"dropout": 0.2, "max_iter": 100},
    "MNIST": {"batch_size": 64, "max_iter": 6},
    "Fashion-MNIST": {"batch_size": 64, "max_iter": 6},
}
"""Parameters of the network that depend on the number of images."""


def fitted(regressor: Any, x: np.ndarray, y: np.ndarray, seen: np.ndarray, seed: int) -> np.ndarray:
    """Predictions of a regressor."""
    regressor = clone(regressor)
    if "random_state" in regressor.get_params():
        regressor.set_params(random_state=seed)
    return regressor.fit(x, y).predict(seen)


def enlarged(seen: np.ndarray, shape: tuple[int, int], target_shape: tuple[int, int]) -> np.ndarray:
    """Bicubic interpolation."""
    return np.array([resize(row.reshape(shape), target_shape, order=3).ravel() for row in seen])


def projected(clean: np.ndarray, seen: np.ndarray, n_components: int) -> np.ndarray:
    """The nearest images in the principal subspace of the clean ones."""
    pca = PCA(n_components, random_state=0).fit(clean)
    return pca.inverse_transform(pca.transform(seen))


def digits(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Seven tenths and three tenths of scikit-learn's digits, 8 × 8 pixels in [0, 1]."""
    return *train_test_split(load_digits().data / 16, test_size=0.3, random_state=seed), 8


def grey(load: Callable[[], tuple[np.ndarray, ...]]) -> Callable[[int], Any]:
    """The first training images and all test images, of 28 × 28 pixels in [0, 1]."""

    def images(seed: int) -> tuple[np.ndarray, np.ndarray, int]:
        x_train, _, x_test, _ = load()
        return np.float32(x_train[:N_TRAINING] / 255), np.float32(x_test / 255), 28

    return images


SETS: dict[str, Callable[[int], tuple[np.ndarray, np.ndarray, int]]] = {
    "digits": digits,
    "MNIST": grey(load_mnist),
    "Fashion-MNIST": grey(load_fashion_mnist),
}
