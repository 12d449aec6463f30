"""The docstrings of everything public, as the user sees them: inherited methods included."""

import ast
import inspect
import re
import typing
from pathlib import Path

import numpy as np
import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from sklearn.base import clone
from sklearn.utils import get_tags

import skdeepunsup
from skdeepunsup import metrics
from tests import wordings
from tests.estimators import EVERY_KIND, VECTORIZERS

NOT_ASKED = {
    "ES01",  # an extended summary,
    "SA01",  # a See Also section,
    "SA04",  # with a description of each entry,
    "EX01",  # or an example: that is asked of classes and functions alone, below
    "PR06",  # "float in [0, 1)" and "array-like" are types here, as in scikit-learn
    "PR08",  # a description may start with a symbol or a name of the code,
    "RT04",  # that of a return value too
    "RT02",  # return values have names, as in scikit-learn
}
NOUNS = re.compile(r"(Bias|Gibbs|Loss|Minus|Weights)\b")
"""Nouns that the check SS05 takes for verbs in the third person."""


def is_ours(thing):
    return (getattr(inspect.unwrap(thing), "__module__", None) or "").startswith("skdeepunsup")


def members(cls):
    """Public methods and properties that this package has written, whichever base has them."""
    for name in dir(cls):
        member = inspect.getattr_static(cls, name)
        if not isinstance(member, property):
            member = getattr(cls, name)
        function = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and callable(function) and is_ours(function):
            yield name, member


def returned(function):
    """The class of ours that a public function returns, where it is no estimator's."""
    hints = typing.get_type_hints(inspect.unwrap(function)) if inspect.isroutine(function) else {}
    kind = hints.get("return")
    return [kind] if inspect.isclass(kind) and is_ours(kind) else []


OBJECTS = {f"skdeepunsup.{name}": getattr(skdeepunsup, name) for name in skdeepunsup.__all__}
OBJECTS |= {f"skdeepunsup.metrics.{name}": getattr(metrics, name) for name in metrics.__all__}
del OBJECTS["skdeepunsup.metrics"]
CLASSES = {name: thing for name, thing in OBJECTS.items() if inspect.isclass(thing)}
MEMBERS = {
    f"{owner}.{name}": member for owner, cls in CLASSES.items() for name, member in members(cls)
}
RESULTS = {
    f"{kind.__module__}.{kind.__qualname__}": kind
    for function in (*OBJECTS.values(), *MEMBERS.values())
    for kind in returned(function)
}
PUBLIC = OBJECTS | MEMBERS | RESULTS
CALLABLE = {name: thing for name, thing in PUBLIC.items() if callable(thing)}
SMALL = [*EVERY_KIND, *VECTORIZERS]
SMALL = {type(estimator): estimator for estimator in reversed(SMALL)}
"""An instance of each estimator."""


@pytest.mark.parametrize("name", PUBLIC)
def test_a_docstring_has_what_numpydoc_asks(name):
    faults = {code: message for code, message in validate(name)["errors"] if code not in NOT_ASKED}
    if NOUNS.match(inspect.getdoc(PUBLIC[name])):
        faults.pop("SS05", None)
    if isinstance(PUBLIC[name], type) and issubclass(PUBLIC[name], tuple):
        faults.pop("PR01", None)  # nobody but us makes one: its fields are attributes
    assert not faults


@pytest.mark.parametrize("module", [skdeepunsup, metrics])
def test_a_module_says_what_it_is_in_a_line(module):
    assert re.fullmatch(r"[A-Z].*\.", inspect.getdoc(module))


@pytest.mark.parametrize(
    "name", [name for name in OBJECTS if OBJECTS[name] not in RESULTS.values()]
)
def test_a_class_and_a_function_have_an_example(name):
    """Which the doctests of its module run."""
    assert NumpyDocString(inspect.getdoc(OBJECTS[name]))["Examples"]


def test_the_docs_list_all_that_is_public():
    text = (Path(__file__).parents[1] / "docs" / "api.rst").read_text()
    listed = {f"skdeepunsup.{name}" for name in re.findall(r"^   ([\w.]+)$", text, re.MULTILINE)}
    assert listed == OBJECTS.keys() - {n for n, c in CLASSES.items() if issubclass(c, tuple)}


