"use strict";
// Everything here is an extra: without it the page shows the same numbers and pictures, at rest.
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  function button(text, label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  // Pictures move unless the reader asked for stillness; whoever looks at them can stop them.
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (document.querySelector(".maze")) {
    root.classList.toggle("moving", !calm);
    for (const legend of all(".legend")) {
      const words = () => (root.classList.contains("moving") ? "Stop" : "Play");
      const control = button(words(), "Stop or play the pictures", () => {
        root.classList.toggle("moving");
        for (const one of all(".legend button")) one.textContent = words();
      });
      legend.append(control);
    }
  }

  // Files: a picture as SVG, its numbers and every table as CSV.
  function save(text, type, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  const named = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 48).replace(/^-|-$/g, "");
  function offer(after, label, buttons) {
    const line = document.createElement("p");
    line.className = "save";
    line.append(...buttons.map(([text, act]) => button(text, `${text} of: ${label}`, act)));
    after.after(line);
  }
  const style = document.getElementById("drawing").textContent;
  for (const picture of all("main svg")) {
    const words = picture.getAttribute("aria-label").split(/[.:;]/)[0];
    const copied = () => {
      const copy = picture.cloneNode(true);
      const look = document.createElementNS("http://www.w3.org/2000/svg", "style");
      look.textContent = `${style} svg { background: var(--card); }`;
      copy.prepend(look);
      return new XMLSerializer().serializeToString(copy);
    };
    offer(picture.closest(".scroll") || picture, words, [
      ["SVG", () => save(copied(), "image/svg+xml", `${named(words)}.svg`)],
      ["CSV", () => save(picture.querySelector("metadata").textContent, "text/csv", `${named(words)}.csv`)],
    ]);
  }
  const quoted = (cell) => `"${cell.innerText.trim().replace(/\s+/g, " ").replace(/"/g, '""')}"`;
  for (const table of all("main table")) {
    const words = table.caption ? table.caption.textContent : "table";
    const lines = () => [...table.rows].map((row) => [...row.cells].map(quoted).join(",")).join("\n");
    offer(table.closest(".scroll") || table, words, [
      ["CSV", () => save(lines(), "text/csv", `${named(words)}.csv`)],
    ]);
  }

  // Tables sort by any column; what is void comes last either way round.
  function key(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.sort || cell.textContent.trim();
    const number = parseFloat(text.replace(/,/g, ""));
    const last = "void" in cell.dataset || text === "\u2013";
    return { last, value: Number.isNaN(number) ? text.toLowerCase() : number };
  }
  function compare(a, b, down) {
    if (a.last !== b.last) return a.last ? 1 : -1;
    const numbers = typeof a.value === "number" && typeof b.value === "number";
    const order = numbers ? a.value - b.value : String(a.value).localeCompare(String(b.value));
    return down ? -order : order;
  }
  for (const table of all("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const words = head.firstChild.textContent.trim();
      const sort = button("", `sort by ${words}`, () => {
        const down = head.getAttribute("aria-sort") !== "descending";
        const body = table.tBodies[0];
        const rows = [...body.rows].map((row) => [key(row, column), row]);
        rows.sort((one, other) => compare(one[0], other[0], down));
        body.append(...rows.map(([, row]) => row));
        for (const one of heads) one.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
      });
      sort.append(...head.childNodes);
      head.append(sort);
    });
  }

  // A link into a closed section opens it; paper has everything open.
  function reveal() {
    const place = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    const inside = place.querySelector("details");
    if (inside) inside.open = true;
    place.scrollIntoView();
  }
  addEventListener("hashchange", reveal);
  reveal();
  const parts = all("section > details");
  const nav = document.querySelector("nav");
  if (nav && parts.length) {
    nav.append(button("Open all", "open or close all sections", (event) => {
      const open = parts.some((part) => !part.open);
      for (const part of parts) part.open = open;
      event.currentTarget.textContent = open ? "Close all" : "Open all";
    }));
  }
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const one of closed) one.open = true;
  });
  addEventListener("afterprint", () => closed.forEach((one) => (one.open = false)));
})();
