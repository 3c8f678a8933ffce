"""Thin ipywidgets shells over the pure functions; they show and never decide."""

from .builder import DiskBuilder
from .explainer import XMLExplainer
from .predict import Predict
from .proof import Proof

__all__ = ["DiskBuilder", "Predict", "Proof", "XMLExplainer"]
