// Code and tables that scroll are a stop for the Tab key. The theme measures all of a page at once to
// know which do. Here each is measured when it is drawn, or changes its size.
"use strict";
(() => {
  const drawn = new ResizeObserver((entries) => {
    const elements = entries.map((entry) => entry.target);
    // First all is read, then all is written: nothing is laid out twice.
    const scrolls = elements.map((e) => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight);
    elements.forEach((element, i) => (element.tabIndex = scrolls[i] ? 0 : -1));
  });
  // This script runs before the theme's, so that its own listener is first, and the only one.
  window.addEventListener("load", (event) => {
    event.stopImmediatePropagation();
    document.querySelectorAll("pre, .cell_output > .output, .pst-scrollable-table-container").forEach((e) => drawn.observe(e));
  });
})();
