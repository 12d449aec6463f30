"""Answers of fitted estimators as ONNX graphs, which other programs compute."""

import contextlib
import copy
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ._optional import optional
from ._replacing import replacing
from ._scaling import Scaling
from .applications.recommending.base import RatingRecommender
from .base.fitted import FittedModel

METHODS = (
    "transform",
    "inverse_transform",
    "reconstruct",
    "score_samples",
    "predict_proba",
    "predict",
)
"""Methods that may be exported, where they are a formula of a row."""

TOLERANCE = 1e-5
"""Largest difference of an answer from the estimator's, as a share of the largest answer."""

N_ROWS = 64
"""Rows that both are compared on."""


class CapturedError(BaseException):
    """Ends a method where it would compute its answer."""


class Formula(NamedTuple):
    """How a method answers: as `FittedModel._answer` is asked to."""

    function: Callable[[Any], Callable[[Tensor], Tensor]]
    codes: bool
    rows_out: bool


class Exported(nn.Module):
    """Rows in the units of the data → the answer of a method, in float32.

    Parameters
    ----------
    steps : list of nn.Module
        The steps of the Pipeline before, in float64.
    module : nn.Module
        The fitted module.
    formula : Formula
    """

    center: Tensor
    scale: Tensor

    def __init__(self, steps: list[nn.Module], module: Any, formula: Formula) -> None:
        super().__init__()
        self.steps, self.module, self.formula = nn.ModuleList(steps), module, formula
        scaling: Scaling | None = getattr(module, "scaling", None)
        self.scaled = scaling is not None
        if scaling is not None:
            self.register_buffer("center", scaling.center.clone())
            self.register_buffer("scale", scaling.scale.clone())

    def forward(self, X: Tensor) -> Tensor:
        x = X.double()
        for step in self.steps:
            x = step(x)
        if self.scaled and not self.formula.codes:
            x = (x - self.center) / self.scale
        y = self.formula.function(self.module)(x.to(next(self.module.parameters()).dtype))
        if self.scaled and self.formula.rows_out:
            y = self.center + self.scale * y.double()
        return y.float()


def export_onnx(estimator: Any, path: Any, method: str = "transform") -> None:
    """Write what a method of a fitted estimator computes as an ONNX graph.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator of this package, or a Pipeline that ends with one, after scalers or PCA.
    path : str or path-like
        The file, which is replaced when the new one is whole.
    method : {"transform", "inverse_transform", "reconstruct", "score_samples", "predict_proba", \
"predict"}, default="transform"
        The method, which must be a formula of each row: no sampling, and no search.

    Raises
    ------
    ImportError
        If onnx, onnxscript or onnxruntime is missing; the extra ``onnx`` installs them.
    TypeError
        If the estimator, or a step before it, can't be exported.
    ValueError
        If the method can't be, or the graph's answers to rows like those of ``fit`` differ from the
        estimator's by more than 1e-5 of the largest one. Nothing is written then.

    See Also
    --------
    save : Keeps the estimator itself.

    Notes
    -----
    The graph has an input ``X`` of shape (n_rows, n_columns) and an output of the method's name,
    both in float32, for any number of rows. Rows are put into the units of the model in float64;
    what float32 cannot tell apart is lost before, in the input. Means that are found by iteration
    are iterated 20 times.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skdeepunsup import Autoencoder, export_onnx
    >>> X = load_digits().data
    >>> model = make_pipeline(MinMaxScaler(), Autoencoder(8, max_iter=2, random_state=0)).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_onnx(model, Path(folder) / "codes.onnx")
    """
    for module in ("onnx", "onnxscript", "onnxruntime"):
        optional(module, extra="onnx", user="export_onnx")
    if method not in METHODS:
        raise ValueError(f"method == {method!r}, must be one of {', '.join(METHODS)}.")
    steps, model = _parts(estimator, method)
    rows = _rows_like_those_of_fit(model, method)
    formula = _formula(model, method, rows)
    if steps:
        rows = _before(estimator, rows)
    content = _graph(Exported(steps, model.module_, formula).eval(), rows, method)
    _compare(content, rows, getattr(estimator, method)(rows), model, method)
    with replacing(Path(path)) as file:
        file.write(content)


def _parts(estimator: Any, method: str) -> tuple[list[nn.Module], Any]:
    """The steps before the model as modules, and the fitted model."""
    from ._onnx_steps import forward_step  # which imports what the package does without

    check_is_fitted(estimator)
    if not isinstance(estimator, Pipeline):
        model, before = estimator, []
    else:
        *before, (_, model) = estimator.steps
    if not isinstance(model, FittedModel) or isinstance(model, RatingRecommender):
        raise TypeError(
            f"{type(model).__name__} can't be exported: a model of this package that has a network "
            "or a machine can, alone or at the end of a Pipeline."
        )
    if not hasattr(model, method):
        raise ValueError(f"method == {method!r}, but {type(model).__name__} has none.")
    if method == "inverse_transform" and before:
        raise ValueError(
            "method == 'inverse_transform' of a Pipeline can't be exported: export that of its "
            "last step, and undo the others after it."
        )
    if method == "reconstruct" and before:
        raise ValueError("method == 'reconstruct', but a Pipeline has none.")
    return [forward_step(name, step) for name, step in before], model


