"""Thin ipywidgets shells over the pure functions; they show and never decide."""

from .builder import DiskBuilder
from .explainer import XMLExplainer
from .predict import Predict
from .proof import Proof
from .stack import StackPicture

__all__ = ["DiskBuilder", "Predict", "Proof", "StackPicture", "XMLExplainer"]
