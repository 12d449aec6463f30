"""The results of a comparison as a table, a sentence and a file."""

import csv
import io
import math
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from .._replacing import replacing

Table = dict[str, list[Any]]

EXPLANATIONS = {
    "explained": "share of the held-out variance that is reconstructed, ± over folds (higher)",
    "error": "squared reconstruction error, summed over features, mean of held-out rows (lower)",
    "k-NN": "how well the nearest codes predict the target: accuracy, or R² of numbers (higher)",
    "trust": "trustworthiness: how far nearest codes are neighbours in the data (higher)",
    "fit s": "seconds to fit, mean of the folds",
}
SAME = 0.005  # smaller relative differences would be printed as 0 %, and are left out
ALIKE = 0.05  # errors that differ by less, relatively, count as alike


def format_table(table: Table) -> str:
    """The table as text, sorted by code width and error, with the best of each width marked."""
    header = ["code", "model", "explained", "error", "k-NN", "trust", "fit s"]
    if "knn_score" not in table:
        header.remove("k-NN")
    decimals = _decimals(min(table["reconstruction_error"]))
    blocks = []
    for width, rows in _by_width(table).items():
        best = {
            key: (min if key == "reconstruction_error" else max)(table[key][i] for i in rows)
            for key in (
                "explained_variance",
                "reconstruction_error",
                "knn_score",
                "trustworthiness",
            )
            if key in table
        }
        cells = [_cells(table, i, best, decimals) for i in rows]
        cells[0][0] = str(width)
        blocks.append(cells)
    widths = [
        max(len(line[column]) for line in [header, *chain(*blocks)])
        for column in range(len(header))
    ]
    texts = ["\n".join(_line(cells, widths) for cells in block) for block in blocks]
    return "\n".join([_line(header, widths), "\n\n".join(texts)])


def format_legend(table: Table) -> str:
    """The meaning of each column, and whether higher or lower is better."""
    lines = ["* best of its code width"]
    for column, meaning in EXPLANATIONS.items():
        if column != "k-NN" or "knn_score" in table:
            lines.append(f"{column:<9}  {meaning}")
    return "\n".join(lines)


def summarize(table: Table) -> str:
    """How the errors of the models compare with PCA's, in a sentence or two."""
    change = _changes(table)
    if not change:
        return ""
    width = {name: by_width.keys() for name, by_width in change.items()}
    best = min(change, key=lambda name: np.mean(list(change[name].values())))
    gains = {k: c for k, c in change[best].items() if c < -SAME}
    if not gains:
        text = "No model has a lower held-out error than pca at these code widths."
    else:
        parts = [f"{-100 * c:.0f} % at code {k}" for k, c in gains.items()]
        text = f"Compared with pca, {best} has a held-out error lower by {_and(parts)}."
        losses = [f"{100 * c:.0f} % at code {k}" for k, c in change[best].items() if c > SAME]
        if losses:
            text = f"{text[:-1]}, and higher by {_and(losses)}."
    alike = [
        name for name in width if name != best and max(map(abs, change[name].values())) <= ALIKE
    ]
    if alike:
        furthest = max(abs(c) for name in alike for c in change[name].values())
        verb = "stays" if len(alike) == 1 else "stay"
        text += f" {_and(alike)} {verb} within {math.ceil(round(100 * furthest, 3))} % of pca."
    return text


def write_csv(table: Table, path: Path) -> None:
    """Write the table, with all digits, as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(table)
    writer.writerows(zip(*table.values(), strict=True))
    with replacing(path) as file:
        file.write(text.getvalue().encode())


def _by_width(table: Table) -> dict[int, list[int]]:
    """Indices of the rows of the table at each code width, the lowest error first."""
    order = sorted(
        range(len(table["name"])),
        key=lambda i: (table["n_components"][i], table["reconstruction_error"][i]),
    )
    groups: dict[int, list[int]] = {}
    for i in order:
        groups.setdefault(table["n_components"][i], []).append(i)
    return groups


def _cells(table: Table, i: int, best: dict[Any, float], decimals: int) -> list[str]:
    def cell(key: str, text: str) -> str:
        return text + ("*" if table[key][i] == best[key] else " ")

    explained = f"{table['explained_variance'][i]:.3f} ±{table['explained_variance_std'][i]:.3f}"
    cells = ["", table["name"][i], cell("explained_variance", explained)]
    cells.append(cell("reconstruction_error", f"{table['reconstruction_error'][i]:.{decimals}f}"))
    if "knn_score" in table:
        cells.append(cell("knn_score", f"{table['knn_score'][i]:.3f}"))
    cells.append(cell("trustworthiness", f"{table['trustworthiness'][i]:.3f}"))
    return [*cells, f"{table['fit_seconds'][i]:.2f}"]


def _decimals(error: float) -> int:
    """Number of decimals that shows three digits of the smallest error."""
    return min(6, max(0, 2 - math.floor(math.log10(error)))) if error > 0 else 6


def _line(cells: list[str], widths: list[int]) -> str:
    """Cells in columns, aligned to the right except for the model's name."""
    return "  ".join(
        cell.ljust(width) if column == 1 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ).rstrip()


def _changes(table: Table) -> dict[str, dict[int, float]]:
    """Relative difference of each other model's error from PCA's, by model and code width."""
    rows = list(
        zip(table["name"], table["n_components"], table["reconstruction_error"], strict=True)
    )
    pca = {width: error for name, width, error in rows if name == "pca" and error > 0}
    changes: dict[str, dict[int, float]] = {}
    for name, width, error in rows:
        if name != "pca" and width in pca:
            changes.setdefault(name, {})[width] = error / pca[width] - 1
    return changes


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