def _formula(model: Any, method: str, rows: np.ndarray) -> Formula:
    """How the method answers, which it tells by asking for the answer."""
    found: list[Formula] = []

    def asked(
        X: Any, function: Any, *, codes: bool = False, rows_out: bool = False, **_: Any
    ) -> None:
        found.append(Formula(function, codes, rows_out))
        raise CapturedError

    twin = copy.copy(model)
    twin._answer = asked
    with contextlib.suppress(CapturedError):
        getattr(twin, method)(rows)
    if not found:
        raise ValueError(
            f"method == {method!r} of {type(model).__name__} can't be exported: it is no formula "
            "of its network alone."
        )
    wanted = getattr(model, method)(rows)
    if np.asarray(wanted).dtype.kind not in "iuf":
        raise ValueError(
            f"method == {method!r} of {type(model).__name__} can't be exported: its answers are no "
            "numbers; export predict_proba, whose columns are classes_."
        )
    for last in (*LAST, *_of_targets(model)):
        formula = found[0]._replace(function=_after(found[0].function, last))
        with torch.no_grad():
            answer = Exported([], model.module_, formula).eval()(torch.from_numpy(rows))
        if _agree(answer.numpy(), wanted):
            return formula
    raise ValueError(
        f"method == {method!r} of {type(model).__name__} can't be exported: it is more than its "
        "network computes."
    )


def _after(
    function: Callable[[Any], Callable[[Tensor], Tensor]], last: Callable[[Tensor], Tensor]
) -> Callable[[Any], Callable[[Tensor], Tensor]]:
    """A function of a module that ends with ``last``."""

    def ended(module: Any) -> Callable[[Tensor], Tensor]:
        return lambda x: last(function(module)(x))

    return ended


LAST: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda y: y,
    lambda y: y.softmax(-1),
    lambda y: y.argmax(-1),
    lambda y: y.squeeze(-1),
)
"""What methods do with what a network returns."""


def _of_targets(model: Any) -> list[Callable[[Tensor], Tensor]]:
    """What a regressor does with what its network returns: put it into the units of targets."""
    if not hasattr(model, "y_mean_"):
        return []
    mean, scale = (torch.tensor(np.asarray(v)) for v in (model.y_mean_, model.y_scale_))
    return [lambda y: mean + scale * y.double(), lambda y: (mean + scale * y.double())[:, 0]]


def _rows_like_those_of_fit(model: Any, method: str) -> np.ndarray:
    """Rows that the model can take, about as those it was fitted to, or codes."""
    rng = np.random.default_rng(0)
    n_categories = model.module_.arguments.get("n_categories") or 0
    n = model.n_features_in_
    scaling = getattr(model.module_, "scaling", None)
    if n_categories > 1 and type(model).__name__ != "EncoderDecoder":
        rows = rng.integers(0, n_categories, (N_ROWS, n)).astype(np.float32)
    elif scaling is not None and not bool((scaling.scale == 1).all()):
        center, scale = scaling.center.numpy(), scaling.scale.numpy()
        rows = (center + scale * rng.normal(size=(N_ROWS, n))).astype(np.float32)
    else:
        rows = (rng.random((N_ROWS, n)) < 0.5).astype(np.float32)
    if method != "inverse_transform":
        return rows
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rows of no meaning have codes all the same
        return np.asarray(model.transform(rows), dtype=np.float32)


def _before(pipeline: Pipeline, rows: np.ndarray) -> np.ndarray:
    """Rows that the steps before the last one turn into ``rows``, as far as they can."""
    for _, step in reversed(pipeline.steps[:-1]):
        if hasattr(step, "inverse_transform"):
            rows = np.asarray(step.inverse_transform(rows), dtype=np.float32)
    return rows


def _graph(exported: Exported, rows: np.ndarray, method: str) -> bytes:
    """The graph of a module, for any number of rows."""
    with quietly(), torch.no_grad():
        try:
            program = torch.onnx.export(
                exported,
                (torch.from_numpy(rows[:3].copy()),),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("n_rows")},),
                input_names=["X"],
                output_names=[method],
                verbose=False,
            )
        except Exception as error:  # torch says in many ways what it can't export
            reason = str(error.__cause__ or error).strip().split("\n")[0]
            raise ValueError(
                f"method == {method!r} of {type(exported.module).__name__} can't be exported: "
                f"torch finds no graph of it ({reason})."
            ) from error
    assert program is not None
    return bytes(program.model_proto.SerializeToString())


def _compare(content: bytes, rows: np.ndarray, wanted: Any, model: Any, method: str) -> None:
    """Raise unless a graph answers as the estimator does."""
    import onnxruntime

    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = session.run(None, {"X": rows})[0]
    if not _agree(found, wanted):
        raise ValueError(
            f"method == {method!r} of {type(model).__name__} can't be exported: the graph's "
            "answers are not the estimator's."
        )


def _agree(found: Any, wanted: Any) -> bool:
    """Whether answers differ by rounding at most."""
    found, wanted = np.asarray(found, dtype=np.float64), np.asarray(wanted, dtype=np.float64)
    if found.shape != wanted.shape:
        return False
    return bool(np.abs(found - wanted).max() <= TOLERANCE * np.abs(wanted).max())


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Without the warnings and messages of the exporter, which are about itself."""
    logger = logging.getLogger("torch.onnx")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)
