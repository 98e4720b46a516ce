// For a reader: what a word of the glossary means where it is pointed at, and a drawer that closes.
"use strict";
(() => {
  const word = 'a.reference[href*="glossary.html#term-"]';
  const definitions = window.DEFINITIONS || {}; // definitions.js, where a page has such words
  const box = document.createElement("div");
  box.className = "definition";
  box.id = "definition";
  box.setAttribute("role", "tooltip");
  box.hidden = true;
  document.body.append(box);
  let shown = null;

  const hide = () => {
    shown?.removeAttribute("aria-describedby");
    box.hidden = true;
    shown = null;
  };
  function show(link) {
    const found = definitions[link.hash.slice(1)];
    if (!found || link === shown) return;
    hide();
    const [name, ...meaning] = found;
    box.replaceChildren(Object.assign(document.createElement("b"), { textContent: name }), meaning.join(" "));
    shown = link;
    link.setAttribute("aria-describedby", box.id);
    box.hidden = false;
    // Below the word, or above it where the window ends; never beyond its sides.
    const at = link.getClientRects()[0];
    const room = document.documentElement.clientWidth - box.offsetWidth - 8;
    const below = at.bottom + box.offsetHeight + 8 < innerHeight;
    box.style.left = `${scrollX + Math.max(8, Math.min(at.left, room))}px`;
    box.style.top = `${scrollY + (below ? at.bottom + 4 : at.top - box.offsetHeight - 4)}px`;
  }

  const linkOf = (event) => (event.target instanceof Element ? event.target.closest(word) : null);
  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse" || box.contains(event.target)) return;
    const link = linkOf(event);
    link ? show(link) : hide();
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link?.matches(":focus-visible")) show(link);
    else if (!link) hide();
  });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  // A finger cannot point: its first tap shows the meaning, its second follows the link.
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (event.pointerType === "touch" && link && link !== shown && definitions[link.hash.slice(1)]) {
      event.preventDefault();
      show(link);
    } else if (!box.contains(event.target)) {
      hide();
    }
  });

  // The drawer of a phone covers the very section that was chosen in it.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("dialog a[href*='#']");
    if (link) link.closest("dialog").close();
  });
})();
