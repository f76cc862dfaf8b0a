// Keys, the reader's time zone, and the histogram's bars. Every page works
// without this file.
"use strict";

(() => {
  const store = "chorus-keys";
  const box = document.querySelector("[data-search]");
  const dialog = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const hits = [...document.querySelectorAll("[data-hit]")];
  let at = -1;

  // WCAG 2.1.4: single keys can be switched off; the choice is kept here only.
  const enabled = () => { try { return localStorage.getItem(store) !== "off"; } catch { return true; } };
  on.checked = enabled();
  on.addEventListener("change", () => { try { localStorage.setItem(store, on.checked ? "on" : "off"); } catch { /* not kept */ } });

  const move = (step) => {
    if (hits.length === 0) return;
    at = Math.min(Math.max(at + step, 0), hits.length - 1);
    const link = hits[at].querySelector("[data-open]");
    link.focus({ preventScroll: true });
    hits[at].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("focusin", (e) => {
    const i = hits.findIndex((h) => h.contains(e.target));
    if (i >= 0) at = i;
  });

  const actions = {
    "/": () => { box?.focus(); box?.select(); },
    j: () => move(1),
    k: () => move(-1),
    o: () => hits[at]?.querySelector("[data-open]").click(),
    "?": () => dialog.showModal(),
  };
  document.addEventListener("keydown", (e) => {
    const typing = e.target.closest("input, textarea, select, [contenteditable]");
    if (e.key === "Escape" && typing) { typing.blur(); return; }
    if (typing || dialog.open || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (e.key !== "?" && !enabled()) return; // "?" remains, or they could not be switched on again
    const act = actions[e.key];
    if (act) { e.preventDefault(); act(); }
  });

  // The zone of the reader, on hover.
  const zone = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const name = zone.resolvedOptions().timeZone;
  for (const t of document.querySelectorAll("time[datetime*=T]")) { // a day has no zone
    t.title = `${zone.format(new Date(t.dateTime))} (${name})`;
  }

  // A bar leads to the search narrowed to it; dragging over bars narrows to all of them.
  for (const chart of document.querySelectorAll("[data-chart]")) {
    const plot = chart.querySelector("svg.plot");
    const columns = chart.dataset.chart.split(" ").map((d) => d.split(","));
    let from = null;
    const shade = plot.querySelector("[data-shade]");
    const index = (e) => {
      const r = plot.getBoundingClientRect();
      return Math.min(Math.max(Math.floor(((e.clientX - r.left) / r.width) * columns.length), 0), columns.length - 1);
    };
    const show = (a, b) => {
      shade.setAttribute("x", `${(Math.min(a, b) / columns.length) * 100}%`);
      shade.setAttribute("width", `${((Math.abs(a - b) + 1) / columns.length) * 100}%`);
    };
    plot.addEventListener("pointerdown", (e) => {
      if (e.button !== 0) return;
      from = index(e);
      plot.setPointerCapture(e.pointerId);
      show(from, from);
    });
    plot.addEventListener("pointermove", (e) => { if (from !== null) show(from, index(e)); });
    plot.addEventListener("pointercancel", () => { from = null; shade.setAttribute("width", "0"); });
    plot.addEventListener("pointerup", (e) => {
      if (from === null) return;
      const [a, b] = [Math.min(from, index(e)), Math.max(from, index(e))];
      from = null;
      const url = new URL(chart.dataset.search, location.href);
      url.searchParams.set("from", columns[a][0]);
      url.searchParams.set("to", columns[b][1]);
      location.assign(url);
    });
  }
})();
