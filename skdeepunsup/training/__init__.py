"""Training: the loop counts epochs, an objective makes one update."""

from .adam import Adam
from .lazy_adam import LazyAdam, LazyTable
from .loop import train
from .objectives import GradientDescent, Objective, mean_term
from .onlookers import Keeper, Observer, State, Watch
from .pace import PACES, autocast, follow, linear_pace
from .records import Report
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
    "State",
    "Watch",
    "autocast",
    "follow",
    "linear_pace",
    "mean_term",
    "train",
]
