"""The floors of the package, drawn from their contract and from the imports that are there.

``python docs/draw_floors.py`` prints the drawing as SVG; building the documentation puts it into
the page of the architecture.
"""

import re
import textwrap
import tomllib
from pathlib import Path

import grimp
from svg import ACCENT, BAND, LINE, MUTED, PAPER, TEXT, box, drawing, path, text

ROOT = Path(__file__).parent.parent
PACKAGE = "skdeepunsup"
WIDTH, MARGIN, GAP, LINE_HEIGHT, ARROW_GAP = 960.0, 64.0, 14.0, 15.0, 28.0

Floors = list[list[str]]
Edges = set[tuple[str, str]]
Point = tuple[float, float]
Places = dict[str, tuple[float, float, float]]
"""The middle, the top and the bottom of each box."""


def floors() -> Floors:
    """The modules of each floor, from the top, as `pyproject.toml` has them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = settings["tool"]["importlinter"]["contracts"]
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def imports(names: set[str]) -> Edges:
    """Which of the modules imports which, by a file of its own."""
    graph = grimp.build_graph(PACKAGE)
    edges = {
        (importer.split(".")[1], imported.split(".")[1])
        for importer in graph.modules - {PACKAGE}
        for imported in graph.find_modules_directly_imported_by(importer) - {PACKAGE}
    }
    return {(a, b) for a, b in edges if a != b and {a, b} <= names}


def without_shortcuts(edges: Edges) -> Edges:
    """The imports that no chain of others implies."""

    def reaches(a: str, b: str) -> bool:
        return (a, b) in edges or any(reaches(c, b) for d, c in edges if d == a)

    return {
        (a, b) for a, b in edges if not any(reaches(c, b) for d, c in edges if d == a and c != b)
    }


def contents(name: str) -> list[str]:
    """The folders and the files of a module, the folders first."""
    folder = ROOT / PACKAGE / name
    if not folder.is_dir():
        return []
    folders = sorted(f"{p.parent.name}/" for p in folder.glob("*/__init__.py"))
    files = sorted(p.stem for p in folder.glob("*.py") if not p.stem.startswith("_"))
    return folders + files


def draw() -> str:
    """The drawing as SVG."""
    *upper, ground = floors()
    edges = without_shortcuts(imports({name for floor in upper for name in floor}))
    bands: list[str] = []
    boxes: list[str] = []
    places: Places = {}
    y = 8.0
    for number, floor in zip(range(len(upper), -1, -1), [*upper, ground], strict=True):
        is_ground = floor is ground
        width = (WIDTH - MARGIN - GAP) if is_ground else (WIDTH - MARGIN) / max(len(floor), 2) - GAP
        listed = [" ".join(f"{name}.py" for name in floor)] if is_ground else []
        listed = listed or [" · ".join(contents(name)) for name in floor]
        lines = [textwrap.wrap(words, int(width / 6.1)) for words in listed]
        height = 30 + LINE_HEIGHT * max(map(len, lines))
        bands.append(box(0, y, WIDTH, height + 16, BAND))
        label = "ground" if is_ground else str(number)
        bands.append(text(MARGIN / 2, y + height / 2 + 12, label, fill=MUTED, anchor="middle"))
        titles = ["open to every floor"] if is_ground else floor
        start = MARGIN if len(titles) > 1 or is_ground else MARGIN + (WIDTH - MARGIN - width) / 2
        for i, (title, block) in enumerate(zip(titles, lines, strict=True)):
            x = start + i * (width + GAP)
            places[title] = (x + width / 2, y + 8, y + 8 + height)
            boxes.append(box(x, y + 8, width, height, PAPER, LINE))
            boxes.append(text(x + width / 2, y + 27, title, anchor="middle", bold=not is_ground))
            boxes += [
                text(
                    x + width / 2,
                    y + 44 + LINE_HEIGHT * j,
                    line,
                    size=11.5,
                    fill=TEXT if is_ground else MUTED,
                    anchor="middle",
                )
                for j, line in enumerate(block)
            ]
        y += height + 40
    arrows = [arrow(*ends) for ends in spread(edges, places)]
    title = "The floors of the package: each module imports only from the floors below."
    return drawing(title, WIDTH, y - 16, bands + arrows + boxes)


def spread(edges: Edges, places: Places) -> list[tuple[Point, Point]]:
    """The ends of each arrow: those at one box stand side by side, and none cross there."""

    def shift(box: str, other: str, others: list[str]) -> float:
        order = sorted(others, key=lambda name: (places[name][0], places[name][1]))
        return places[box][0] + ARROW_GAP * (order.index(other) - (len(order) - 1) / 2)

    return [
        (
            (shift(a, b, [d for c, d in edges if c == a]), places[a][2]),
            (shift(b, a, [c for c, d in edges if d == b]), places[b][1]),
        )
        for a, b in sorted(edges)
    ]


def arrow(start: Point, end: Point) -> str:
    """From the bottom of one box to the top of another."""
    (x0, y0), (x1, y1) = start, end
    bend = min(40.0, (y1 - y0) / 2)
    curve = f"M{x0:g},{y0:g} C{x0:g},{y0 + bend:g} {x1:g},{y1 - bend:g} {x1:g},{y1:g}"
    return path(f"{curve} m-4,-7 l4,7 l4,-7", ACCENT)


if __name__ == "__main__":
    print(draw())