def described(thing, section):
    return {entry.name: entry for entry in NumpyDocString(inspect.getdoc(thing))[section]}


@pytest.mark.parametrize("name", CALLABLE)
def test_documented_defaults_are_those_of_the_signature(name):
    signature = inspect.signature(CALLABLE[name]).parameters
    for parameter in described(CALLABLE[name], "Parameters").values():
        if parameter.type == "Ignored":
            continue
        found = re.search(r"default=(.+)$", parameter.type)
        expected = signature[parameter.name.lstrip("*")].default
        assert bool(found) == (expected is not inspect.Parameter.empty), parameter.name
        if found:
            assert ast.literal_eval(found[1]) == expected, parameter.name


def fitted(estimator):
    bits = (np.random.default_rng(0).random((40, 6)) < 0.6).astype(float)
    tags = get_tags(estimator)
    if tags.input_tags.string:
        return clone(estimator).fit(["C", "CCO"])
    return clone(estimator).fit(bits, bits[:, 0] if tags.target_tags.required else None)


@pytest.mark.parametrize("cls", SMALL, ids=lambda cls: cls.__name__)
def test_documented_attributes_are_there_after_a_fit_and_no_others(cls):
    """But those whose description says when they are there alone."""
    estimator = fitted(SMALL[cls])
    attributes = {
        name: " ".join(entry.desc) for name, entry in described(cls, "Attributes").items()
    }
    there = {n for n in dir(estimator) if re.fullmatch(r"[^_].*_", n) and hasattr(estimator, n)}
    assert there <= attributes.keys()
    for name in attributes.keys() - there:
        assert re.search(r"\b(only|where|with)\b", attributes[name]), name


def test_each_estimator_has_a_small_instance():
    estimators = {cls for cls in CLASSES.values() if hasattr(cls, "fit")}
    assert estimators == set(SMALL)


def descriptions(things, section):
    """(owner, entry) for each entry of a section of the docstrings, by its name."""
    found = {}
    for owner, thing in things.items():
        for name, entry in described(thing, section).items():
            found.setdefault(name, []).append((owner, entry))
    return found


def returns_of(method):
    return NumpyDocString(inspect.getdoc(method))["Returns"]


ESTIMATOR_CLASSES = {name: cls for name, cls in CLASSES.items() if cls in SMALL}
METHODS = {n: m for n, m in MEMBERS.items() if n.rpartition(".")[0] in ESTIMATOR_CLASSES}
RETURNED = {  # by the name of the method, whatever that of what it returns
    name: [(n, e) for n, m in METHODS.items() if n.endswith(f".{name}") for e in returns_of(m)]
    for name in wordings.RETURNS
}
SHARED = {
    "parameters": (wordings.PARAMETERS, descriptions(ESTIMATOR_CLASSES, "Parameters")),
    "attributes": (wordings.ATTRIBUTES, descriptions(ESTIMATOR_CLASSES, "Attributes")),
    "arguments": (wordings.ARGUMENTS, descriptions(METHODS, "Parameters")),
    "returns": (wordings.RETURNS, RETURNED),
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, (table, _) in SHARED.items() for name in table]
)
def test_what_estimators_share_is_described_in_one_wording(kind, name):
    table, found = SHARED[kind]
    types = {}
    for owner, entry in found[name]:
        text = " ".join(" ".join(entry.desc).split())
        used = [wording for wording in table[name] if text.startswith(wording)]
        assert used, f"{owner}: {text}"
        types.setdefault(max(used, key=len), set()).add(re.sub(r",\s+default=.*", "", entry.type))
    assert types.keys() == set(table[name])
    assert all(len(same) == 1 for same in types.values()), types


def test_all_that_estimators_share_is_in_the_table_or_the_same():
    _, found = SHARED["parameters"]
    shared = {name for name, entries in found.items() if len(entries) > 1}
    assert shared >= wordings.OF_ONE_NAME
    for name in shared - wordings.PARAMETERS.keys() - wordings.OF_ONE_NAME:
        assert len({" ".join(entry.desc) for _, entry in found[name]}) == 1, name
