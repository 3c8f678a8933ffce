// Changes the control in a place of the page as a person would; gives the milliseconds until the place
// has changed for the last time. Fails where nothing changes.
({ place, value }) => {
  // ms. At a person's pace: what follows faster, JupyterLab's socket may hold back for 40.
  const quiet = 250, patience = 5000;
  const within = document.querySelector(place);
  const fields = within.querySelectorAll(".vl-changed :is(select, textarea, input)");

  const change = {
    "select-one": ([menu]) => {
      menu.selectedIndex = value;
      menu.dispatchEvent(new Event("change", { bubbles: true }));
    },
    textarea: ([box]) => {
      box.value = value;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    },
    radio: (buttons) => buttons[value].click(),
  }[fields[0].type];

  return new Promise((resolve, reject) => {
    let last = null;
    const end = () => {
      seen.disconnect();
      last === null ? reject(new Error(`nothing changed in ${place}`)) : resolve(last);
    };
    const seen = new MutationObserver(() => {
      last = performance.now() - begun;
      clearTimeout(timer);
      timer = setTimeout(end, quiet);
    });
    seen.observe(within, { subtree: true, childList: true, characterData: true, attributes: true });
    let timer = setTimeout(end, patience);
    const begun = performance.now();
    change(fields);
  });
}
