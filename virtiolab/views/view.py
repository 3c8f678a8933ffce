"""What every view is: HTML in a notebook, text everywhere else, each made when it is asked for."""

from collections.abc import Callable

from .elements import prose, root


class View:
    """Something to look at, given by what makes its HTML and by what makes its text."""

    def __init__(self, html: Callable[[], str], text: Callable[[], str]):
        self._make_html, self._make_text = html, text

    @property
    def html(self) -> str:
        """As HTML, made anew."""
        return self._make_html()

    @property
    def text(self) -> str:
        """As text, made anew."""
        return self._make_text()

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return self.text


def sentence(said: str, kind: str = "") -> View:
    """One sentence, in whose HTML `backticks` mark what is XML."""
    return View(lambda: root(prose("p", said, kind)), lambda: said)
