"""The journey of a row through a fit and through ``transform``, traced while it happens.

``python docs/draw_journey.py`` fits an autoencoder, sees in which order the functions named in
`STEPS` are called and what they are given, and prints the drawing as SVG. It raises an error where
a step is not taken: so the drawing cannot show a way that the code has left.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from sklearn.datasets import load_digits
from svg import ACCENT, BAND, LINE, MUTED, PAPER, box, dot, drawing, path, text

import skdeepunsup
from skdeepunsup import Autoencoder

PACKAGE = Path(skdeepunsup.__file__).parent
LANES = ("estimator", "border", "loop", "objective", "module")
LANE_WIDTH, WORDS_AT, WIDTH, STEP_HEIGHT, TOP = 62.0, 330.0, 960.0, 40.0, 44.0


class Step(NamedTuple):
    """A call of a function of the package, or its return."""

    says: str
    function: str
    shows: str = ""
    """The argument that is the row, or holds it; "return" for what comes back."""


class Seen(NamedTuple):
    """A step as it happened."""

    step: Step
    file: str
    row: str


FIT = (
    Step("You call fit.", "ReconstructionModel.fit", "X"),
    Step("Every fit runs the steps below.", "DeepEstimator._fit", "X"),
    Step("scikit-learn's checks; errors name the remedy.", "check_rows", "X"),
    Step("NumPy becomes torch: a copy, on the device.", "copied", "X"),
    Step("The sizes of the networks.", "Autoencoder._module_arguments", "rows"),
    Step("One integer of random_state seeds all that follows.", "Stream.__init__"),
    Step("Rows are held out, where asked.", "split", "rows"),
    Step("The first weights are drawn.", "Autoencoder._initialize", "rows"),
    Step("The module and an optimiser, as one update.", "Autoencoder._objective"),
    Step("Stages and epochs begin.", "train", "rows"),
    Step("One epoch.", "run_epoch", "rows"),
    Step("Rows in random order, a batch at a time.", "batches", "rows"),
    Step("One update.", "GradientDescent.step", "x"),
    Step("Its gradient, written out.", "WrittenDescent.differentiate", "x"),
    Step("Forwards, layer by layer.", "WrittenNetwork.forward", "x"),
    Step("The formula, and its derivative.", "squared_error", "x"),
    Step("Backwards, layer by layer.", "WrittenNetwork.backward", "dy"),
    Step("Adam moves all parameters.", "Adam.step"),
    Step("The batch's mean losses, by name.", "GradientDescent.step", "return"),
    Step("Held-out rows are measured, once an epoch.", "GradientDescent.measure", "held_out"),
    Step("module_, history_ and n_iter_ are set.", "DeepEstimator._finish"),
)
TRANSFORM = (
    Step("You call transform.", "DeepTransformer.transform", "X"),
    Step("The same checks; as many columns as in fit.", "check_rows", "X"),
    Step("On a CPU, float64 rows get a float64 copy of module_.", "FittedModel._answer", "X"),
    Step("Chunks of rows become tensors, without gradients.", "map_rows", "rows"),
    Step("h = f(x).", "DeterministicModule.encode", "x"),
    Step("torch becomes NumPy: the codes.", "map_rows", "return"),
)


def lane(file: str) -> str:
    """The role of a file's functions."""
    if file.startswith("_"):
        return "border"
    if file == "training/objectives.py" or "/learning/" in file:
        return "objective"
    if file.startswith("training/"):
        return "loop"
    return "module" if {"modules", "formulas", "networks"} & set(file.split("/")) else "estimator"


def described(row: Any) -> str:
    """An array's kind, dtype and shape; a dict's names; the kind and number of rows."""
    if isinstance(row, dict):
        return f"{{{', '.join(row)}}}"
    kind = type(row).__name__
    if hasattr(row, "shape"):
        shape = " × ".join(map(str, row.shape))
        return f"{kind} {str(row.dtype).removeprefix('torch.')}, {shape}"
    return f"{kind}, {len(row)}" if hasattr(row, "__len__") else kind


def followed(call: Callable[[], Any], steps: tuple[Step, ...]) -> list[Seen]:
    """The steps, as ``call`` takes them one after another."""
    seen: list[Seen] = []

    def trace(frame: FrameType, event: str, value: Any) -> None:
        if len(seen) == len(steps) or event not in ("call", "return"):
            return
        step = steps[len(seen)]
        path = Path(frame.f_code.co_filename)
        wanted = "return" if step.shows == "return" else "call"
        if event != wanted or frame.f_code.co_qualname != step.function:
            return
        if not path.is_relative_to(PACKAGE):
            return
        row = value if wanted == "return" else frame.f_locals.get(step.shows)
        shown = described(row) if step.shows else ""
        seen.append(Seen(step, path.relative_to(PACKAGE).as_posix(), shown))

    before = sys.getprofile()
    sys.setprofile(trace)
    try:
        call()
    finally:
        sys.setprofile(before)
    if len(seen) < len(steps):
        raise RuntimeError(f"not called after the steps before it: {steps[len(seen)].function}")
    return seen


def journey() -> tuple[list[Seen], list[Seen]]:
    """What happens in a fit of 100 digits, and in ``transform`` of ten."""
    X = load_digits().data[:100] / 16
    model = Autoencoder(
        2, hidden_layer_sizes=(16,), max_iter=1, early_stopping=True, device="cpu", random_state=0
    )
    model.fit(X)  # to follow what a first fit imports as well would take minutes
    fit = followed(lambda: model.fit(X), FIT)
    return fit, followed(lambda: model.transform(X[:10]), TRANSFORM)


def draw() -> str:
    """The drawing as SVG."""
    y = TOP
    parts: list[str] = []
    ways: list[str] = []
    for title, seen in zip(("fit", "transform"), journey(), strict=True):
        height = STEP_HEIGHT * len(seen)
        parts.append(text(8, y - 12, title, size=15, bold=True))
        for i, name in enumerate(LANES):
            x = middle(name)
            parts.append(text(x, y + 14, name, size=11.5, fill=MUTED, anchor="middle"))
            parts.append(path(f"M{x:g},{y + 22:g} V{y + 26 + height:g}", LINE, 1))
            if i % 2 == 0:
                ways.append(box(x - LANE_WIDTH / 2, y, LANE_WIDTH, height + 32, BAND))
        points = [(middle(lane(s.file)), y + 44 + STEP_HEIGHT * i) for i, s in enumerate(seen)]
        parts.append(path("M" + " L".join(f"{a:g},{b:g}" for a, b in points), ACCENT, 2))
        for (x, at), (step, file, row) in zip(points, seen, strict=True):
            name = step.function.removesuffix(".__init__")
            back = "↩ " if step.shows == "return" else ""
            parts += [
                dot(x, at, 6, ACCENT),
                dot(x, at, 2.5, PAPER),
                text(WORDS_AT, at - 1, step.says),
                text(WORDS_AT, at + 14, f"{back}{name} · {file}", size=10.5, fill=MUTED, code=True),
                text(WIDTH - 4, at - 1, row, size=11, fill=MUTED, anchor="end"),
            ]
        y += height + 84
    title = "A row's way through fit and transform of an autoencoder, function by function."
    return drawing(title, WIDTH, y - 44, ways + parts)


def middle(name: str) -> float:
    """Where a lane is."""
    return 8 + LANE_WIDTH * (LANES.index(name) + 0.5)


if __name__ == "__main__":
    print(draw())
