"""Molecules of QM9 or ZINC: samples of a SequenceVAE of SELFIES, compared with simple baselines."""

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from rdkit import Chem, DataStructs
from rdkit.Chem import QED, Crippen, Descriptors, rdFingerprintGenerator
from rdkit.rdBase import BlockLogs
from scipy.stats import wasserstein_distance
from sklearn.model_selection import train_test_split

from skdeepunsup import SelfiesVectorizer, SequenceVAE

from .data import load_molecules
from .timing import print_table, settings, timed

N_DIVERSE = 2000
"""Molecules in whose pairs diversity is measured."""
N_SCORED = 1000
"""Test molecules whose likelihood is estimated, with 100 draws each."""
N_GRAM = 8
"""Best of 4, 6, 8 and 10 on held-out training molecules of QM9."""
RECIPE: dict[str, Any] = {
    "n_components": 16,
    "hidden_size": 192,
    "free_bits": 0.6,
    "kl_warmup": 3,
    "batch_size": 128,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m benchmarks molecules``."""
    parser.add_argument("--of", choices=("qm9", "zinc"), default="qm9", help="(default qm9)")
    parser.add_argument("--epochs", type=int, default=8, help="of the model (default 8)")
    parser.add_argument("--n-drawn", type=int, default=10_000, help="(default 10000)")
    parser.add_argument("--seed", type=int, default=0, help="of split, fit, draws (default 0)")


def run(arguments: argparse.Namespace) -> None:
    """Print the tables."""
    seed, n_drawn = arguments.seed, arguments.n_drawn
    vectorizer = SelfiesVectorizer()
    X, took = timed(vectorizer.fit_transform, load_molecules(arguments.of))
    train, test = train_test_split(X, test_size=n_drawn, random_state=seed)
    n_symbols = len(vectorizer.vocabulary_)
    print(
        f"{arguments.of}: {len(X):,} molecules, vectorised in {took:.0f} s; {len(test):,} held out;"
        f" {n_symbols - 1} symbols, at most {X.shape[1]} in a molecule; seed {seed}",
        flush=True,
    )
    model = SequenceVAE(
        n_categories=n_symbols, max_iter=arguments.epochs, random_state=seed, **RECIPE
    )
    print(settings(model), flush=True)
    _, fit_seconds = timed(model.set_params(verbose=1).fit, train)
    print(f"fitted in {fit_seconds:.0f} s", flush=True)
    grams, gram_seconds = timed(NGrams, train, n_symbols)
    print(f"{N_GRAM}-grams counted in {gram_seconds:.0f} s")
    print_likelihoods(model, grams, test, len(X))
    rng = np.random.default_rng(seed)
    ways = {
        "molecules held out": lambda: test,
        "SequenceVAE": lambda: model.sample(n_drawn, random_state=seed),
        f"{N_GRAM}-grams": lambda: grams.sample(n_drawn, rng),
        "molecules' symbols shuffled": lambda: shuffled(train[:n_drawn], rng),
        "random symbols": lambda: random_symbols(train[:n_drawn], n_symbols, rng),
    }
    print_draws(ways, vectorizer, train, test, rng, arguments.of)


def print_likelihoods(
    model: SequenceVAE, grams: "NGrams", test: np.ndarray, n_molecules: int
) -> None:
    """Print the log-likelihood of test molecules, and how many come back from their code."""
    scored = test[:N_SCORED]
    nats, score_seconds = timed(model.score_samples, scored.astype(np.float32))
    codes = model.transform(scored.astype(np.float32))
    again = (model.inverse_transform(codes) == scored).all(1).mean()
    print(
        f"likelihood of {N_SCORED:,} molecules in {score_seconds:.0f} s; {again:.1%} of these come "
        "back from their code as they were"
    )
    print_table(
        f"Mean log-likelihood of {N_SCORED:,} test molecules (of the model, from 100 draws each)",
        ["model", "nats a molecule"],
        [
            ("one of all molecules of the set, alike", f"{-np.log(n_molecules):.2f}"),
            ("SequenceVAE", f"{nats.mean():.2f}"),
            (f"{N_GRAM}-grams", f"{grams.log_likelihood(scored).mean():.2f}"),
        ],
    )


def print_draws(
    ways: dict[str, Callable[[], np.ndarray]],
    vectorizer: SelfiesVectorizer,
    train: np.ndarray,
    test: np.ndarray,
    rng: np.random.Generator,
    name_of_set: str,
) -> None:
    """Draw as many molecules in each way as were held out, and print what they are worth."""
    n_drawn = len(test)
    known, unseen = (set(vectorizer.inverse_transform(part)) for part in (train, test))
    wanted = properties(map(Chem.MolFromSmiles, vectorizer.inverse_transform(train[-n_drawn:])))
    rows = []
    for name, draw in ways.items():
        drawn, took = timed(draw)
        figures, more = timed(
            judged, vectorizer.inverse_transform(drawn), known, unseen, wanted, rng
        )
        rows.append((name, *figures, f"{took:.1f}"))
        print(f"{name}: judged in {more:.0f} s", flush=True)
    print_table(
        f"{name_of_set}, {n_drawn:,} draws. Valid, unique, novel, and found of the molecules held "
        f"out are shares in %. Diversity is the mean distance of pairs of {N_DIVERSE:,}. "
        f"Properties are compared with those of {n_drawn:,} training molecules, by their "
        "Wasserstein-1 distance. Seconds to draw.",
        [
            "drawn",
            "valid",
            "unique",
            "novel",
            "found",
            "diversity",
            "QED, distance",
            "logP, distance",
            "weight, distance",
            "seconds",
        ],
        rows,
    )


def judged(
    smiles: Iterable[str],
    known: set[str],
    unseen: set[str],
    wanted: np.ndarray,
    rng: np.random.Generator,
) -> list[str]:
    """Figures of drawn molecules, as text; an empty molecule is not valid.

    Unique is the share of distinct molecules among the valid ones, novel the share of unknown ones
    among the distinct, found the share of ``unseen`` molecules that were drawn; diversity and
    properties are those of all valid ones, with repetitions.
    """
    with BlockLogs():
        parsed = [Chem.MolFromSmiles(string) for string in smiles]
    valid = [m for m in parsed if m is not None and m.GetNumAtoms()]
    different = {Chem.MolToSmiles(molecule) for molecule in valid}
    some = [valid[i] for i in rng.permutation(len(valid))[:N_DIVERSE]]
    distances = map(wasserstein_distance, properties(valid).T, wanted.T)
    return [
        f"{100 * len(valid) / len(parsed):.1f}",
        f"{100 * len(different) / len(valid):.1f}",
        f"{100 * len(different - known) / len(different):.1f}",
        f"{100 * len(different & unseen) / len(unseen):.1f}",
        f"{diversity(some):.3f}",
        *(f"{distance:.3f}" for distance in distances),
    ]


class NGrams:
    """Symbols given the N − 1 symbols before them, by counts; rare contexts back off.

    p(x | context) = (count(context, x) + t p(x | shorter context)) / (count(context) + t), where t
    different symbols were seen to follow the context.

    References
    ----------
    I. H. Witten, T. C. Bell, "The zero-frequency problem", IEEE Transactions on Information Theory
    37, 1991, method C.
    """

    def __init__(self, X: np.ndarray, n_symbols: int) -> None:
        self.n_symbols, self.n_places = n_symbols, X.shape[1]
        self.counts: dict[tuple[int, ...], np.ndarray] = defaultdict(lambda: np.zeros(n_symbols))
        for context, symbol in (pair for row in X for pair in self._read(row)):
            for n in range(N_GRAM):
                self.counts[context[N_GRAM - 1 - n :]][symbol] += 1

    def _read(self, row: np.ndarray) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield the symbols of a row, up to its first 0, with the symbols before each."""
        context = (-1,) * (N_GRAM - 1)
        for symbol in row.tolist():
            yield context, symbol
            if symbol == 0:
                return
            context = (*context[1:], symbol)

    def probabilities(self, context: tuple[int, ...]) -> np.ndarray:
        """Probability of each symbol after a context."""
        p = np.full(self.n_symbols, 1 / self.n_symbols)
        for n in range(N_GRAM):
            suffix = context[N_GRAM - 1 - n :]
            if suffix not in self.counts:
                break
            counts = self.counts[suffix]
            t = np.count_nonzero(counts)
            p = (counts + t * p) / (counts.sum() + t)
        return p

    def log_likelihood(self, X: np.ndarray) -> np.ndarray:
        """Log-likelihood of each row, in nats."""
        return np.array(
            [sum(np.log(self.probabilities(c)[x]) for c, x in self._read(row)) for row in X]
        )

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Rows drawn symbol after symbol."""
        X = np.zeros((n, self.n_places), dtype=int)
        for row in X:
            context = (-1,) * (N_GRAM - 1)
            for place in range(self.n_places):
                row[place] = rng.choice(self.n_symbols, p=self.probabilities(context))
                if row[place] == 0:
                    break
                context = (*context[1:], int(row[place]))
        return X


def shuffled(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows whose symbols are in random order."""
    order = np.where(X > 0, rng.random(X.shape), 1.0).argsort(1)
    return np.take_along_axis(X, order, axis=1)


def random_symbols(X: np.ndarray, n_symbols: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of uniformly drawn symbols, with the lengths of those of ``X``."""
    return np.where(X > 0, rng.integers(1, n_symbols, X.shape), 0)


def properties(molecules: Iterable[Any]) -> np.ndarray:
    """Drug-likeness, octanol-water log partition coefficient and weight of each molecule."""
    return np.array([[QED.qed(m), Crippen.MolLogP(m), Descriptors.MolWt(m)] for m in molecules])


def diversity(molecules: Sequence[Any]) -> float:
    """1 minus the mean Tanimoto similarity of pairs, by Morgan fingerprints of radius 2."""
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    prints = [generator.GetFingerprint(molecule) for molecule in molecules]
    similar = [DataStructs.BulkTanimotoSimilarity(f, prints[:i]) for i, f in enumerate(prints)]
    return 1 - float(np.mean(np.concatenate(similar)))
