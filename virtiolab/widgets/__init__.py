"""Thin ipywidgets shells over the pure functions; they show and never decide."""

from .builder import DiskBuilder
from .bus import BusExplorer
from .cache import CacheExplorer
from .exercise import Exercise
from .explainer import XMLExplainer
from .predict import Predict
from .proof import Proof
from .quiz import Quiz
from .stack import StackPicture

__all__ = [
    "BusExplorer",
    "CacheExplorer",
    "DiskBuilder",
    "Exercise",
    "Predict",
    "Proof",
    "Quiz",
    "StackPicture",
    "XMLExplainer",
]
