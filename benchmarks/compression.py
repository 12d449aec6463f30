"""Sizes of compressed MNIST, compared with gzip, bz2, lzma, PNG and WebP; rate and distortion."""

import argparse
import bz2
import copy
import gzip
import io
import lzma
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import torch
from PIL import Image
from sklearn.decomposition import PCA

from skdeepunsup import Autoencoder, LosslessCompressor, LossyCompressor, VariationalAutoencoder
from skdeepunsup._random import Stream

from .data import load_mnist
from .likelihood import fixed_bits
from .stages import stages
from .timing import print_table, settings

RATES = {
    "binary": "1e-3:36 3e-4:16 1e-4:8",
    "grey": "1e-3:24 3e-4:12 1e-4:8",
    "codes": "1e-3:15 3e-4:5",
}
PUBLISHED = {"binary": 0.19, "grey": 1.41}
"""Townsend et al. 2019, bits-back coding by a variational autoencoder."""
STEPS = (2.0, 1.0, 0.5, 0.25)
QUALITIES = (1, 5, 10, 25, 50)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks compression``."""
    parser.add_argument(
        "--parts", nargs="*", default=["binary", "grey", "lossy", "round-trips"], help="(all)"
    )
    parser.add_argument("--models", type=Path, help="folder where fitted models are kept and found")
    parser.add_argument("--test-rows", type=int, default=10_000, help="(default all, 10,000)")
    parser.add_argument("--round-trips", type=int, default=10_000, help="(default 10,000)")
    parser.add_argument("--seed", type=int, default=0, help="of fits and test bits (default 0)")


def run(arguments: argparse.Namespace) -> None:
    """Print a table for each part."""
    torch.set_num_threads(1)
    x_train, _, x_test, _ = load_mnist()
    x_test = x_test[: arguments.test_rows]
    for part in arguments.parts:
        match part:
            case "binary":
                bits = fixed_bits(x_test, arguments.seed).astype(np.uint8)
                lossless(part, x_train / np.float32(255), bits, arguments)
            case "grey":
                lossless(part, x_train.astype(np.float32), x_test, arguments)
            case "lossy":
                lossy(x_train, x_test, arguments)
            case _:
                round_trips(arguments.round_trips, arguments.seed)


def lossless(name: str, train: np.ndarray, test: np.ndarray, arguments: argparse.Namespace) -> None:
    """Bits per entry of each method."""
    own = {
        "binary": {"likelihood": "bernoulli", "resample": True},
        "grey": {"likelihood": "beta-binomial", "n_categories": 256},
    }[name]
    model = VariationalAutoencoder(
        50, hidden_layer_sizes=(512, 256), validation_fraction=1 / 12, **own
    )
    model, fit_seconds = fitted(name, model, train, arguments)
    compressor = LosslessCompressor(model).fit(train[:1])
    (data, encode), (back, decode) = _pair(compressor, test)
    assert back.dtype == test.dtype and back.tobytes() == test.tobytes()
    net, bound = compressor.bits_per_dimension(test), bits_of_the_bound(model, test)
    print(f"\n{settings(model)}, rates {RATES[name]}")
    print(
        f"Fitted in {fit_seconds:.0f} s to 60,000 training images, encoded in {encode:.1f} s, "
        f"decoded in {decode:.1f} s of the processor, all on one thread: the same bytes back. "
        f"Achieved / bound = {net / bound:.4f}."
    )
    packed = (np.packbits(test, axis=1) if name == "binary" else test).tobytes()
    blank = np.zeros_like(test[0])
    rows = [
        ("bits back, without header and first bits", net, ""),
        ("bits back, the whole stream", 8 * len(data) / test.size, ""),
        ("minus the model's bound", bound, ""),
    ]
    for method, pack in (
        ("gzip -9", lambda b: gzip.compress(b, 9)),
        ("bz2 -9", lambda b: bz2.compress(b, 9)),
        ("lzma -9e", lambda b: lzma.compress(b, preset=9 | lzma.PRESET_EXTREME)),
    ):
        rows.append((f"{method}, one stream of all", 8 * len(pack(packed)) / test.size, ""))
    for method, options in (
        ("PNG", {"format": "PNG", "optimize": True}),
        ("WebP", {"format": "WEBP", "lossless": True, "quality": 100, "method": 6}),
    ):
        size = sum(image_size(row, name == "binary", options) for row in test)
        header = image_size(blank, name == "binary", options) * len(test)
        rows.append(
            (f"{method}, one an image", 8 * size / test.size, f"{8 * header / test.size:.2f}")
        )
    rows.append(("bits back, published", PUBLISHED[name], ""))
    print_table(
        f"Bits per dimension, {name} MNIST, {len(test):,} test images, seed {arguments.seed}",
        ["method", "bits", "of which a blank image"],
        [(method, f"{bits:.4f}", header) for method, bits, header in rows],
    )


def fitted(
    name: str, model: Any, X: np.ndarray, arguments: argparse.Namespace
) -> tuple[Any, float]:
    """The model fitted in stages, and the seconds; cached in a folder if one is given."""
    path = arguments.models / f"{name}.joblib" if arguments.models else None
    if path is not None and path.exists():
        return joblib.load(path)
    model.set_params(batch_size=100, device="cpu", random_state=arguments.seed)
    seconds = sum(s for _, s in stages(model, X, RATES[name].split()))
    if path is not None:
        joblib.dump((model, seconds), path)
    return model, seconds


def bits_of_the_bound(model: VariationalAutoencoder, X: np.ndarray) -> float:
    """Minus the bound per entry, with one draw of z per row, in float64 like the coder."""
    stream = Stream(0)
    module: Any = copy.deepcopy(model.module_).double()
    with torch.inference_mode():
        parts = [module.losses(x, stream) for x in torch.from_numpy(X).double().split(500)]
    nats = sum(float(part["reconstruction"].sum() + part["kl"].sum()) for part in parts)
    return nats / X.size / np.log(2)


def image_size(row: np.ndarray, binary: bool, options: dict[str, Any]) -> int:
    """Bytes of an image file."""
    return len(image_bytes(row.reshape(28, 28) * np.uint8(255 if binary else 1), binary, options))


def image_bytes(image: np.ndarray, binary: bool, options: dict[str, Any]) -> bytes:
    """An image file; a PNG has one bit per pixel if that is enough."""
    picture = Image.fromarray(image)
    if binary and options["format"] == "PNG":
        picture = picture.convert("1", dither=Image.Dither.NONE)
    file = io.BytesIO()
    picture.save(file, **options)
    return file.getvalue()


def lossy(train: np.ndarray, test: np.ndarray, arguments: argparse.Namespace) -> None:
    """Rate and distortion."""
    X, Y = (x / np.float32(255) for x in (train, test))
    model = Autoencoder(32, hidden_layer_sizes=(512, 256), validation_fraction=1 / 12)
    model, seconds = fitted("codes", model, X, arguments)
    print(f"\n{settings(model)}, rates {RATES['codes']}, fitted in {seconds:.0f} s")
    rows: list[tuple[str, ...]] = []
    for name, estimator in (
        ("Autoencoder(32)", model),
        ("PCA(32)", PCA(32, random_state=0).fit(X)),
        ("PCA(128)", PCA(128, random_state=0).fit(X)),
    ):
        for step in STEPS:
            compressor = LossyCompressor(estimator, step=step).fit(X)
            (data, encode), (back, decode) = _pair(compressor, Y)
            rate = f"{8 * len(data) / Y.size:.4f}"
            took = f"{encode:.1f}", f"{decode:.1f}"
            rows.append((name, f"step {step}", rate, rate, f"{psnr(Y, back):.2f}", *took))
    for kind in ("JPEG", "WEBP"):
        for quality in QUALITIES:
            rows.append((kind, f"quality {quality}", *image_rates(test, kind, quality), "", ""))
    print_table(
        f"Rate and distortion, grey MNIST, {len(test):,} test images, seed {arguments.seed}. One "
        "stream of all for ours, header and all; one file an image for JPEG and WebP, whole, and "
        "less what a blank image takes",
        [
            *("method", "setting", "bits per pixel", "less a blank image", "PSNR, dB"),
            *("seconds of the processor to encode", "to decode"),
        ],
        rows,
    )


def image_rates(test: np.ndarray, kind: str, quality: int) -> tuple[str, str, str]:
    """Bits per pixel of files, with and without the size of a blank image's, and their PSNR."""
    options: dict[str, Any] = {"format": kind, "quality": quality}
    options |= {"optimize": True} if kind == "JPEG" else {"method": 6}
    files = [image_bytes(row.reshape(28, 28), False, options) for row in test]
    blank = len(image_bytes(np.zeros((28, 28), np.uint8), False, options))
    back = np.stack([np.asarray(Image.open(io.BytesIO(f)).convert("L")).ravel() for f in files])
    size = sum(map(len, files))
    rates = (8 * s / test.size for s in (size, size - blank * len(test)))
    whole, less = (f"{rate:.4f}" for rate in rates)
    return whole, less, f"{psnr(test / 255, back / 255):.2f}"


