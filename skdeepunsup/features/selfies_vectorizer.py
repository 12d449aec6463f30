"""Molecules as rows of integer codes, and molecules from such rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from .._optional import optional
from .._parameters import check_integer, check_option
from .._validation import check_codes
from .symbols import bonds_of, symbols_of, valences

PADDING = "[nop]"
"""The SELFIES symbol without meaning, for padding; its code is 0."""

MOST_ATOMS = 5000
"""rdkit writes SMILES by recursion: with more atoms, the stack overflows and the process dies."""

BONDS = ("SINGLE", "DOUBLE", "TRIPLE", "AROMATIC")
"""Types of bonds that selfies can represent, by rdkit's names."""


class SelfiesVectorizer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Molecules as sequences of integer codes of equal length; any such sequence is a molecule.

    A SMILES string, in its canonical form, is translated to SELFIES: a sequence of symbols, each
    interpreted by the bonds that the symbols before it leave free. So any sequence of symbols is a
    molecule with correct valences. Each symbol has a code from 1 on, and the end of a row is filled
    with 0. All rows of codes can be decoded, so every sample of a model is a molecule.

    It needs the packages selfies and rdkit: ``pip install 'skdeepunsup[molecules]'``.

    Parameters
    ----------
    input : {"smiles", "selfies"}, default="smiles"
        Format of the strings, including those that ``inverse_transform`` returns. SELFIES are taken
        as they are, symbol by symbol, and do not need rdkit.
    max_length : int, default=None
        Number of columns; None takes the number of symbols of the longest molecule in ``fit``.

    Attributes
    ----------
    vocabulary_ : dict of str to int
        The code of each symbol, in alphabetical order; "[nop]" has 0.
    max_length_ : int
        Number of columns.
    bonds_ : dict of str to int
        Largest number of bonds, in the molecules of ``fit``, of each ion and each element whose
        valence selfies does not know; it is the limit for all other molecules. Empty with
        ``input="selfies"``.

    Raises
    ------
    ImportError
        If selfies or rdkit is missing.

    See Also
    --------
    SequenceVAE : A generative model of such rows.
    VariationalAutoencoder : Another one, with ``likelihood="categorical"``.
    sklearn.feature_extraction.text.CountVectorizer : For texts whose order does not matter.

    Notes
    -----
    Equal molecules get equal codes, however their SMILES are written: rdkit's conventions apply,
    such as charges in a nitro group. Text after a blank in a SMILES is a name, and is ignored.
    Valences are those of selfies' default table, even if the user has set another one.

    References
    ----------
    Krenn, M., Häse, F., Nigam, A., Friederich, P. and Aspuru-Guzik, A., "Self-referencing embedded
    strings (SELFIES): a 100% robust molecular string representation", Machine Learning: Science and
    Technology 1, 2020.

    Examples
    --------
    >>> from skdeepunsup import SelfiesVectorizer
    >>> vectorizer = SelfiesVectorizer()
    >>> vectorizer.fit_transform(["CCO", "OC=O", "C#N"])
    array([[3, 3, 4],
           [4, 2, 4],
           [3, 1, 0]])
    >>> sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get)
    ['[nop]', '[#N]', '[=C]', '[C]', '[O]']
    >>> vectorizer.inverse_transform([[3, 2, 4], [4, 1, 3]])
    array(['C=CO', 'CN=O'], dtype=object)
    """

    def __init__(self, *, input: str = "smiles", max_length: int | None = None) -> None:
        self.input = input
        self.max_length = max_length

    def fit(self, X: Iterable[str], y: Any = None) -> Self:
        """Learn the symbols of molecules.

        Parameters
        ----------
        X : iterable of str
            SMILES, or SELFIES, one string per molecule.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a string is not a molecule, or has more than ``max_length`` symbols.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: Iterable[str], y: Any = None) -> np.ndarray:
        """Learn the symbols of molecules, and return their codes.

        Parameters
        ----------
        X : iterable of str
            SMILES, or SELFIES, one string per molecule.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        ndarray of int, of shape (n_samples, `max_length_`)
            A code for each symbol, then 0.
        """
        check_option("input", self.input, ("smiles", "selfies"))
        if self.max_length is not None:
            check_integer("max_length", self.max_length, 1)
        molecules, bonds = self._read(X, {})
        found = sorted(set().union(*molecules) - {PADDING})
        longest = max(map(len, molecules))
        if not longest:
            raise ValueError("X has no symbols: all its strings are empty.")
        vocabulary = {symbol: code for code, symbol in enumerate([PADDING, *found])}
        max_length = longest if self.max_length is None else int(self.max_length)
        codes = _encoded(molecules, vocabulary, max_length)
        self.vocabulary_, self.max_length_, self.bonds_ = vocabulary, max_length, bonds
        return codes

    def transform(self, X: Iterable[str]) -> np.ndarray:
        """Return the codes of molecules.

        Parameters
        ----------
        X : iterable of str
            SMILES, or SELFIES, one string per molecule.

        Returns
        -------
        ndarray of int, of shape (n_samples, `max_length_`)
            A code for each symbol, then 0.

        Raises
        ------
        ValueError
            If a string is not a molecule, has a symbol that was not in ``fit``, or is too long.
        """
        check_is_fitted(self)
        molecules, _ = self._read(X, self.bonds_)
        return _encoded(molecules, self.vocabulary_, self.max_length_)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the molecules of rows of codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, `max_length_`)
            Integers, codes of the vocabulary in any order; zeros are skipped.

        Returns
        -------
        ndarray of str objects, of shape (n_samples,)
            Canonical SMILES, or SELFIES; an empty string for a row without atoms.

        Raises
        ------
        ValueError
            If an entry is not a code of the vocabulary.
        """
        check_is_fitted(self)
        X = check_codes(X, self.max_length_, type(self).__name__)
        symbols = np.array(list(self.vocabulary_), dtype=object)
        known = np.isin(X, np.arange(len(symbols)))
        if not known.all():
            row, column = np.argwhere(~known)[0]
            raise ValueError(
                f"X has {X[row, column]} in row {row}, column {column}, but codes are the integers "
                f"0 … {len(symbols) - 1}."
            )
        symbols[0] = ""
        strings: Iterable[str] = map("".join, symbols[X.astype(int)])
        if self.input == "smiles":
            strings = self._smiles(strings)
        return np.array([*strings, None], dtype=object)[:-1]

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    @property
    def _n_features_out(self) -> int:
        """Number of columns."""
        return self.max_length_

    def _read(
        self, X: Iterable[str], bonds: dict[str, int]
    ) -> tuple[list[list[str]], dict[str, int]]:
        """Return the symbols of each molecule, and ``bonds_`` of these molecules.

        Raises if an atom has more bonds than the given ``bonds`` allow.
        """
        selfies = self._package("selfies")
        molecules: list[list[str]] = []
        found: dict[str, int] = {}
        with valences(selfies, bonds), self._silence():
            for row, string in enumerate(_checked_strings(X)):
                try:
                    read = string
                    if self.input == "smiles":
                        molecule = self._molecule(string)
                        for kind, n in bonds_of(molecule):
                            if n > bonds.get(kind, n):
                                raise ValueError(
                                    f"{kind} has {n} bonds, but at most {bonds[kind]} in fit; "
                                    "leave it out, or fit again"
                                )
                            found[kind] = max(n, found.get(kind, 0))
                        read = selfies.encoder(self._canonical(molecule))
                    molecules.append(symbols_of(read, selfies))
                except (ValueError, selfies.EncoderError, selfies.DecoderError) as error:
                    reason = " ".join(str(error).split())
                    raise ValueError(f"row {row} of X is {string!r}: {reason}.") from error
        known = selfies.get_preset_constraints("default")
        charged = {kind: n for kind, n in found.items() if kind[-1].isdigit() or kind not in known}
        return molecules, charged

    def _molecule(self, smiles: str) -> Any:
        """Parse SMILES with rdkit; raise if selfies cannot represent the molecule."""
        molecule = self._package("rdkit.Chem").MolFromSmiles(smiles)
        if molecule is None or not molecule.GetNumAtoms():
            raise ValueError("rdkit finds no molecule in it")
        if any(not atom.GetAtomicNum() for atom in molecule.GetAtoms()):
            raise ValueError("it has a wildcard, for which selfies has no symbol")
        for bond in molecule.GetBonds():
            if (kind := bond.GetBondType().name) not in BONDS:
                raise ValueError(f"it has a {kind.lower()} bond, for which selfies has no symbol")
        return molecule

    def _canonical(self, molecule: Any) -> str:
        """The canonical SMILES of a molecule of rdkit."""
        if (n := molecule.GetNumAtoms()) > MOST_ATOMS:
            raise ValueError(f"it has {n} atoms, but at most {MOST_ATOMS} can be written")
        return self._package("rdkit.Chem").MolToSmiles(molecule)

    def _smiles(self, strings: Iterable[str]) -> Iterator[str]:
        """Yield the canonical SMILES of SELFIES, or that of selfies where rdkit cannot parse it."""
        selfies, chem = self._package("selfies"), self._package("rdkit.Chem")
        with valences(selfies, self.bonds_), self._silence():
            for row, string in enumerate(strings):
                smiles = selfies.decoder(string)
                molecule = chem.MolFromSmiles(smiles)
                try:
                    yield smiles if molecule is None else self._canonical(molecule)
                except ValueError as error:
                    raise ValueError(f"row {row} of X cannot be written: {error}.") from error

    def _silence(self) -> AbstractContextManager[Any]:
        """A context in which rdkit prints no messages about strings; our errors quote them."""
        if self.input == "selfies":
            return nullcontext()
        return self._package("rdkit.rdBase").BlockLogs()

    def _package(self, name: str) -> Any:
        return optional(name, extra="molecules", user=type(self).__name__)


def _checked_strings(X: Any) -> list[str]:
    """Return ``X`` as a list of strings; raise unless it is a sequence of strings."""
    if isinstance(X, str | bytes | Set | Mapping) or not hasattr(X, "__iter__"):
        raise ValueError(f"X == {X!r}, must be a sequence of strings.")
    strings = np.array([*X, None], dtype=object)[:-1] if not hasattr(X, "shape") else np.asarray(X)
    if strings.ndim != 1:
        raise ValueError(f"X has shape {strings.shape}; give one string per molecule.")
    if not len(strings):
        raise ValueError("X has no molecules.")
    for row, string in enumerate(strings):
        if not isinstance(string, str):
            raise ValueError(f"row {row} of X is {string!r}, which is not a string.")
    return list(strings)


def _encoded(
    molecules: Sequence[Sequence[str]], vocabulary: dict[str, int], max_length: int
) -> np.ndarray:
    """One row per molecule: the codes of its symbols, then zeros."""
    codes = np.zeros((len(molecules), max_length), dtype=int)
    for row, symbols in enumerate(molecules):
        if len(symbols) > max_length:
            raise ValueError(
                f"row {row} of X has {len(symbols)} symbols, {''.join(symbols)!r}, but max_length "
                f"is {max_length}; leave it out, or fit again."
            )
        try:
            codes[row, : len(symbols)] = [vocabulary[symbol] for symbol in symbols]
        except KeyError as error:
            raise ValueError(
                f"row {row} of X, {''.join(symbols)!r}, has the symbol {error.args[0]!r}, which "
                "no molecule of fit had; leave it out, or fit again."
            ) from error
    return codes
