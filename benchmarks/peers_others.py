"""Contests of sound, ratings, interactions and missing entries: librosa, Surprise, cornac."""

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer
from sklearn.preprocessing import StandardScaler

from skdeepunsup import EntrySplit, GenerativeImputer, ImplicitVAE, LogMel, RatingAutoencoder
from skdeepunsup.metrics import recall_at_k

from .contest import Answer, Contest, Contestant
from .data import load_adbench, load_movielens, load_spoken_digits
from .recommending import rmse, surprised

N_CLIPS, CLIP_LENGTH, RATE = 100, 8_000, 8_000
FRAMES = {"hop_length": 64, "n_mels": 40}
WINDOW, N_STEPS = 256, 32
K = 20
TABLE, MISSING = "cardio", 0.2


def sound() -> list[Contest]:
    """Spectrograms of spoken digits, and the way back; both are judged by our spectrograms."""
    waves = load_spoken_digits(CLIP_LENGTH)["X"][:N_CLIPS]
    ours = LogMel(RATE, window_length=WINDOW, n_iter=N_STEPS, **FRAMES).fit(waves)
    spectra = ours.transform(waves)
    there = {"sr": RATE, "n_fft": WINDOW, **FRAMES}

    def transformed() -> Answer:
        ours.transform(waves)
        return lambda: 0.0

    def of_librosa() -> Answer:
        import librosa

        mel = librosa.feature.melspectrogram(y=waves, **there)
        librosa.power_to_db(mel, ref=np.max, top_db=80)
        return lambda: 0.0

    def heard(sounds: np.ndarray) -> Answer:
        whole = np.zeros_like(waves)
        n = min(CLIP_LENGTH, sounds.shape[-1])
        whole[:, :n] = sounds[:, :n]
        return lambda: float(np.sqrt(np.square(ours.transform(whole) - spectra).mean()))

    def inverted() -> Answer:
        return heard(ours.inverse_transform(spectra))

    def inverted_by_librosa() -> Answer:
        import librosa

        mel = librosa.feature.melspectrogram(y=waves, **there)
        back = librosa.feature.inverse.mel_to_audio(
            mel, sr=RATE, n_fft=WINDOW, hop_length=FRAMES["hop_length"], n_iter=N_STEPS
        )
        return heard(back)

    work = f"{N_CLIPS} spoken digits of {CLIP_LENGTH / RATE:.0f} s"
    return [
        Contest(
            f"Log-mel spectrograms of {work}",
            "",
            {
                "LogMel.transform": Contestant("", transformed),
                "melspectrogram, power_to_db": Contestant("librosa", of_librosa),
            },
        ),
        Contest(
            f"Waveforms from mel spectrograms of {work}, {N_STEPS} steps of Griffin-Lim",
            "RMSE of the new spectrogram, dB",
            {
                "LogMel.inverse_transform": Contestant("", inverted),
                "mel_to_audio, with the spectrogram": Contestant("librosa", inverted_by_librosa),
            },
        ),
    ]


def ratings() -> list[Contest]:
    """Predictions of the first fold of MovieLens 100k, all models at their defaults."""
    train, test = load_movielens(1)
    pairs = np.argwhere(np.isfinite(test))
    wanted = test[tuple(pairs.T)]

    def ours() -> Answer:
        model = RatingAutoencoder(device="cpu", random_state=0)
        predicted = model.fit(train).predict(train, pairs)
        return lambda: rmse(predicted, wanted)

    def theirs() -> Answer:
        predicted = surprised("SVDpp", train, pairs, 0)
        return lambda: rmse(predicted, wanted)

    return [
        Contest(
            "Ratings of MovieLens 100k, fold 1, fit and predictions",
            "RMSE",
            {
                "RatingAutoencoder": Contestant("", ours),
                "SVDpp": Contestant("scikit-surprise", theirs),
            },
        )
    ]


def interactions() -> list[Contest]:
    """Films that users like: codes of 200, 100 epochs, batches of 100 users."""
    train, test = load_movielens(1)
    liked = sp.csr_array(np.nan_to_num(np.fmax(train, test)) >= 4, dtype=np.float64)
    known, wanted = next(EntrySplit(1, random_state=0).pairs(liked))

    def ours() -> Answer:
        model = ImplicitVAE(device="cpu", random_state=0).fit(known)
        return lambda: float(recall_at_k(wanted, model.recommend(known, K)[0]))

    def theirs() -> Answer:
        from cornac.data import Dataset
        from cornac.models import VAECF

        users, items = known.nonzero()
        triples = [(u, i, 1.0) for u, i in zip(users, items, strict=True)]
        data = Dataset.from_uir(triples, seed=0)
        model = VAECF(k=200, autoencoder_structure=[200], n_epochs=100, batch_size=100, seed=0)
        model.fit(data)
        return lambda: float(recall_at_k(wanted, _best(model, data, known)))

    return [
        Contest(
            "Interactions of MovieLens 100k, codes of 200, 100 epochs, batch 100",
            f"recall@{K}",
            {"ImplicitVAE": Contestant("", ours), "VAECF": Contestant("cornac", theirs)},
        )
    ]


def _best(model: Any, data: Any, known: sp.csr_array) -> np.ndarray:
    """The `K` items of the highest scores of each user that are new to her."""
    scores = np.full(known.shape, -np.inf)
    columns = np.array(list(data.iid_map))
    for user, row in data.uid_map.items():
        scores[user, columns] = model.score(row)
    scores[known.toarray() > 0] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def entries() -> list[Contest]:
    """A table with entries missing at random; all imputers at their defaults."""
    X = StandardScaler().fit_transform(load_adbench(TABLE)[0])
    missing = np.random.default_rng(0).random(X.shape) < MISSING
    seen = np.where(missing, np.nan, X)

    def filled(imputer: Any) -> Answer:
        result = imputer.fit_transform(seen)
        return lambda: float(np.sqrt(np.square(result - X)[missing].mean()))

    imputers = {
        "GenerativeImputer": ("", GenerativeImputer(random_state=0)),
        "KNNImputer": ("scikit-learn", KNNImputer()),
        "IterativeImputer": ("scikit-learn", IterativeImputer(random_state=0)),
    }
    return [
        Contest(
            f"Imputing {TABLE}, {X.shape[0]:,} × {X.shape[1]}, {MISSING:.0%} missing",
            "RMSE",
            {
                name: Contestant(package, partial(filled, imputer))
                for name, (package, imputer) in imputers.items()
            },
        )
    ]
