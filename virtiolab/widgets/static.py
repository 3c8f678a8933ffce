"""What a widget is where no widget runs: the same as HTML and as text, and the style they share."""

from importlib.resources import files

import ipywidgets

_CSS = "".join(
    (files("virtiolab.views") / name).read_text(encoding="utf-8")
    for name in ("style.css", "pictures.css")
)


class WithStaticForm(ipywidgets.VBox):
    """A box whose saved output also carries `static_html()` and `static_text()`.

    That is what GitHub, an untrusted notebook, nbval and a screen reader's export get.
    """

    def __init__(self, children, **traits):
        style = ipywidgets.HTML(f"<style>{_CSS}</style>", layout={"display": "none"})
        super().__init__([style, *children], **traits)
        self.add_class("virtiolab")

    def static_html(self) -> str:
        """The widget as HTML that survives JupyterLab's sanitizer."""
        raise NotImplementedError

    def static_text(self) -> str:
        """The widget as plain text."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        return bundle | {"text/html": self.static_html(), "text/plain": self.static_text()}
