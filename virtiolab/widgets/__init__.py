"""Thin ipywidgets shells over the pure functions; they show and never decide."""

from importlib import import_module

_FILES = {
    "BusExplorer": "bus",
    "CacheExplorer": "cache",
    "DiskBuilder": "builder",
    "Exercise": "exercise",
    "Predict": "predict",
    "Proof": "proof",
    "Quiz": "quiz",
    "StackPicture": "stack",
    "XMLExplainer": "explainer",
}
__all__ = [*_FILES]


def __getattr__(name: str):
    """A widget, whose file is read when it is first asked for: a notebook waits for its own alone."""
    if name not in _FILES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_FILES[name]}", __name__), name)
