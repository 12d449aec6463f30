"""SelfiesVectorizer: molecules to codes and back, and every code a molecule."""

import pickle
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import selfies
from rdkit import Chem
from sklearn.base import clone
from sklearn.exceptions import NotFittedError, SkipTestWarning
from sklearn.pipeline import make_pipeline
from sklearn.utils import estimator_checks, get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdeepunsup import SelfiesVectorizer, SequenceVAE, VariationalAutoencoder
from tests.estimators import VECTORIZERS

MOLECULES = [
    "CCO",
    "OC(=O)c1ccccc1",
    "C[N+](C)(C)CC([O-])=O",
    "CC(=O)Nc1ccc(O)cc1",
    "N[C@@H](C)C(=O)O",
    "F/C=C/F",
    "CN1C=NC2=C1C(=O)N(C(=O)N2C)C",
    "ClC(Cl)(Cl)Br",
    "CS(=O)(=O)c1ccc(cc1)C#N",
    "[NH4+].[Cl-]",
    "C1CC2CCC1CC2",
    "O=N(=O)C1=NC=CO1",
    "[13CH4]",
]
CANONICAL = [Chem.CanonSmiles(smiles) for smiles in MOLECULES]

with warnings.catch_warnings():  # most of the checks feed tables of numbers, and say so
    warnings.simplefilter("ignore", SkipTestWarning)
    public_checks = parametrize_with_checks(VECTORIZERS)


@public_checks
def test_every_check_of_strings_passes(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "name",
    [
        "estimator_cloneable",
        "estimator_repr",
        "estimator_tags_renamed",
        "get_params_invariance",
        "mixin_order",
        "no_attributes_set_in_init",
        "parameters_default_constructible",
        "set_params",
        "valid_tag_types",
    ],
)
def test_checks_that_feed_nothing_pass(name):
    getattr(estimator_checks, f"check_{name}")("SelfiesVectorizer", SelfiesVectorizer())


@pytest.fixture(scope="module")
def fitted():
    return SelfiesVectorizer().fit(MOLECULES)


# There and back


def test_molecules_come_back_in_canonical_form(fitted):
    assert fitted.inverse_transform(fitted.transform(MOLECULES)).tolist() == CANONICAL


def test_a_code_is_the_molecule_s_however_it_is_spelled(fitted):
    rng = np.random.default_rng(0)
    for smiles in MOLECULES:
        molecule = Chem.MolFromSmiles(smiles)
        order = rng.permutation(molecule.GetNumAtoms()).tolist()
        other = Chem.MolToSmiles(Chem.RenumberAtoms(molecule, order), canonical=False)
        np.testing.assert_array_equal(*fitted.transform([smiles, other]))


def test_every_row_of_codes_is_a_molecule_that_keeps_its_code(fitted):
    rng = np.random.default_rng(0)
    shape = (500, fitted.max_length_)
    codes = rng.integers(0, len(fitted.vocabulary_), shape) * (rng.random(shape) < 0.8)
    drawn = fitted.inverse_transform(codes)
    molecules = [Chem.MolFromSmiles(smiles) for smiles in drawn]
    assert all(molecule is not None for molecule in molecules)
    assert drawn.tolist() == [Chem.MolToSmiles(molecule) for molecule in molecules]
    assert len(set(drawn)) > 300
    again = SelfiesVectorizer().fit(drawn[drawn != ""])
    codes = again.transform(drawn[drawn != ""])
    assert again.inverse_transform(codes).tolist() == drawn[drawn != ""].tolist()


def test_ions_have_the_bonds_they_had_in_fit():
    vectorizer = SelfiesVectorizer().fit(["[NH4+].[Cl-]", "C[Si](C)(C)C", "CC[O-]"])
    assert vectorizer.bonds_ == {"N+1": 4, "Cl-1": 0, "Si": 4, "O-1": 1}
    fewer = SelfiesVectorizer().fit(["[SiH2]", "C[Si]C", "CC"])
    assert fewer.bonds_ == {"Si": 2}
    with pytest.raises(ValueError, match=r"row 1 of X is .* Si has 4 bonds, but at most 2 in fit"):
        fewer.transform(["CC", "C[Si](C)(C)C"])


def test_the_table_of_selfies_is_left_as_it_was(fitted):
    fitted.inverse_transform(fitted.transform(MOLECULES))
    with pytest.raises(ValueError, match="row 0"):
        fitted.transform(["nonsense"])
    assert selfies.get_semantic_constraints() == selfies.get_preset_constraints("default")


