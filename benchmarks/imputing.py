"""Imputing halves of digits, and entries of tables, by draws, means and regressions."""

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import StandardScaler

from skdeepunsup import (
    BernoulliRBM,
    DenoisingAutoencoder,
    GaussianRBM,
    GenerativeImputer,
    VariationalAutoencoder,
)

from .timing import print_table, settings

SEEN = np.arange(64) < 32
"""The upper half of a digit."""
N_DRAWS = 39
"""The interval from the 2nd to the 38th of 39 draws contains 90 % of their distribution."""
TABLES = {
    "breast cancer": load_breast_cancer,
    "wine": load_wine,
    "diabetes": load_diabetes,
}
SHARES = (0.1, 0.3, 0.5)
Answers = dict[str, np.ndarray]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks imputing``."""
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--parts", nargs="+", default=["halves", "tables"])
    parser.add_argument("--tables", nargs="+", default=list(TABLES))


def run(arguments: argparse.Namespace) -> None:
    """Print a table for each part."""
    if "halves" in arguments.parts:
        halves(arguments.seeds)
    if "tables" in arguments.parts:
        for name in arguments.tables:
            entries(name, arguments.seeds)


def halves(seeds: list[int]) -> None:
    """Predict the lower half of digits from the upper half."""
    found: dict[str, list[tuple[float, ...]]] = {}
    X = load_digits().data / 16
    for seed in seeds:
        train, test = train_test_split(X, test_size=0.3, random_state=seed)
        for name, complete in ways().items():
            start = time.perf_counter()
            answers = complete(train, test, seed)
            figures = compared(answers, test[:, ~SEEN])
            found.setdefault(name, []).append((*figures, time.perf_counter() - start))
            print(seed, name, *(f"{f:.4g}" for f in found[name][-1]), flush=True)
    rows = []
    for name, figures in found.items():
        *errors, spent = np.transpose(figures)
        rows.append([name, *map(mean_and_spread, errors), f"{spent.mean():.1f}"])
    print_table(
        f"Lower halves of digits (8 × 8, grey levels in [0, 1]) from the upper; 70 % train, 30 % "
        f"test, mean ± spread over splits of seeds {seeds}. Of models with draws, {N_DRAWS} of "
        "them: how many entries lie in their 90 % interval, and their CRPS; of single answers that "
        "is the absolute error. Seconds of a fit and all answers",
        ["model", "RMSE of the mean", "CRPS", "in 90 %", "seconds"],
        rows,
    )


def compared(answers: Answers, truth: np.ndarray) -> tuple[float, float, float]:
    """RMSE of the mean, continuous ranked probability score, and coverage of 90 % intervals."""
    mean = answers["mean"][:, ~SEEN]
    error = float(np.sqrt(np.square(mean - truth).mean()))
    if "draws" not in answers:
        return error, float(np.abs(mean - truth).mean()), np.nan
    draws = np.sort(answers["draws"][..., ~SEEN], axis=0)
    k = len(draws)
    # Σᵢⱼ |xᵢ − xⱼ| of sorted xᵢ is 2 Σᵢ (2i − k − 1) xᵢ.
    weights = 2 * np.arange(1, k + 1) - k - 1
    apart = 2 * np.tensordot(weights, draws, 1) / (k * (k - 1))
    crps = np.abs(draws - truth).mean(0) - 0.5 * apart
    inside = (draws[1] <= truth) & (truth <= draws[-2])
    return error, float(crps.mean()), float(inside.mean())


def ways() -> dict[str, Callable[[np.ndarray, np.ndarray, int], Answers]]:
    """By name: functions of training rows, test rows and a seed that complete the test rows."""
    regressors = [
        Ridge(),
        KNeighborsRegressor(10, weights="distance"),
        ExtraTreesRegressor(),
        MLPRegressor(hidden_layer_sizes=(256,), max_iter=500),
    ]
    vae = VariationalAutoencoder(
        16,
        hidden_layer_sizes=(256,),
        dropout=0.2,
        noise_scale=0.2,
        max_iter=60,
        early_stopping=False,
    )
    rbm = BernoulliRBM(200, n_iter=100, batch_size=20, resample=True)
    return {
        **{settings(r): regression(r) for r in regressors},
        settings(rbm): sampling(rbm, draws=False),
        settings(GRBM): sampling(GRBM),
        settings(vae): sampling(vae),
        f"{N_NETWORKS} × {settings(half_denoiser())}": denoising,
    }


GRBM = GaussianRBM(300, n_iter=150)
N_NETWORKS = 3
"""Denoising autoencoders whose predictions are averaged."""


def regression(regressor: Any) -> Callable[[np.ndarray, np.ndarray, int], Answers]:
    """Predict the pixels of the lower half by a regression."""

    def complete(train: np.ndarray, test: np.ndarray, seed: int) -> Answers:
        model = clone(regressor)
        if "random_state" in model.get_params():
            model.set_params(random_state=seed)
        model.fit(train[:, SEEN], train[:, ~SEEN])
        return {"mean": np.hstack([test[:, SEEN], model.predict(test[:, SEEN])])}

    return complete


def sampling(model: Any, draws: bool = True) -> Callable[[np.ndarray, np.ndarray, int], Answers]:
    """Complete by ``impute`` of a model of whole digits; draws of bits are not grey levels."""

    def complete(train: np.ndarray, test: np.ndarray, seed: int) -> Answers:
        fitted = clone(model).set_params(random_state=seed).fit(train)
        seen = np.where(SEEN, test, np.nan)
        answers = {"mean": fitted.impute(seen, mean=True, n_draws=10, random_state=seed)}
        if draws:
            answers["draws"] = fitted.impute(seen, n_draws=N_DRAWS, random_state=seed)
        return answers

    return complete


def half_denoiser() -> DenoisingAutoencoder:
    """A denoising autoencoder trained on halves of digits."""
    return DenoisingAutoencoder(
        128,
        hidden_layer_sizes=(512, 512),
        corruption=lose_a_half,
        dropout=0.3,
        batch_size=128,
        learning_rate=2e-3,
        max_iter=150,
    )


def lose_a_half(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Remove the lower half of seven rows in ten, and each entry of the others with chance ½."""
    by_half = torch.rand(len(x), 1, generator=generator) < 0.7
    here_and_there = torch.rand(x.shape, generator=generator) < 0.5
    return x.masked_fill(torch.where(by_half, ~torch.from_numpy(SEEN), here_and_there), 0)


