"""What pictures are drawn with: the places where things happen, the parts in them, and the ways
between the parts. As SVG, from the data that they explain.

Every picture has a text alternative. A widget gets it inline, in JupyterLab's colours; a static form
gets it as an image, in light colours of its own, because the sanitizer leaves no other.
"""

import copy
from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import files

from lxml import etree
from lxml.builder import ElementMaker

from .elements import E, Html, visible

Point = tuple[float, float]

TITLES = {"guest": "guest", "qemu": "QEMU", "host": "host"}
TIP = 8  # the length of an arrow's head

_NAMESPACE = "http://www.w3.org/2000/svg"
_SVG = ElementMaker(namespace=_NAMESPACE, nsmap={None: _NAMESPACE})
_STYLE = (files(__package__) / "pictures.css").read_text(encoding="utf-8")


class Picture:
    """Something drawn on `width` by `height` pixels that `says`, in words, what it shows."""

    def __init__(self, width: int, height: int, says: str):
        self.says = says
        self._size = {"width": str(width), "height": str(height)}
        about = {"class": "vl-picture", "role": "img", "aria-label": says}
        self._root = _SVG.svg(about, {"viewBox": f"0 0 {width} {height}"}, self._size)

    def place(self, place: str, x: float, y: float, width: float, height: float) -> None:
        """The guest, QEMU or the host: a tinted ground with its name, for parts to stand on."""
        self._add("rect", f"vl-place-{place}", x=x, y=y, width=width, height=height, rx=10)
        self.write(x + 14, y + 22, TITLES[place], f"vl-title vl-place-{place}")

    def part(
        self, x: float, y: float, width: float, height: float, *lines: str, kind: str = ""
    ) -> None:
        """A box with text in its middle, a line each; `kind` is a class, such as `vl-inferred`."""
        self._add("rect", f"vl-part {kind}", x=x, y=y, width=width, height=height, rx=6)
        self._label(x + width / 2, y + height / 2, lines, kind)

    def store(
        self, x: float, y: float, width: float, height: float, *lines: str, kind: str = ""
    ) -> None:
        """What keeps bytes when the power is gone: a drum."""
        rim, right, low = 7, x + width, y + height
        bend = f"A{width / 2} {rim} 0 0"
        top, floor = f"{right} {y + rim}", f"{x} {low - rim}"
        body = f"M{x} {y + rim}{bend} 1 {top}V{low - rim}{bend} 1 {floor}Z"
        self._add("path", f"vl-part {kind}", d=body)
        self._add("path", f"vl-part vl-rim {kind}", d=f"M{x} {y + rim}{bend} 0 {top}")
        self._label(x + width / 2, y + height / 2 + rim, lines, kind)

    def way(self, *points: Point, kind: str = "") -> None:
        """An arrow along these points."""
        path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
        self._add("path", f"vl-way {kind}", d=path)
        self._head(points[-2], points[-1], kind)

    def write(self, x: float, y: float, text: str, kind: str = "") -> None:
        """One line of text that begins (or, by its `kind`, is centred) at x, on the line y."""
        self._add("text", kind, x=x, y=y).text = visible(text)

    def draw(self, other: "Picture") -> None:
        """Draw all that another picture shows: a copy, much faster than to draw it anew."""
        self._root.extend(copy.deepcopy(other._root))

    def inline(self) -> etree._Element:
        """The picture as part of a page that has the style sheets."""
        return self._root

    def image(self) -> Html:
        """The picture as an `<img>` that brings its colours along."""
        ground = _SVG.rect({"class": "vl-ground", "rx": "10"} | self._size)
        alone = _SVG.svg(dict(self._root.attrib), _SVG.style(_STYLE), ground)
        alone.extend(etree.fromstring(etree.tostring(self._root)))
        data = b64encode(etree.tostring(alone)).decode()
        return E.img(src=f"data:image/svg+xml;base64,{data}", alt=self.says, **self._size)

    def _label(self, x: float, y: float, lines: Sequence[str], kind: str) -> None:
        for number, line in enumerate(lines):
            height = y + 5 + (number - (len(lines) - 1) / 2) * 19
            second = "vl-small" if number else ""
            self.write(x, height, line, f"vl-label {second} {kind}")

    def _head(self, before: Point, tip: Point, kind: str) -> None:
        """A triangle; ways go along the axes."""
        (x0, y0), (x, y) = before, tip
        dx, dy = (x > x0) - (x < x0), (y > y0) - (y < y0)
        back, half = (x - TIP * dx, y - TIP * dy), TIP / 2
        feet = [(back[0] + side * dy, back[1] + side * dx) for side in (half, -half)]
        points = " ".join(f"{a:g},{b:g}" for a, b in [(x, y), *feet])
        self._add("polygon", f"vl-head {kind}", points=points)

    def _add(self, tag: str, kind: str, **numbers: object) -> etree._Element:
        element = etree.SubElement(self._root, f"{{{_NAMESPACE}}}{tag}")
        element.set("class", " ".join(kind.split()))
        for name, value in numbers.items():
            element.set(name, f"{value:g}" if isinstance(value, int | float) else str(value))
        return element
