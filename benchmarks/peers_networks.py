"""Contests of autoencoders and machines: skorch, pythae, PyOD, learnergy, scikit-learn."""

import logging
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import sklearn.neural_network
import torch
from scipy.special import expit
from sklearn.neural_network import MLPRegressor
from torch import nn

from skdeepunsup import Autoencoder, BernoulliRBM, VariationalAutoencoder

from . import speed_plain as plain
from .contest import Answer, Contest, Contestant
from .data import load_mnist

N_TRAIN, N_TEST, EPOCHS, BATCH = 4_000, 1_000, 4, 128
WIDTHS, WIDE = (784, 128, 16), (784, 512, 16)
"""From input to code; the second are those that pythae has by default."""
RBM_WIDTH, RBM_BATCH, RATE = 128, 100, 0.05

Rows = np.ndarray
Reconstruct = Callable[[Rows], Rows]


def contests() -> list[Contest]:
    """Grey digits for the autoencoders, digits of black and white for the machines."""
    x_train, _, x_test, _ = load_mnist()
    train, test = (
        (x[:n] / 255).astype(np.float32) for x, n in ((x_train, N_TRAIN), (x_test, N_TEST))
    )
    work = f"{len(train):,} digits of MNIST, {EPOCHS} epochs"
    error = "held-out squared error"
    return [
        Contest(
            f"Autoencoder {'-'.join(map(str, WIDTHS))}, {work}, batch {BATCH}",
            error,
            autoencoders(train, test),
        ),
        Contest(
            f"Autoencoder {'-'.join(map(str, WIDE))}, {work}, batch {BATCH}",
            error,
            wide_autoencoders(train, test),
        ),
        Contest(f"VAE {'-'.join(map(str, WIDE))}, {work}, batch {BATCH}", error, vaes(train, test)),
        Contest(
            f"RBM 784-{RBM_WIDTH}, {work} as bits, batch {RBM_BATCH}",
            "held-out cross-entropy of v given E[h | v]",
            machines((train > 0.5).astype(np.float32), (test > 0.5).astype(np.float32)),
        ),
    ]


def judged(reconstruct: Reconstruct, test: Rows) -> Answer:
    """The squared error of a reconstruction, summed over features."""
    return lambda: float(np.square(reconstruct(test) - test).sum(1).mean())


def autoencoders(train: Rows, test: Rows) -> dict[str, Contestant]:
    """Plain autoencoders; that of scikit-learn has a rectified code."""

    def looped() -> Answer:
        return judged(_applied(plain.autoencoder(train, WIDTHS, BATCH, EPOCHS)), test)

    def regressed() -> Answer:
        model = MLPRegressor(
            hidden_layer_sizes=(*WIDTHS[1:], *WIDTHS[-2:0:-1]),
            batch_size=BATCH,
            max_iter=EPOCHS,
            random_state=0,
        )
        return judged(model.fit(train, train).predict, test)

    def skorched() -> Answer:
        from skorch import NeuralNetRegressor

        torch.manual_seed(0)
        model = NeuralNetRegressor(
            nn.Sequential(*plain.dense(WIDTHS), *plain.dense(WIDTHS[::-1])),
            max_epochs=EPOCHS,
            batch_size=BATCH,
            optimizer=torch.optim.Adam,
            lr=1e-3,
            train_split=None,
            iterator_train__shuffle=True,
            verbose=0,
        )
        return judged(model.fit(train, train).predict, test)

    def detected() -> Answer:
        from pyod.models.auto_encoder import AutoEncoder

        options = {"hidden_neuron_list": list(WIDTHS[1:]), "batch_norm": False}
        model = AutoEncoder(**options, **_of_pyod())
        model.fit(train)
        return judged(_applied(model.model), test)

    return {
        "ours": Contestant("", partial(_fitted, _ours(Autoencoder, WIDTHS), train, test)),
        "DataLoader loop": Contestant("torch", looped),
        "MLPRegressor": Contestant("scikit-learn", regressed),
        "NeuralNetRegressor": Contestant("skorch", skorched),
        "outlier detector AutoEncoder": Contestant("pyod", detected),
    }


def wide_autoencoders(train: Rows, test: Rows) -> dict[str, Contestant]:
    """The default networks of pythae."""

    def theirs() -> Answer:
        from pythae.models import AE, AEConfig

        model = AE(AEConfig(input_dim=(WIDE[0],), latent_dim=WIDE[-1]))
        return _of_pythae(model, train, test)

    return {
        "ours": Contestant("", partial(_fitted, _ours(Autoencoder, WIDE), train, test)),
        "AE": Contestant("pythae", theirs),
    }


