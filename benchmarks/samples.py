"""Samples of MNIST by GAN, VAE and RBM, compared with test images in the features of a classifier
that is trained here."""

import argparse
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from skdeepunsup import GAN, BernoulliRBM, BiGAN, VariationalAutoencoder
from skdeepunsup._random import Stream
from skdeepunsup._rows import ResidentRows
from skdeepunsup.metrics import frechet_distance, sample_quality
from skdeepunsup.networks import convolutional_encoder, dense, initialize
from skdeepunsup.training import GradientDescent, Schedule, train

from .data import load_mnist
from .likelihood import parse_setting
from .timing import print_table, seconds, settings

IMAGE, N_FEATURES, N_SAMPLES = (28, 28), 64, 10_000
CONVOLUTIONS: dict[str, Any] = {"image_shape": IMAGE, "hidden_layer_sizes": (32, 64, 128)}
GAME: dict[str, Any] = {"penalty_weight": 0.005, "max_iter": 20}
MODELS: dict[str, Any] = {
    "GAN": GAN(64, encoder_max_iter=3, **GAME, **CONVOLUTIONS),
    "BiGAN": BiGAN(64, **GAME, **CONVOLUTIONS),
    "VAE": VariationalAutoencoder(
        64,
        likelihood="bernoulli",
        batch_size=64,
        max_iter=20,
        early_stopping=False,
        **CONVOLUTIONS,
    ),
    "RBM": BernoulliRBM(
        500, batch_size=100, learning_rate=0.05, n_iter=100, weight_decay=1e-4, resample=True
    ),
}
KEYS = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks samples``."""
    parser.add_argument("--models", nargs="*", choices=MODELS, default=MODELS, help="(all)")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="of the models")
    parser.add_argument("--figure", help="write a picture of samples to this file")
    parser.add_argument("--progress", help="write one of the GAN's digits while it learns")
    parser.add_argument("--seed", type=int, default=0, help="of all fits and draws (default 0)")
    parser.add_argument("--n-threads", type=int, default=1, help="(default 1)")


def run(arguments: argparse.Namespace) -> None:
    """Fit the models to grey levels in [0, 1], sample, compare."""
    x_train, y_train, x_test, y_test = load_mnist()
    x_train, x_test = x_train / np.float32(255), x_test / np.float32(255)
    features, accuracy = classifier_features(x_train, y_train, x_test, y_test, arguments.seed)
    print(f"classifier: {100 * accuracy:.2f} % of test images right, {N_FEATURES} features")

    others = np.random.default_rng(arguments.seed).choice(x_train, N_SAMPLES, replace=False)
    pictures, rows = {"MNIST": others[:100]}, [row("training images", others, x_test, features)]
    for name in arguments.models:
        model = clone(MODELS[name]).set_params(device="cpu", random_state=arguments.seed)
        model.set_params(**dict(map(parse_setting, arguments.set)))
        print(f"\n{settings(model)}", flush=True)
        watch = Watch(name)
        if arguments.progress and name == "GAN":
            model.set_callbacks(watch)
        spent = seconds(lambda model=model: model.fit(x_train))
        samples = pictures_of(model, arguments.seed)
        pictures[name] = samples[:100]
        rows.append(row(name, samples, x_test, features, spent))
        print(rows[-1], flush=True)
        if isinstance(model, GAN):
            print(f"encoder: squared error {model.encoder_error_:.3f} of a component of its codes")
        if watch.images:
            draw(watch.images, arguments.progress)
    print_table(
        f"MNIST, {N_SAMPLES:,} samples beside the test images, seed {arguments.seed}: on "
        f"{N_FEATURES} features of the classifier, and the Fréchet distance of the pixels",
        ["samples", "fit seconds", *(key.replace("_", " ") for key in KEYS), "of pixels"],
        rows,
    )
    if arguments.figure:
        draw(pictures, arguments.figure)


def row(
    name: str,
    samples: np.ndarray,
    x_test: np.ndarray,
    features: Callable[[np.ndarray], np.ndarray],
    fit_seconds: Any = "",
) -> tuple[Any, ...]:
    """One line of the table."""
    seen = sample_quality(x_test, samples, features=features)
    pixels = frechet_distance(x_test, samples)
    return (name, fit_seconds, *(seen[key] for key in KEYS), pixels)


def pictures_of(model: Any, seed: int) -> np.ndarray:
    """Samples as grey levels; for a model of bits, the means of the bits."""
    if isinstance(model, VariationalAutoencoder):
        samples = model.sample(N_SAMPLES, mean=True, random_state=seed)
    else:
        samples = model.sample(N_SAMPLES, random_state=seed)
        if isinstance(model, BernoulliRBM):
            samples = model.reconstruct(samples)
    return samples.astype(np.float32)


class Watch:
    """A callback that stores a hundred samples, from the same codes, after some epochs."""

    def __init__(self, name: str) -> None:
        self.name, self.images = name, dict[str, np.ndarray]()

    def setup(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Do nothing."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing when an epoch begins."""

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, fitted_estimator: Any = None
    ) -> None:
        """Sample after epochs 1, 2, 5, 10 and 20."""
        epoch = context.task_id + 1
        if context.task_name == "epoch" and epoch in (1, 2, 5, 10, 20):
            self.images[f"{self.name}, epoch {epoch}"] = fitted_estimator.sample(
                100, random_state=0
            )


class Classifier(nn.Module):
    """Convolutions, ``N_FEATURES`` rectified features, ten logits; the label is the last column."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            convolutional_encoder(IMAGE, (32, 64), N_FEATURES, "relu"), nn.ReLU()
        )
        self.logits = dense((N_FEATURES, 10), "relu")

    def losses(self, rows: Tensor, stream: Stream, weights: Any = None) -> dict[str, Tensor]:
        """The cross-entropy of each row."""
        logits = self.logits(self.features(rows[:, :-1]))
        return {"error": cross_entropy(logits, rows[:, -1].long(), reduction="none")}


def classifier_features(
    x_train: np.ndarray, y_train: np.ndarray, x_test: np.ndarray, y_test: np.ndarray, seed: int
) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """The features of a classifier trained for five epochs, and its accuracy."""
    stream, module = Stream(seed), Classifier()
    initialize(module, stream)
    rows = torch.from_numpy(np.column_stack([x_train, y_train]).astype(np.float32))
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3, fused=True)
    train(
        GradientDescent(module, optimizer, stream),
        ResidentRows(rows),
        Schedule(5, 64),
        stream,
        history={},
    )

    def features(X: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            parts = torch.from_numpy(np.asarray(X, dtype=np.float32)).split(1000)
            return torch.cat([module.features(part) for part in parts]).double().numpy()

    with torch.inference_mode():
        found = module.logits(torch.from_numpy(features(x_test)).float()).argmax(1).numpy()
    return features, float((found == y_test).mean())


def draw(pictures: dict[str, np.ndarray], path: str) -> None:
    """Draw a hundred samples of each model, side by side."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(
        1, len(pictures), figsize=(3.2 * len(pictures), 3.5), layout="constrained"
    )
    for ax, (name, images) in zip(axes, pictures.items(), strict=True):
        tiles = images.reshape(10, 10, *IMAGE).transpose(0, 2, 1, 3).reshape(280, 280)
        ax.imshow(tiles, cmap="gray", vmin=0, vmax=1)
        ax.set_title(name)
        ax.set_axis_off()
    figure.savefig(path, dpi=150)
