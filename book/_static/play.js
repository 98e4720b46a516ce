// Figures to play with: `<div class="play" data-play="valley">a sentence for where this does not run</div>`.
// Each is a title, its controls, and `show`: from their values to a drawing and what it says in words.
"use strict";
(() => {
  const minus = (text) => String(text).replaceAll("-", "−");
  const fixed = (x, digits) => minus((Object.is(x, -0) ? 0 : x).toFixed(digits));
  // A slider along a logarithm; what it shows is exactly what is used.
  const power = (exponent) => Number((10 ** exponent).toPrecision(2));
  const range = (n, f) => Array.from({ length: n }, (_, i) => f(i));

  const italic = (letter, index = "") => `<tspan font-style="italic">${letter}</tspan>${index}`;

  /** Axes (name, from, to, ticks) around what `draw` makes of the functions from data to places. */
  function plot(alt, x, y, draw) {
    const [width, height, left, top] = [310, 220, 46, 8];
    const X = (value) => ((value - x.from) / (x.to - x.from)) * width;
    const Y = (value) => height - ((value - y.from) / (y.to - y.from)) * height;
    const below = x.ticks.map((tick) => `<text x="${left + X(tick)}" y="${top + height + 16}" text-anchor="middle">${minus(tick)}</text>`);
    const beside = y.ticks.map((tick) => `<text x="${left - 6}" y="${top + Y(tick) + 4}" text-anchor="end">${minus(tick)}</text>`);
    return `<svg viewBox="0 0 368 266" role="img" aria-label="${alt}">${below.join("")}${beside.join("")}
      <text x="${left + width / 2}" y="262" text-anchor="middle">${x.name}</text>
      <text transform="translate(11 ${top + height / 2}) rotate(-90)" text-anchor="middle">${y.name}</text>
      <svg x="${left}" y="${top}" width="${width}" height="${height}">${draw(X, Y)}
      <rect class="frame" width="${width}" height="${height}"/></svg></svg>`;
  }
  const path = (points, X, Y) => "M" + points.map(([x, y]) => `${X(x).toFixed(1)} ${Y(y).toFixed(1)}`).join("L");
  const curve = (f, [from, to], X, Y, kind) =>
    `<path class="${kind}" d="${path(range(201, (i) => from + ((to - from) * i) / 200).map((x) => [x, f(x)]), X, Y)}"/>`;

  const CORNERS = [[0, 0], [0, 1], [1, 0], [1, 1]];
  const TASKS = { AND: [0, 0, 0, 1], OR: [0, 1, 1, 1], XOR: [0, 1, 1, 0] };
  const neuron = {
    title: "One neuron, four points",
    controls: {
      task: { label: "task", options: Object.keys(TASKS) },
      w1: { label: "<i>w</i>₁", min: -2, max: 2, step: 0.25, value: 1 },
      w2: { label: "<i>w</i>₂", min: -2, max: 2, step: 0.25, value: 1 },
      b: { label: "<i>b</i>", min: -3, max: 3, step: 0.25, value: -1.5 },
    },
    show({ task, w1, w2, b }) {
      const z = ([x1, x2]) => w1 * x1 + w2 * x2 + b;
      // The part of the square in which z > 0: its corners there, and where its edges cross z = 0.
      const square = [[-0.5, -0.5], [1.5, -0.5], [1.5, 1.5], [-0.5, 1.5]];
      const fires = square.flatMap((p, i) => {
        const q = square[(i + 1) % 4];
        const t = z(p) / (z(p) - z(q));
        const crossing = z(p) > 0 !== z(q) > 0 ? [[p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])]] : [];
        return z(p) > 0 ? [p, ...crossing] : crossing;
      });
      const right = CORNERS.filter((x, i) => z(x) > 0 === (TASKS[task][i] === 1));
      const points = (X, Y) => CORNERS.map((x, i) => {
        const [cx, cy] = [X(x[0]), Y(x[1])];
        const ring = right.includes(x) ? "" : `<circle class="wrong" cx="${cx}" cy="${cy}" r="15"/>`;
        return ring + (TASKS[task][i]
          ? `<rect class="one" x="${cx - 7}" y="${cy - 7}" width="14" height="14"/>`
          : `<circle class="zero" cx="${cx}" cy="${cy}" r="8"/>`);
      });
      const where = CORNERS.filter((x) => z(x) > 0).map((x) => `(${x.join(", ")})`).join(", ");
      return {
        drawing: plot("The four points, and the side of the line on which the neuron fires",
          { name: italic("x", "₁"), from: -0.5, to: 1.5, ticks: [0, 1] }, { name: italic("x", "₂"), from: -0.5, to: 1.5, ticks: [0, 1] },
          (X, Y) => (fires.length ? `<path class="shade" d="${path(fires, X, Y)}Z"/>` : "") + points(X, Y).join("")),
        words: `Fires at ${where || "none of the points"}. ${right.length} of 4 right for ${task}; a wrong one has a ring.`,
      };
    },
  };

  const ACTIVATIONS = {
    LeakyReLU: [(x, a) => (x > 0 ? x : a * x), (x, a) => (x > 0 ? 1 : a)],
    ELU: [(x, a) => (x > 0 ? x : a * Math.expm1(x)), (x, a) => (x > 0 ? 1 : a * Math.exp(x))],
  };
  const activation = {
    title: "How flat is the left?",
    controls: {
      name: { label: "function", options: Object.keys(ACTIVATIONS) },
      a: { label: "<i>a</i> or <i>α</i>", min: 0, max: 2, step: 0.05, value: 0.25, digits: 2 },
      x: { label: "<i>x</i>", min: -4, max: 4, step: 0.1, value: -1, digits: 1 },
    },
    show({ name, a, x }) {
      const [value, slope] = ACTIVATIONS[name].map((f) => (x) => f(x, a));
      return {
        drawing: plot(`${name} and, dashed, its slope`,
          { name: italic("x"), from: -4, to: 4, ticks: [-4, -2, 0, 2, 4] }, { name: "value; dashed: slope", from: -4, to: 4, ticks: [-4, -2, 0, 2, 4] },
          (X, Y) => curve(value, [-4, 4], X, Y, "line") + curve(slope, [-4, 4], X, Y, "line dashed") +
            `<circle class="one" cx="${X(x)}" cy="${Y(value(x))}" r="6"/><circle class="zero" cx="${X(x)}" cy="${Y(slope(x))}" r="6"/>`),
        words: `${name}(${fixed(x, 1)}) = ${fixed(value(x), 3)}, and its slope there is ${fixed(slope(x), 3)}.`,
      };
    },
  };

  const LOGITS = [2, 1, -1];
  const temperature = {
    title: "Hot and cold",
    controls: { T: { label: "<i>T</i>", min: -1, max: 2, step: 0.05, value: 0, of: power } },
    show({ T }) {
      const parts = LOGITS.map((z) => Math.exp((z - LOGITS[0]) / T));
      const p = parts.map((part) => part / parts.reduce((sum, other) => sum + other));
      return {
        drawing: plot("The probabilities of three classes",
          { name: "class", from: -0.5, to: 2.5, ticks: [0, 1, 2] }, { name: "probability", from: 0, to: 1, ticks: [0, 0.5, 1] },
          (X, Y) => p.map((height, i) => `<rect class="one" x="${X(i) - 30}" y="${Y(height)}" width="60" height="${Y(0) - Y(height)}"/>`).join("")),
        words: `The logits ${minus(LOGITS.join(", "))} give the probabilities ${p.map((x) => fixed(x, 3)).join(", ")}.`,
      };
    },
  };

  const START = [-1, 2];
  const STEPS = 300;
  const valley = {
    title: "Walk down the valley",
    controls: {
      lr: { label: "learning rate <i>η</i>", min: -4, max: -2, step: 0.05, value: -3, of: power },
      mu: { label: "momentum <i>μ</i>", min: 0, max: 0.99, step: 0.01, value: 0, digits: 2 },
    },
    show({ lr, mu }) {
      const loss = ([x, y]) => (1 - x) ** 2 + 100 * (y - x ** 2) ** 2;
      const gradient = ([x, y]) => [-2 * (1 - x) - 400 * x * (y - x ** 2), 200 * (y - x ** 2)];
      let [w, b] = [START, [0, 0]];
      const walked = [w];
      while (walked.length <= STEPS && loss(w) < 1e8) {
        const g = gradient(w);
        b = b.map((old, i) => mu * old + g[i]);
        w = w.map((old, i) => old - lr * b[i]);
        walked.push(w);
      }
      // Where the loss is c, y = x² ± √(c − (1 − x)²) / 10: the borders of the bands.
      const band = (c) => {
        const xs = range(121, (i) => 1 + Math.sqrt(c) * Math.sin((i / 120 - 0.5) * Math.PI));
        const half = (sign) => xs.map((x) => [x, x ** 2 + (sign * Math.sqrt(Math.max(0, c - (1 - x) ** 2))) / 10]);
        return [...half(1), ...half(-1).reverse()];
      };
      const within = walked.map((w) => w.map((x) => Math.max(-9, Math.min(9, x))));
      return {
        drawing: plot("The valley from above, a star at its lowest point, and the path of the weights",
          { name: italic("w", "₁"), from: -2, to: 2, ticks: [-2, -1, 0, 1, 2] }, { name: italic("w", "₂"), from: -1, to: 3, ticks: [-1, 0, 1, 2, 3] },
          (X, Y) => [1, 4, 16, 64, 256].map((c) => `<path class="band" d="${path(band(c), X, Y)}Z"/>`).join("") +
            `<path class="line" d="${path(within, X, Y)}"/><circle class="one" cx="${X(-1)}" cy="${Y(2)}" r="5"/>
             <text x="${X(1)}" y="${Y(1) + 6}" text-anchor="middle" class="star">★</text>`),
        words: loss(w) < 1e8
          ? `After ${STEPS} steps: w = (${fixed(w[0], 3)}, ${fixed(w[1], 3)}), loss ${minus(loss(w).toPrecision(4))}.`
          : `It diverges: after ${walked.length - 1} steps the loss is above a hundred million.`,
      };
    },
  };

  const ROWS = 1000;
  const threshold = {
    title: "Where do you say yes?",
    controls: {
      cut: { label: "threshold on <i>z</i>", min: -5, max: 5, step: 0.25, value: 0, digits: 2 },
      eights: { label: "eights among 1000", min: 50, max: 500, step: 50, value: 100 },
    },
    show({ cut, eights }) {
      // Made-up logits: evenly spaced shares of two logistic bells, around −2 and around 1.
      const bell = (n, centre) => range(n, (i) => centre + 0.8 * Math.log((i + 0.5) / (n - i - 0.5)));
      const [no, yes] = [bell(ROWS - eights, -2), bell(eights, 1)];
      const called = (zs) => zs.filter((z) => z > cut).length;
      const [found, alarms] = [called(yes), called(no)];
      const share = (part, all) => (all ? fixed(part / all, 3) : "not defined");
      const count = (zs, bin) => zs.filter((z) => Math.floor(z * 2) === bin).length;
      const tall = Math.max(...range(32, (i) => count(no, i - 16) + count(yes, i - 16)));
      const most = Math.ceil(tall / 100) * 100;
      return {
        drawing: plot("How many rows have which logit: eights, other digits, and the threshold",
          { name: italic("z"), from: -8, to: 8, ticks: [-8, -4, 0, 4, 8] }, { name: "rows", from: 0, to: most, ticks: [0, most / 2, most] },
          (X, Y) => range(32, (i) => {
            const [n, m] = [count(no, i - 16), count(yes, i - 16)];
            const bar = (kind, from, to) => `<rect class="${kind}" x="${X(i / 2 - 8)}" y="${Y(to)}" width="${X(0.45) - X(0)}" height="${Y(from) - Y(to)}"/>`;
            return bar("zero", 0, n) + bar("one", n, n + m);
          }).join("") + `<path class="cut" d="M${X(cut)} 0V220"/>`),
        table: `<table><thead><tr><th scope="col">rows</th><th scope="col">called an eight</th><th scope="col">not called one</th></tr></thead><tbody>
          <tr><th scope="row"><span class="one">■</span> eights</th><td>${found}</td><td>${eights - found}</td></tr>
          <tr><th scope="row"><span class="zero">■</span> other digits</th><td>${alarms}</td><td>${no.length - alarms}</td></tr></tbody></table>`,
        words: `Recall ${share(found, eights)}, precision ${share(found, found + alarms)}, accuracy ${share(found + no.length - alarms, ROWS)}.`,
      };
    },
  };

  const FIGURES = { neuron, activation, temperature, valley, threshold };

  function build(place) {
    const { title, controls, show } = FIGURES[place.dataset.play];
    const id = (name) => `play-${place.dataset.play}-${name}`;
    const rows = Object.entries(controls).map(([name, c]) => `<label for="${id(name)}">${c.label}</label>` + (c.options
      ? `<select id="${id(name)}" name="${name}">${c.options.map((text) => `<option>${text}</option>`).join("")}</select><span></span>`
      : `<input type="range" id="${id(name)}" name="${name}" min="${c.min}" max="${c.max}" step="${c.step}" value="${c.value}"><span class="value"></span>`));
    place.setAttribute("role", "group");
    place.setAttribute("aria-label", title);
    place.innerHTML = `<p class="title">${title}</p><div class="drawing"></div><div class="table"></div>
      <div class="controls">${rows.join("")}</div><output aria-live="polite"></output>`;
    const inputs = [...place.querySelectorAll("input, select")];
    const update = () => {
      const values = Object.fromEntries(inputs.map((input) => {
        const { options, of = (x) => x, digits } = controls[input.name];
        if (options) return [input.name, input.value];
        const value = of(Number(input.value));
        const text = digits ? fixed(value, digits) : minus(value);
        input.nextElementSibling.textContent = text;
        input.setAttribute("aria-valuetext", text);
        return [input.name, value];
      }));
      const { drawing, table = "", words } = show(values);
      place.querySelector(".drawing").innerHTML = drawing;
      place.querySelector(".table").innerHTML = table;
      place.querySelector("output").textContent = words;
    };
    inputs.forEach((input) => input.addEventListener("input", update));
    update();
  }
  document.querySelectorAll(".play").forEach(build);
})();
