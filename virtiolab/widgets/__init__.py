"""Thin ipywidgets shells over the pure functions; they show and never decide."""

from importlib import import_module

_FILE_OF = {
    "BusExplorer": "bus_explorer",
    "CacheExplorer": "cache_explorer",
    "DiskBuilder": "builder.disk_builder",
    "Exercise": "exercise",
    "Predict": "predict",
    "Progress": "progress",
    "Proof": "proof",
    "Quiz": "quiz",
    "StackPicture": "stack_picture",
    "XMLExplainer": "xml_explainer",
    "YourCase": "your_case",
}
__all__ = [*_FILE_OF]  # noqa: PLE0604 - names, each of them


def __getattr__(name: str):
    """A widget; its file is read when it is first asked for, so that a notebook waits for its own alone."""
    if name not in _FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_FILE_OF[name]}", __name__), name)


def __dir__() -> list[str]:
    """For Tab, which offers what is here."""
    return [*globals(), *__all__]