def denoising(train: np.ndarray, test: np.ndarray, seed: int) -> Answers:
    """The mean reconstruction of several networks from the upper half; rows are centred."""
    mean = train.mean(0)
    total = 0.0
    for i in range(N_NETWORKS):
        model = half_denoiser().set_params(random_state=N_NETWORKS * seed + i).fit(train - mean)
        total = total + model.reconstruct(np.where(SEEN, test - mean, 0)) + mean
    return {"mean": total / N_NETWORKS}


def entries(name: str, seeds: list[int]) -> None:
    """Impute entries of tables that are missing at random."""
    rows = []
    found: dict[str, list[Any]] = {}
    X = StandardScaler().fit_transform(TABLES[name](return_X_y=True)[0])
    for label, imputer in imputers().items():
        spent = 0.0
        for share in SHARES:
            errors = []
            for seed in seeds:
                missing = np.random.default_rng(seed).random(X.shape) < share
                seen = np.where(missing, np.nan, X)
                model = clone(imputer)
                if "random_state" in model.get_params():
                    model.set_params(random_state=seed)
                start = time.process_time()
                filled = model.fit_transform(seen)
                spent += time.process_time() - start
                errors.append(np.sqrt(np.square(filled - X)[missing].mean()))
            found.setdefault(label, []).append(mean_and_spread(errors))
        rows.append([label, *found[label], f"{spent / len(SHARES) / len(seeds):.1f}"])
        print(*rows[-1], flush=True)
    print_table(
        f"{name}, {X.shape[0]} × {X.shape[1]}, standardised, entries missing at random: RMSE of "
        f"these, mean ± spread over masks of seeds {seeds}; CPU seconds of a fit with its answers",
        ["imputer", *(f"{share:.0%} missing" for share in SHARES), "seconds"],
        rows,
    )


def imputers() -> dict[str, Any]:
    """By name: the imputers of scikit-learn and of this package."""
    ours = [
        GenerativeImputer(),
        GenerativeImputer(
            VariationalAutoencoder(8, dropout=0.1, missing="mask", early_stopping=False)
        ),
        GenerativeImputer(GaussianRBM(100, n_iter=60)),
    ]
    plain = [
        SimpleImputer(),
        KNNImputer(n_neighbors=10, weights="distance"),
        IterativeImputer(max_iter=20, tol=0.01),
    ]
    return {settings(imputer): imputer for imputer in [*plain, *ours]}


def mean_and_spread(figures: Any) -> str:
    """Mean and spread over seeds as text, or a dash if there are no values."""
    if np.isnan(figures).any():
        return "–"
    return f"{np.mean(figures):.3f} ± {np.std(figures, ddof=1):.3f}"
