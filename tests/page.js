// What the browser tests ask of a page that no tool of theirs answers; put into it as `vl`.
() => {
  const CONTROLS = "a[href], button, input, select, textarea, summary, [tabindex]";
  const WIDGET = ".virtiolab.jupyter-widgets";

  const VIEW = ":is(.jp-NotebookPanel:not(.lm-mod-hidden), [data-voila])";

  // The widgets of the notebook, or the page, that is in view, without those that are parts of others.
  const widgets = () =>
    [...document.querySelectorAll(`${VIEW} ${WIDGET}`)]
      .filter((one) => !one.parentElement.closest(WIDGET));

  const isThere = (one) => one.checkVisibility({ visibilityProperty: true });

  const controls = (widget) => [...widget.querySelectorAll(CONTROLS)]
    .filter((one) => isThere(one) && !one.disabled && one.tabIndex >= 0);

  const described = (one) => `${one.localName} ${one.getAttribute("class") ?? ""} `
    + `“${(one.title || one.textContent).trim().slice(0, 60)}”`;

  // All that can show that something has the focus, on it or on the label around it.
  const look = (one) => [one, one.parentElement].map((part) => {
    const style = getComputedStyle(part);
    return [style.outlineStyle, style.outlineColor, style.outlineWidth, style.boxShadow,
      style.borderColor, style.borderWidth, style.backgroundColor, style.textDecorationLine].join();
  }).join();

  // Begins to follow the focus through a widget: what could have it, has it, and how that looks.
  const follow = (number) => {
    const found = controls(widgets()[number]);
    document.activeElement?.blur();
    const before = new Map(found.map((one) => [one, look(one)]));
    const reached = new Map();
    document.addEventListener("focusin", ({ target }) => reached.set(target, look(target)));
    found[0]?.focus({ focusVisible: true });
    window.vl.lost = () =>
      found.filter((one) => (reached.get(one) ?? before.get(one)) === before.get(one)).map(described);
    window.vl.isInside = () => widgets()[number].contains(document.activeElement);
  };

  // One pixel that is painted over and over, as the browser does it.
  const pixel = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const paint = (colour, alpha = 1) => {
    pixel.globalAlpha = alpha;
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
  };
  const luminance = () => {
    const parts = [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const around = (one) => (one ? [...around(one.parentElement), one] : []);
  const opacity = (one) =>
    around(one).reduce((alpha, part) => alpha * getComputedStyle(part).opacity, 1);

  // The shapes of a picture that are painted below the middle of a text in it.
  const below = (text) => {
    const box = text.getBBox();
    const middle = new DOMPoint(box.x + box.width / 2, box.y + box.height / 2);
    return [...text.ownerSVGElement.querySelectorAll("rect, path, polygon")].filter((shape) =>
      shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING
      && shape.isPointInFill(middle));
  };

  // The contrast of a text, in a picture or out of one, with what is behind it (WCAG 2).
  const contrast = (one) => {
    paint("white");
    around(one).forEach((part) => paint(getComputedStyle(part).backgroundColor));
    const isDrawn = one instanceof SVGTextElement;
    if (isDrawn) below(one).forEach((shape) => paint(getComputedStyle(shape).fill));
    const ground = luminance();
    paint(getComputedStyle(one)[isDrawn ? "fill" : "color"], opacity(one));
    const ink = luminance();
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  };

  const tooFaint = (selectors, least) => selectors
    .flatMap((selector) => [...document.querySelectorAll(selector)])
    .filter((one) => isThere(one) && contrast(one) < least)
    .map((one) => `${described(one)} ${contrast(one).toFixed(2)}`);

  // What is wider than the room that it has, and neither scrolls nor is cut.
  const tooWide = () => widgets().flatMap((widget) => [widget, ...widget.querySelectorAll("*")])
    .filter((one) => isThere(one) && one.clientWidth && one.scrollWidth > one.clientWidth + 1)
    .filter((one) => getComputedStyle(one).overflowX === "visible")
    .filter((one) => getComputedStyle(one).display !== "inline").map(described);

  window.vl = { widgets, follow, tooFaint, tooWide };
}
