"""Training: the loop counts epochs, an objective makes one update."""

from .adam import Adam
from .lazy_adam import LazyAdam, LazyTable
from .loop import Keeper, Observer, Report, Training, Watch, train
from .objectives import GradientDescent, Objective, mean_term
from .pace import PACES, autocast, follow, linear_pace
from .schedule import Schedule

__all__ = [
    "PACES",
    "Adam",
    "GradientDescent",
    "Keeper",
    "LazyAdam",
    "LazyTable",
    "Objective",
    "Observer",
    "Report",
    "Schedule",
    "Training",
    "Watch",
    "autocast",
    "follow",
    "linear_pace",
    "mean_term",
    "train",
]