def test_no_other_table_of_selfies_changes_a_molecule(fitted):
    codes = np.random.default_rng(0).integers(0, 9, (50, fitted.max_length_))
    drawn, bonds = fitted.inverse_transform(codes), SelfiesVectorizer().fit(["[Si]C"]).bonds_
    table = selfies.get_preset_constraints("default") | {"C": 2, "Si": 4, "N": 1}
    try:
        selfies.set_semantic_constraints(table)
        assert fitted.inverse_transform(codes).tolist() == drawn.tolist()
        assert fitted.transform(MOLECULES).shape == (len(MOLECULES), fitted.max_length_)
        assert SelfiesVectorizer().fit(["[Si]C"]).bonds_ == bonds == {"Si": 1}
        assert selfies.get_semantic_constraints() == table
    finally:
        selfies.set_semantic_constraints("default")


def test_vectorizers_of_other_bonds_do_not_disturb_each_other():
    """In threads, which selfies has one table for."""
    vectorizers = [SelfiesVectorizer().fit(["C=[Si]=C"]) for _ in range(4)]
    for most, vectorizer in enumerate(vectorizers, 1):
        vectorizer.bonds_ = {"Si": most}
    expected = [["C[Si]"] * 200, ["C=[Si]"] * 200, ["C=[Si]C"] * 200, ["C=[Si]=C"] * 200]
    codes = vectorizers[3].transform(expected[3])
    interval = sys.getswitchinterval()
    try:
        sys.setswitchinterval(1e-5)
        with ThreadPoolExecutor(4) as pool:
            drawn = list(pool.map(lambda v: v.inverse_transform(codes).tolist(), vectorizers))
    finally:
        sys.setswitchinterval(interval)
    assert drawn == expected


def test_codes_are_those_of_the_vocabulary_then_zeros(fitted):
    codes = fitted.transform(["CCO", "C"])
    carbon, oxygen = fitted.vocabulary_["[C]"], fitted.vocabulary_["[O]"]
    assert codes[0, :3].tolist() == [carbon, carbon, oxygen]
    assert not codes[0, 3:].any()
    assert codes.shape == (2, fitted.max_length_)
    symbols = list(fitted.vocabulary_)
    assert fitted.vocabulary_ == {symbol: code for code, symbol in enumerate(symbols)}
    assert symbols == ["[nop]", *sorted(symbols[1:])]


def test_zeros_stand_for_nothing_wherever_they_are(fitted):
    carbon, oxygen = fitted.vocabulary_["[C]"], fitted.vocabulary_["[O]"]
    codes = np.zeros((2, fitted.max_length_))
    codes[0, [2, 5]] = carbon, oxygen
    assert fitted.inverse_transform(codes).tolist() == ["CO", ""]


def test_fit_transform_is_fit_then_transform(fitted):
    np.testing.assert_array_equal(
        SelfiesVectorizer().fit_transform(MOLECULES), fitted.transform(MOLECULES)
    )


def test_max_length_widens_the_rows(fitted):
    wide = SelfiesVectorizer(max_length=fitted.max_length_ + 4).fit_transform(MOLECULES)
    np.testing.assert_array_equal(wide[:, :-4], fitted.transform(MOLECULES))
    assert not wide[:, -4:].any()


@pytest.mark.parametrize("kind", [list, tuple, iter, np.array, pd.Series])
def test_strings_may_be_any_sequence(fitted, kind):
    np.testing.assert_array_equal(
        fitted.transform(kind(MOLECULES[:2])), fitted.transform(MOLECULES[:2])
    )


def test_selfies_are_taken_as_they_are(monkeypatch):
    monkeypatch.setitem(sys.modules, "rdkit", None)  # not needed then
    vectorizer = SelfiesVectorizer(input="selfies")
    strings = ["[O][C][C]", "[C][nop][=O]", ""]
    codes = vectorizer.fit_transform(strings)
    assert vectorizer.vocabulary_ == {"[nop]": 0, "[=O]": 1, "[C]": 2, "[O]": 3}
    assert codes.tolist() == [[3, 2, 2], [2, 0, 1], [0, 0, 0]]
    assert vectorizer.inverse_transform(codes).tolist() == ["[O][C][C]", "[C][=O]", ""]


# As scikit-learn's


def test_clones_and_pickles(fitted):
    assert clone(SelfiesVectorizer(max_length=7)).get_params()["max_length"] == 7
    loaded = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(loaded.transform(MOLECULES), fitted.transform(MOLECULES))


def test_columns_have_names(fitted):
    names = fitted.get_feature_names_out()
    assert names[0] == "selfiesvectorizer0"
    assert len(names) == fitted.max_length_
    series = pd.Series(["CCO", "CN"], index=["ethanol", "methylamine"])
    table = clone(fitted).set_output(transform="pandas").fit_transform(series)
    assert list(table.columns) == [f"selfiesvectorizer{i}" for i in range(3)]
    assert list(table.index) == list(series.index)


def test_tags_say_that_strings_are_wanted():
    tags = get_tags(SelfiesVectorizer())
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert tags.requires_fit


