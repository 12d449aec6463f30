"""What is written in more than one file says the same in all of them."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import skdeepunsup

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]


def requirements(lists):
    return [Requirement(line) for lines in lists for line in lines if isinstance(line, str)]


PROMISED = requirements([PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()])
DEVELOPING = requirements(PYPROJECT["dependency-groups"].values())


def pins(file):
    """Version of each package in a constraints file."""
    lines = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / file).read_text(), re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in lines}


def brought(requirement, seen):
    """Add to ``seen`` the names of all that an installed ``requirement`` needs, and its own."""
    name = canonicalize_name(requirement.name)
    if name in seen:
        return
    seen.add(name)
    try:
        inner = map(Requirement, requires(name) or [])
    except PackageNotFoundError:
        return
    for each in inner:
        if each.marker is None or each.marker.evaluate({"extra": ""}):
            brought(each, seen)


def make_targets():
    makefile = (ROOT / "Makefile").read_text()
    return set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())


def test_the_version_is_the_citations():
    citation = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (\S+)$", citation, re.MULTILINE)[1] == skdeepunsup.__version__


@pytest.mark.parametrize("file", ["pyproject.toml", "docs/conf.py"])
def test_the_version_is_read_from_the_package(file):
    assert skdeepunsup.__version__ not in (ROOT / file).read_text()


def test_the_changelog_has_a_section_of_the_version():
    changelog = (ROOT / "CHANGELOG.md").read_text()
    sections = re.findall(r"^## \[(\S+)\]", changelog, re.MULTILINE)
    version = Version(skdeepunsup.__version__)
    assert ("Unreleased" if version.is_devrelease else str(version)) in sections


@pytest.mark.parametrize("requirement", [*PROMISED, *DEVELOPING], ids=str)
def test_what_is_installed_is_pinned(requirement):
    pinned = pins("constraints.txt")
    names = set()
    brought(requirement, names)
    # A build of torch for one make of accelerator names its libraries by exact versions itself.
    missing = {n for n in names - pinned.keys() if not n.startswith(("cuda", "nvidia", "triton"))}
    assert not missing
    assert pinned[canonicalize_name(requirement.name)] in requirement.specifier


def test_the_oldest_versions_tested_are_those_promised():
    oldest, newest = pins("constraints-min.txt"), pins("constraints.txt")
    for requirement in PROMISED:
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        assert oldest.pop(canonicalize_name(requirement.name)) == Version(bound.version)
    # What is left runs the tests.
    assert all(version <= newest[name] for name, version in oldest.items())


def test_the_makefile_installs_every_extra_and_tests_the_oldest_python():
    makefile = (ROOT / "Makefile").read_text()
    extras = re.search(r"^EXTRAS := (\S+)$", makefile, re.MULTILINE)[1].split(",")
    assert set(extras) == PROJECT["optional-dependencies"].keys()
    oldest = re.search(r"^PYTHON_MIN \?= python(\S+)$", makefile, re.MULTILINE)[1]
    assert PROJECT["requires-python"] == f">={oldest}"


@pytest.mark.parametrize("file", PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
def test_what_an_sdist_includes_exists(file):
    assert (ROOT / file.removeprefix("/")).exists()


@pytest.mark.parametrize("file", ["README.md", "CONTRIBUTING.md", "RELEASING.md"])
def test_every_make_command_that_is_named_exists(file):
    named = set(re.findall(r"`make (?:\w+=\S+ )*([\w-]+)`", (ROOT / file).read_text()))
    assert named <= make_targets()


def test_the_readme_names_every_make_command():
    readme = (ROOT / "README.md").read_text()
    named = set(re.findall(r"^\| `make ([\w-]+)`", readme, re.MULTILINE))
    assert make_targets() - {"help"} <= named
