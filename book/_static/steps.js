// Pictures that follow each other: one at a time, with Previous and Next. Without this script all are shown.
"use strict";
document.querySelectorAll(".diagram-steps").forEach((steps) => {
  const frames = [...steps.querySelectorAll("figure")];
  const controls = document.createElement("div");
  controls.className = "controls";
  controls.setAttribute("role", "group");
  controls.setAttribute("aria-label", "Steps of this picture");
  const place = document.createElement("output");
  const buttons = { Previous: -1, Next: 1 };
  let shown = 0;

  function show(step) {
    shown = Math.min(Math.max(step, 0), frames.length - 1);
    frames.forEach((frame, i) => (frame.hidden = i !== shown));
    // What is read out when a button is pressed: where one is, and what this picture is about.
    place.setAttribute("aria-label", `${shown + 1} of ${frames.length}. ${frames[shown].lastElementChild.textContent}`);
    place.textContent = `${shown + 1} of ${frames.length}`;
    // Not `disabled`, which would take the keyboard's place on the page away.
    for (const [name, by] of Object.entries(buttons))
      controls.querySelector(`.${name}`).setAttribute("aria-disabled", !frames[shown + by]);
  }
  for (const [name, by] of Object.entries(buttons)) {
    const button = Object.assign(document.createElement("button"), { type: "button", className: name, textContent: name });
    button.addEventListener("click", () => show(shown + by));
    controls.append(button);
  }
  controls.firstChild.after(place);
  controls.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation(); // the theme turns pages with these keys
    show(shown + by);
  });
  steps.prepend(controls);
  show(0);
});