@pytest.mark.parametrize(
    "model",
    [
        SequenceVAE(2, hidden_size=8, max_iter=2, random_state=0),
        VariationalAutoencoder(2, likelihood="categorical", max_iter=2, random_state=0),
    ],
)
def test_it_begins_a_pipeline(model):
    pipeline = make_pipeline(SelfiesVectorizer(), model).fit(MOLECULES)
    assert pipeline.transform(MOLECULES[:3]).shape == (3, 2)
    vectorizer = pipeline[0]
    drawn = vectorizer.inverse_transform(pipeline[-1].sample(5, random_state=0))
    assert all(Chem.MolFromSmiles(smiles) is not None for smiles in drawn)


# What is refused


@pytest.mark.parametrize(
    ("X", "complaint"),
    [
        ("CCO", "X == 'CCO', must be a sequence of strings"),
        (5, "X == 5, must be a sequence"),
        ([], "X has no molecules"),
        (["C", None], "row 1 of X is None"),
        (["C", float("nan")], "row 1 of X is nan"),
        (np.array([["C"]]), r"X has shape \(1, 1\)"),
        (["C", "CC", "C1CC"], "row 2 of X is 'C1CC': rdkit finds no molecule"),
        (["C", ""], "row 1 of X is ''"),
        (["CO", "*C"], r"row 1 of X is '\*C': it has a wildcard"),
        (["CO", "C$C"], "row 1 of X is .* it has a quadruple bond"),
        (["[NH3]->[Pt]"], "row 0 of X is .* it has a dative bond"),
        ({"CCO"}, "must be a sequence of strings"),
        ({"CCO": 1}, "must be a sequence of strings"),
        (["C", "C" * 5001], "row 1 of X is .* it has 5001 atoms, but at most 5000"),
    ],
)
def test_what_is_no_molecule_is_refused(X, complaint, capfd):
    with pytest.raises(ValueError, match=complaint):
        SelfiesVectorizer().fit(X)
    assert capfd.readouterr() == ("", "")  # rdkit says nothing


@pytest.mark.parametrize(
    ("string", "complaint"),
    [("[C", "hanging"), ("[foo]", "invalid symbol"), ("C[C]", "text that is not a symbol")],
)
def test_what_is_no_selfies_is_refused(string, complaint):
    with pytest.raises(ValueError, match=f"row 1 of X is .*{complaint}"):
        SelfiesVectorizer(input="selfies").fit(["[C]", string])


def test_what_does_not_fit_the_vocabulary_is_refused(fitted):
    with pytest.raises(ValueError, match=r"row 1 of X, .*\[I\]', which no molecule of fit had"):
        fitted.transform(["C", "CI"])
    with pytest.raises(ValueError, match="row 0 of X has 60 symbols"):
        fitted.transform(["C" * 60])
    with pytest.raises(ValueError, match=r"row 1 of X has 3 symbols, .* max_length is 2"):
        SelfiesVectorizer(max_length=2).fit(["CC", "CCO"])


def test_what_has_nothing_is_refused():
    with pytest.raises(ValueError, match="X has no symbols"):
        SelfiesVectorizer(input="selfies", max_length=3).fit(["", ""])
    wide = SelfiesVectorizer(max_length=5001).fit(["C"])
    with pytest.raises(ValueError, match=r"row 1 of X cannot be written.* 5001 atoms"):
        wide.inverse_transform(np.array([[1] + [0] * 5000, [1] * 5001]))


@pytest.mark.parametrize("code", [0.5, -1, 1000, np.nan])
def test_what_is_no_code_is_refused(fitted, code):
    codes = np.zeros((2, fitted.max_length_))
    codes[1, 3] = code
    with pytest.raises(ValueError, match=r"row 1, column 3|NaN"):
        fitted.inverse_transform(codes)
    with pytest.raises(ValueError, match="X has 2 columns"):
        fitted.inverse_transform([[0, 1]])


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"input": "inchi"}, ValueError), ({"max_length": 0}, ValueError)],
)
def test_bad_parameters_are_named(parameters, error):
    with pytest.raises(error, match=next(iter(parameters))):
        SelfiesVectorizer(**parameters).fit(MOLECULES)


def test_it_has_to_be_fitted():
    for method in ("transform", "inverse_transform"):
        with pytest.raises(NotFittedError):
            getattr(SelfiesVectorizer(), method)(["C"])


@pytest.mark.parametrize("package", ["selfies", "rdkit"])
def test_a_missing_package_is_named_with_its_extra(monkeypatch, fitted, package):
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    complaint = rf"SelfiesVectorizer needs {package}: pip install 'skdeepunsup\[molecules\]'"
    with pytest.raises(ImportError, match=complaint):
        SelfiesVectorizer().fit(["C"])
    with pytest.raises(ImportError, match=complaint):
        fitted.inverse_transform(np.zeros((1, fitted.max_length_)))