def vaes(train: Rows, test: Rows) -> dict[str, Contestant]:
    """Variational autoencoders at their default likelihoods, of one draw a row."""

    def looped() -> Answer:
        model = plain.vae(train, WIDE, BATCH, EPOCHS)
        return judged(_applied(lambda x: model.decoder(model.encoder(x).chunk(2, -1)[0])), test)

    def theirs() -> Answer:
        from pythae.models import VAE, VAEConfig

        model = VAE(VAEConfig(input_dim=(WIDE[0],), latent_dim=WIDE[-1]))
        return _of_pythae(model, train, test)

    def detected() -> Answer:
        from pyod.models.vae import VAE

        hidden = list(WIDE[1:-1])
        model = VAE(
            encoder_neuron_list=hidden,
            decoder_neuron_list=hidden[::-1],
            latent_dim=WIDE[-1],
            **_of_pyod(),
        )
        model.fit(train)
        network = model.model
        return judged(_applied(lambda x: network.decode(network.encode(x)[0])), test)

    return {
        "ours": Contestant("", partial(_fitted, _ours(VariationalAutoencoder, WIDE), train, test)),
        "DataLoader loop": Contestant("torch", looped),
        "VAE": Contestant("pythae", theirs),
        "outlier detector VAE": Contestant("pyod", detected),
    }


def machines(train: Rows, test: Rows) -> dict[str, Contestant]:
    """Restricted machines, a chain for each row of a batch; learnergy's begin at the data."""
    shared: dict[str, Any] = {
        "batch_size": RBM_BATCH,
        "learning_rate": RATE,
        "n_iter": EPOCHS,
        "random_state": 0,
    }

    def fitted(model: Any) -> Answer:
        model.fit(train)
        return _given_back(
            model.components_.T, model.intercept_visible_, model.intercept_hidden_, test
        )

    def theirs() -> Answer:
        from learnergy.core import Dataset
        from learnergy.models.bernoulli import RBM

        torch.manual_seed(0)
        model = RBM(train.shape[1], RBM_WIDTH, steps=1, learning_rate=RATE, use_gpu=False)
        rows = Dataset(torch.from_numpy(train), np.zeros(len(train)), show_log=False)
        model.fit(rows, batch_size=RBM_BATCH, epochs=EPOCHS)
        W, a, b = (p.detach().numpy() for p in (model.W, model.a, model.b))
        return _given_back(W, a, b, test)

    ours = BernoulliRBM(RBM_WIDTH, n_chains=RBM_BATCH, device="cpu", **shared)
    peer = sklearn.neural_network.BernoulliRBM(RBM_WIDTH, **shared)
    return {
        "ours": Contestant("", partial(fitted, ours)),
        "BernoulliRBM": Contestant("scikit-learn", partial(fitted, peer)),
        "RBM": Contestant("learnergy", theirs),
    }


def _given_back(W: Rows, a: Rows, b: Rows, test: Rows) -> Answer:
    """The cross-entropy of bits given the hidden means that they cause, in nats of a row."""

    def answer() -> float:
        p = np.clip(expit(expit(test @ W + b) @ W.T + a), 1e-6, 1 - 1e-6)
        return float(-np.where(test, np.log(p), np.log(1 - p)).sum(1).mean())

    return answer


def _ours(kind: type[Any], widths: tuple[int, ...]) -> Any:
    return kind(
        widths[-1],
        hidden_layer_sizes=widths[1:-1],
        batch_size=BATCH,
        max_iter=EPOCHS,
        early_stopping=False,
        n_iter_no_change=EPOCHS,
        device="cpu",
        random_state=0,
    )


def _fitted(model: Any, train: Rows, test: Rows) -> Answer:
    return judged(model.fit(train).reconstruct, test)


def _applied(network: Callable[[torch.Tensor], torch.Tensor]) -> Reconstruct:
    """A network as a function of arrays."""

    @torch.no_grad()
    def reconstruct(x: Rows) -> Rows:
        if isinstance(network, nn.Module):
            network.eval()
        return network(torch.from_numpy(x)).numpy()

    return reconstruct


def _of_pyod() -> dict[str, Any]:
    return {
        "epoch_num": EPOCHS,
        "batch_size": BATCH,
        "lr": 1e-3,
        "preprocessing": False,
        "dropout_rate": 0,
        "optimizer_params": {},
        "device": "cpu",
        "random_state": 0,
        "verbose": 0,
    }


def _of_pythae(model: Any, train: Rows, test: Rows) -> Answer:
    """Train a model of pythae, which writes it to a folder, and reconstruct from its best epoch."""
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainerConfig

    logging.getLogger("pythae").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            num_epochs=EPOCHS,
            per_device_train_batch_size=BATCH,
            learning_rate=1e-3,
            no_cuda=True,
            seed=0,
        )
        TrainingPipeline(model=model, training_config=config)(train)

    def reconstruct(x: torch.Tensor) -> torch.Tensor:
        return model.decoder(model.encoder(x).embedding).reconstruction

    model.eval()
    return judged(_applied(reconstruct), test)
