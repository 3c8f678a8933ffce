"""What a widget is where no widget runs: the same as HTML and as text, and the style they share."""

from importlib.resources import files

import ipywidgets

from ..views.view import View

_CSS = "".join(
    (files("virtiolab.views") / name).read_text(encoding="utf-8")
    for name in ("style.css", "pictures.css")
)


class WithStaticForm(ipywidgets.VBox):
    """A box whose saved output also carries its `static()` form.

    That is what GitHub, an untrusted notebook, nbval and a screen reader's export get.
    """

    def __init__(self, children, **traits):
        style = ipywidgets.HTML(f"<style>{_CSS}</style>", layout={"display": "none"})
        super().__init__([style, *children], **traits)
        self.add_class("virtiolab")

    def static(self) -> View:
        """What it is where no widget runs; as HTML it survives JupyterLab's sanitizer."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs):
        form = self.static()
        own = {"text/html": form.html, "text/plain": form.text}
        return super()._repr_mimebundle_(**kwargs) | own
