"""What pages say is so: files exist, drawings can be drawn, blocks run as they stand."""

import re
import textwrap
from itertools import islice
from pathlib import Path

import pytest

from skdeepunsup.training import Schedule

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "skdeepunsup"
PAGES = sorted([*ROOT.glob("docs/*.rst"), *ROOT.glob("docs/guide/*.rst")])
PROSE = [*PAGES, ROOT / "docs/results.md", ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def code_blocks(page):
    """The Python blocks of a page, each with the line it begins at."""
    lines = page.read_text(encoding="utf-8").splitlines()
    starts = [i + 1 for i, line in enumerate(lines) if line.strip() == ".. code-block:: python"]
    blocks = []
    for start in starts:
        end = start
        while end < len(lines) and (not lines[end].strip() or lines[end].startswith("   ")):
            end += 1
        blocks.append((start, textwrap.dedent("\n".join(lines[start:end]))))
    return blocks


def literals(page):
    """What a page sets as code within its sentences."""
    text = page.read_text(encoding="utf-8")
    pattern = r"``([^`]+)``" if page.suffix == ".rst" else r"`([^`\n]+)`"
    return re.findall(pattern, text)


def exists(name):
    """Whether a path, of the repository or from a folder of the package on, is there."""
    return any(PACKAGE.rglob(name.rstrip("/"))) or any(ROOT.glob(name.rstrip("/")))


@pytest.mark.parametrize("page", PROSE, ids=lambda page: page.stem)
def test_files_that_pages_name_exist(page):
    # Files of the package, not of its user: in a folder of ours, or on the map.
    ours = {folder.name for root in (PACKAGE, ROOT) for folder in root.iterdir() if folder.is_dir()}
    names = [name for name in literals(page) if re.fullmatch(r"[\w*./]+(\.py|/)", name)]
    named = [n for n in names if page.stem == "architecture" or n.split("/")[0] in ours]
    if page.stem == "architecture":
        assert len(named) > 40
    assert not [name for name in named if not exists(name)]


def test_what_the_map_finds_in_a_file_is_there():
    text = " ".join((ROOT / "docs/architecture.rst").read_text(encoding="utf-8").split())
    found = re.findall(r"``(\w+)`` in ``([\w/]+\.py)``", text)
    assert len(found) > 20
    for name, file in found:
        source = (PACKAGE / file).read_text(encoding="utf-8")
        assert re.search(rf"^ *(class|def) {name}\b", source, re.MULTILINE), f"{name} in {file}"


def test_drawings_can_be_drawn(monkeypatch):
    pytest.importorskip("grimp")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import draw_floors
    import draw_journey

    floors, journey = draw_floors.draw(), draw_journey.draw()
    assert all(f">{name}</text>" in floors for floor in draw_floors.floors()[:-1] for name in floor)
    assert "squared_error" in journey and "ndarray float64, 10 × 2" in journey
    with pytest.raises(RuntimeError, match="not called"):
        draw_journey.followed(lambda: None, draw_journey.FIT)


def test_every_estimator_is_in_the_reference_and_the_readme():
    import skdeepunsup

    reference = (ROOT / "docs/api.rst").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in skdeepunsup.__all__:
        assert re.search(rf"\b{name}\b", reference), name
        assert re.search(rf"\b{name}\b", readme), name


# As they stand they take an hour, so each stage of a fit ends after two epochs.
# Alone: python -m pytest tests/test_documentation.py -k blocks
@pytest.mark.nightly("the blocks take minutes; `make test` runs the examples of the docstrings")
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("page", [*filter(code_blocks, PAGES)], ids=lambda page: page.stem)
def test_blocks_run_as_they_stand(page, tmp_path, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    timetable = Schedule.timetable
    monkeypatch.setattr(Schedule, "timetable", lambda *stage: islice(timetable(*stage), 2))
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__main__"}
    for line, block in code_blocks(page):
        exec(compile("\n" * line + block, page.name, "exec"), names)
