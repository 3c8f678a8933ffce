// What in a page is not ours: what a payload has done, and what became of it.
([elements, attributes, link]) => {
  const EVIL = "[evil], evil, .evil, #evil, [name=evil], [id=jupyterapp], [data-commandlinker-command*=reset]";
  const OURS = ".virtiolab.mathjax_ignore";  // what a view made; around it are ipywidgets and JupyterLab
  const found = [];
  const say = (what, one) => found.push(`${what}: ${one.outerHTML.slice(0, 300)}`);

  const everywhere = [document];
  for (const root of everywhere)
    for (const one of root.querySelectorAll("*")) {
      if (one.shadowRoot) everywhere.push(one.shadowRoot);
      if (one.matches(EVIL)) say("theirs", one);
    }

  for (const one of document.querySelectorAll(`${OURS}, ${OURS} *`)) {
    if (!elements.includes(one.localName)) say("element", one);
    for (const { name } of one.attributes)
      if (!attributes.includes(name.toLowerCase())) say(name, one);
    if (one.href && !new RegExp(`^(${link})$`).test(one.href)) say("link", one);
    if (one.src && !one.src.startsWith("data:image/svg+xml;base64,")) say("picture", one);
  }
  for (const one of document.querySelectorAll(".jp-OutputArea-output :is(label, option, button) > :not(i, input, span)"))
    say("in a control", one);
  for (const one of document.querySelectorAll(".jp-Cell :is(mjx-container, .MathJax, script, iframe, object, embed)"))
    say("typeset or embedded", one);

  if (window.hacked) found.push("a script ran");
  if (getComputedStyle(document.body).getPropertyValue("--evil")) found.push("a style applies");
  if (!window.jupyterapp?.commands && !document.querySelector("[data-voila] [role=main]"))
    found.push("JupyterLab, or the page, is gone");
  window.hacked = undefined;
  return found;
}