def psnr(X: np.ndarray, back: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB, for grey levels in [0, 1], over all images."""
    return float(-10 * np.log10(np.square(X - np.clip(back, 0, 1)).mean()))


def round_trips(n: int, seed: int) -> None:
    """Number of random arrays that models with hardly any training restore exactly."""
    rng, start, back = np.random.default_rng(seed), time.perf_counter(), 0
    compressors = list(small_compressors())
    for _ in range(n):
        compressor = compressors[rng.integers(len(compressors))]
        top = compressor.model_.module_.observation.n_categories - 1
        shape = (int(rng.integers(1, 2 ** rng.integers(1, 7))), compressor.n_features_in_)
        X = rng.integers(0, top + 1, shape) * (rng.random(shape) < rng.random())
        kinds = [k for k in "?bBhHiIlLqQefd" if (X.astype(k) == X).all()]
        X = X.astype(np.dtype(kinds[rng.integers(len(kinds))]).newbyteorder("<>"[rng.integers(2)]))
        again = compressor.decompress(compressor.compress(X))
        back += (again.dtype.str, again.shape) == (X.dtype.str, X.shape) and bool(
            again.tobytes() == X.tobytes()
        )
    print(
        f"\n{back:,} of {n:,} random arrays came back byte for byte, seed {seed}, in "
        f"{time.perf_counter() - start:.0f} s"
    )


def small_compressors() -> Iterator[LosslessCompressor]:
    """Compressors with each likelihood, and some widths."""
    for likelihood, K in (("bernoulli", None), ("categorical", 5), ("beta-binomial", 256)):
        for width in (1, 4, 9):
            model = VariationalAutoencoder(
                2,
                hidden_layer_sizes=(3,),
                likelihood=likelihood,
                n_categories=K,
                max_iter=1,
                random_state=0,
            )
            X = np.random.default_rng(0).integers(0, 2, (10, width))
            yield LosslessCompressor(model).fit(X)


def _pair(compressor: Any, X: np.ndarray) -> tuple[tuple[bytes, float], tuple[np.ndarray, float]]:
    """Compress and decompress rows; return the bytes, the rows and the CPU seconds of each."""
    start = time.process_time()
    data = compressor.compress(X)
    middle = time.process_time()
    back = compressor.decompress(data)
    return (data, middle - start), (back, time.process_time() - middle)
