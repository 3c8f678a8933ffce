"""Thin ipywidgets shells over the pure functions; they show and never decide."""

from .explainer import XMLExplainer
from .predict import Predict

__all__ = ["Predict", "XMLExplainer"]
