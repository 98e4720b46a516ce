// The search page: from words to the sections that hold them. sections.js, which book/_ext/sections.py
// writes, has a row for each: its title, its page's, its address, what it says, 1 for a word of the glossary.
"use strict";
(() => {
  const MOST = 30;
  const wordsOf = (text) => text.normalize("NFC").toLowerCase().match(/[\p{L}\p{N}_]+(?:\.\d+)?/gu) || [];
  const count = (words) => words.reduce((n, word) => n.set(word, (n.get(word) || 0) + 1), new Map());
  const sections = (window.SECTIONS || []).map(([title, page, link, text, term]) => ({
    title, page, link, text, term, inTitle: count(wordsOf(title)), inText: count(wordsOf(text)),
  }));
  const known = new Map(); // word -> the sections that hold it
  for (const section of sections) {
    for (const word of new Set([...section.inTitle.keys(), ...section.inText.keys()])) {
      known.set(word, [...(known.get(word) || []), section]);
    }
  }

  /** How many letters must be put in, left out, exchanged or swapped to make one word of another. */
  function apart(a, b) {
    let [older, old] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
    for (let i = 1; i <= a.length; i++) {
      const row = [i];
      for (let j = 1; j <= b.length; j++) {
        row[j] = Math.min(old[j] + 1, row[j - 1] + 1, old[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], older[j - 2] + 1);
      }
      [older, old] = [old, row];
    }
    return old[b.length];
  }

  /** Known words that are meant by one that was typed, each with how well it fits, up to 1. */
  function meant(typed) {
    const found = new Map(known.has(typed) ? [[typed, 1]] : []);
    for (const word of known.keys()) {
      if (word !== typed && word.startsWith(typed) && typed.length > 1) found.set(word, 0.5);
      // Korean: a particle stands at the word's end.
      else if (/\p{Script=Hangul}/u.test(typed) && word.length > 1 && typed.startsWith(word)) found.set(word, 0.5);
    }
    if (found.size) return found;
    const near = [...known.keys()].map((word) => [word, apart(typed, word)]);
    const closest = Math.min(...near.map(([, distance]) => distance));
    // Up to a third of its letters may be wrong.
    return new Map(closest <= Math.max(1, typed.length / 3) ? near.filter(([, d]) => d === closest).map(([word]) => [word, 0.3]) : []);
  }

  /** Sections by how well they fit, the best first, and the words that were looked for. */
  function search(query) {
    const all = [...new Set(wordsOf(query))];
    // Words that stand everywhere, such as "what is a", say nothing, unless they are all there is.
    const telling = all.filter((word) => !known.has(word) || known.get(word).length < sections.length / 4);
    const typed = telling.length ? telling : all;
    const asked = typed.map(meant);
    const rare = (word) => Math.log(1 + sections.length / known.get(word).length);
    const weigh = (section, words) => Math.max(0, ...[...words].map(([word, fit]) =>
      fit * rare(word) * (4 * Math.min(1, section.inTitle.get(word) || 0) + Math.log1p(section.inText.get(word) || 0))));
    const phrase = query.trim().toLowerCase();
    const scored = sections.map((section) => {
      const parts = asked.map((words) => weigh(section, words));
      const whole = wordsOf(section.title).join(" ") === typed.join(" ") ? 3 : `${section.title} ${section.text}`.toLowerCase().includes(phrase) ? 1.5 : 1;
      return { section, missing: parts.filter((part) => !part).length, score: whole * parts.reduce((a, b) => a + b, 0) };
    });
    const fewest = Math.min(...scored.map(({ missing }) => missing));
    const best = scored.filter(({ missing, score }) => score > 0 && missing === fewest).sort((a, b) => b.score - a.score);
    const other = typed.filter((word, i) => !known.has(word) && ![...asked[i].keys()].some((w) => w.startsWith(word) || word.startsWith(w)));
    return { best, words: asked.flatMap((words) => [...words.keys()]), other, complete: fewest === 0 };
  }

  /** Some words around the first place where the text has one that was looked for; marked. */
  function excerpt(section, words) {
    const letters = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).sort((a, b) => b.length - a.length);
    const sought = new RegExp(`(?<![\\p{L}\\p{N}_])(${letters.join("|")})(?![\\p{L}\\p{N}_])`, "giu");
    const first = section.term ? 0 : Math.max(0, section.text.search(sought) - 70);
    const text = (first ? "… " : "") + section.text.slice(first, first + (section.term ? 400 : 220)) + (section.text.length > first + 220 && !section.term ? " …" : "");
    const line = document.createElement("p");
    text.split(sought).forEach((part, i) => line.append(i % 2 ? Object.assign(document.createElement("mark"), { textContent: part }) : part));
    return line;
  }

  const field = document.querySelector(".bd-search-container input[name=q]");
  const place = document.querySelector("#search-results");
  const query = new URLSearchParams(location.search).get("q") || "";
  field.value = query;
  field.focus();
  if (!wordsOf(query).length) return;
  const { best, words, other, complete } = search(query);
  const say = (text) => place.append(Object.assign(document.createElement("p"), { textContent: text, role: "status" }));
  if (!best.length) return say(`Nothing in this book is like “${query}”.`);
  const many = best.length > MOST ? `the best ${MOST} of ${best.length}` : best.length;
  if (other.length) say(`Nothing has “${other.join(" ")}”. The nearest words: ${words.slice(0, 5).join(", ")}.`);
  say(complete ? `Sections that fit: ${many}.` : `No section has all these words. Those that have the most: ${many}.`);
  const list = document.createElement("ul");
  for (const { section } of best.slice(0, MOST)) {
    const item = document.createElement("li");
    const link = Object.assign(document.createElement("a"), { href: section.link, textContent: section.title });
    item.append(link, section.page ? ` · ${section.page}` : "", excerpt(section, words));
    list.append(item);
  }
  place.append(list);
})();
