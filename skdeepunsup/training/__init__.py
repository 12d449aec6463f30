"""Training: the loop counts epochs, an objective makes one update."""

from .adam import Adam
from .lazy_adam import LazyAdam, LazyTable
from .loop import Observer, Report, Watch, train
from .objectives import GradientDescent, Objective, mean_term
from .pace import PACES, autocast, follow, linear_pace
from .schedule import Schedule

__all__ = [
    "PACES",
    "Adam",
    "GradientDescent",
    "LazyAdam",
    "LazyTable",
    "Objective",
    "Observer",
    "Report",
    "Schedule",
    "Watch",
    "autocast",
    "follow",
    "linear_pace",
    "mean_term",
    "train",
]
