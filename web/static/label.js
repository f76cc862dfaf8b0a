// The page for labelling: picking, marking, keys. What is chosen is kept in
// hidden fields of the form; saving, skipping and undoing are plain forms.
"use strict";

(() => {
  const { toBytes, toUnits, widen, words } = globalThis.chorusOffsets;
  const by = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const form = by("labelling"), passage = by("passage"), list = by("labels"), none = by("none"), said = by("said");
  const filter = by("filter"), definition = by("definition"), dialog = by("keys"), keysOn = by("keys-on");

  by("help").hidden = false;
  by("help").addEventListener("click", () => dialog.showModal());

  // A form is sent once, however often Enter is struck.
  let sent = false;
  addEventListener("pageshow", () => { sent = false; });
  document.addEventListener("submit", (e) => {
    if (e.target.method === "dialog") return;
    if (sent) { e.preventDefault(); return; }
    if (e.submitter?.id === "save" && labels.length === 0 && !none.checked) {
      e.preventDefault();
      say("Pick a narrative, or 0 for none.");
      return;
    }
    sent = true;
  });
  const press = (id) => { const b = by(id); if (b && !b.disabled) b.click(); };

  let labels = []; // {narrative, stance, start, end}
  let current = -1; // of labels
  let waiting = null; // a span marked before there is a label to have it
  let group = null; // the open one
  const history = [];
  const say = (text) => { if (said) said.textContent = text; };

  // --- The text -----------------------------------------------------------

  const size = form ? Number(passage.dataset.bytes) : 0;
  const spanOf = (e) => ({ start: Number(e.dataset.start), end: Number(e.dataset.end) });
  const parts = form ? all("[data-part]", passage).map((e) => ({ ...spanOf(e), element: e, node: e.classList.contains("control") ? null : e.firstChild })) : [];
  const sentences = form ? all("[data-sentence]", passage).map((e) => ({ ...spanOf(e), element: e })) : [];
  const wordSpans = parts.flatMap((p) => (p.node ? words(p.node.data, passage.lang).map(([a, b]) => (
    { start: p.start + toBytes(p.node.data, a), end: p.start + toBytes(p.node.data, b) })) : [p]));

  // spanOfRange gives the bytes of what is selected in the passage, or null.
  const spanOfRange = (range) => {
    let span = null;
    for (const p of parts) {
      if (!range.intersectsNode(p.element)) continue;
      let { start, end } = p;
      if (p.node) {
        const text = p.node.data;
        let a = range.startContainer === p.node ? range.startOffset : 0;
        let b = range.endContainer === p.node ? range.endOffset : text.length;
        if (range.comparePoint(p.node, 0) > 0 || range.comparePoint(p.node, text.length) < 0) continue;
        while (a < b && /\s/.test(text[a])) a++;
        while (a < b && /\s/.test(text[b - 1])) b--;
        if (a >= b) continue;
        [a, b] = widen(text, a, b);
        end = start + toBytes(text, b);
        start += toBytes(text, a);
      }
      span = { start: span?.start ?? start, end };
    }
    return span;
  };

  const rangeOf = ({ start, end }) => {
    const range = new Range();
    const first = parts.find((p) => p.end > start), last = parts.findLast((p) => p.start < end);
    if (!first || !last) return null;
    if (first.node) range.setStart(first.node, toUnits(first.node.data, start - first.start)); else range.setStartBefore(first.element);
    if (last.node) range.setEnd(last.node, toUnits(last.node.data, end - last.start)); else range.setEndAfter(last.element);
    return range;
  };
  const wordsOf = (span) => rangeOf(span)?.toString().replace(/\s+/g, " ") ?? "";
  // short keeps both ends of a long text: the edges of a mark are what matters.
  const short = (s) => {
    const c = [...s];
    return c.length <= 72 ? s : `${c.slice(0, 34).join("").trimEnd()} … ${c.slice(-34).join("").trimStart()}`;
  };
  const isWhole = (s) => s.start === 0 && s.end === size;

  // paint shows the spans: that of the current label, or of the next one, as
  // marked, the others underlined.
  const paint = () => {
    const now = labels[current] ?? waiting;
    if (!globalThis.CSS?.highlights) {
      for (const s of sentences) s.element.classList.toggle("marked", Boolean(now) && s.start < now.end && now.start < s.end);
      return;
    }
    CSS.highlights.set("label-now", new Highlight(...(now ? [rangeOf(now)] : []).filter(Boolean)));
    CSS.highlights.set("label-other", new Highlight(...labels.filter((l) => l !== now).map(rangeOf).filter(Boolean)));
  };

  // --- The labels ---------------------------------------------------------

  const names = new Map(all(".pick").map((b) => [b.dataset.narrative, b.querySelector(".name").textContent]));
  const rowOf = (l, i) => {
    const li = by("row").content.querySelector("[data-label]").cloneNode(true);
    for (const field of all("input", li)) { field.value = l[field.name]; field.disabled = false; }
    const name = names.get(l.narrative);
    const label = li.querySelector(".label-name span");
    label.textContent = name;
    label.className = `tagged stance-${l.stance}`;
    for (const b of all("[aria-pressed]", li)) b.setAttribute("aria-pressed", String(b.dataset.act === l.stance));
    li.querySelector(".label-words").textContent = isWhole(l) ? "whole passage" : `“${short(wordsOf(l))}”`;
    li.querySelector("[data-act=remove]").setAttribute("aria-label", `Remove ${name}`);
    li.querySelector("[data-act=current]").setAttribute("aria-current", String(i === current));
    li.classList.toggle("now", i === current);
    return li;
  };
  const render = () => {
    const held = document.activeElement?.closest?.("[data-label]");
    const focus = held && [all("[data-label]", list).indexOf(held), document.activeElement.dataset.act];
    list.replaceChildren(...labels.map(rowOf));
    if (focus) (list.children[focus[0]]?.querySelector(`[data-act=${focus[1]}]`) ?? passage).focus({ preventScroll: true });
    for (const b of all(".pick")) b.setAttribute("aria-pressed", String(labels.some((l) => l.narrative === b.dataset.narrative)));
    by("undo").disabled = history.length === 0 && !undoable;
    paint();
  };
  const undoable = !by("undo").disabled;
  const state = () => ({ labels: labels.map((l) => ({ ...l })), current, waiting, none: none.checked });
  const change = (act) => { history.push(state()); act(); render(); };
  const describe = (l) => `${names.get(l.narrative)}, ${l.stance}, ${isWhole(l) ? "whole passage" : short(wordsOf(l))}`;

  const define = (id) => { definition.textContent = ""; definition.append(Object.assign(document.createElement("strong"), { textContent: `${names.get(id)}. ` }), document.querySelector(`[data-definition="${CSS.escape(id)}"]`).textContent); };
  const settle = () => { if (labels[current]) define(labels[current].narrative); };

  const pick = (id) => {
    open(null);
    const at = labels.findIndex((l) => l.narrative === id);
    if (at >= 0) {
      current = at;
      render();
    } else {
      change(() => {
        labels.push({ narrative: id, stance: "asserts", ...(waiting ?? { start: 0, end: size }) });
        current = labels.length - 1;
        waiting = null;
        none.checked = false;
      });
    }
    settle();
    list.children[current].scrollIntoView({ block: "nearest" });
    say(describe(labels[current]));
  };
  const setStance = (stance) => {
    if (!labels[current]) { say("Pick a narrative first; the stance is that of a label."); return; }
    change(() => { labels[current].stance = stance; });
    say(describe(labels[current]));
  };
  const setSpan = (span, spoken = true) => {
    change(() => { if (labels[current]) Object.assign(labels[current], span); else waiting = isWhole(span) ? null : span; });
    if (spoken) say(isWhole(span) ? "Whole passage." : `Marked: ${short(wordsOf(span))}`);
  };
  const remove = (i) => {
    if (!labels[i]) return;
    const gone = labels[i];
    change(() => { labels.splice(i, 1); current = Math.min(current, labels.length - 1); });
    say(`Removed: ${names.get(gone.narrative)}`);
  };
  const setNone = (on) => {
    change(() => { none.checked = on; if (on) { labels = []; current = -1; waiting = null; } });
    say(on ? "No narrative. Enter saves." : "");
  };
  const undo = () => {
    if (history.length === 0) { press("undo"); return; }
    const s = history.pop();
    ({ labels, current, waiting } = s);
    none.checked = s.none;
    render();
    say("Undone.");
  };

  // --- Marking by keys ----------------------------------------------------

  const span = () => labels[current] ?? waiting ?? { start: 0, end: size };
  const bySentence = (step, extend) => {
    const s = span();
    const touched = sentences.flatMap((x, i) => (x.start < s.end && s.start < x.end ? [i] : []));
    if (touched.length === 0) return;
    const first = touched[0], last = touched.at(-1);
    const aligned = s.start === sentences[first].start && s.end === sentences[last].end;
    let from = first, to = last;
    if (extend) {
      if (isWhole(s)) return;
      if (aligned && step < 0) from = Math.max(0, first - 1);
      if (aligned && step > 0) to = Math.min(sentences.length - 1, last + 1);
    } else if (isWhole(s)) {
      from = to = step > 0 ? 0 : sentences.length - 1;
    } else {
      from = to = (aligned && first === last ? first + step : step > 0 ? last : first);
    }
    const none = from < 0 || from >= sentences.length; // past an end
    setSpan(none ? { start: 0, end: size } : { start: sentences[from].start, end: sentences[to].end });
    getSelection().removeAllRanges();
  };
  const byWord = (edge, step) => {
    const s = { ...span() };
    const places = wordSpans.map((w) => w[edge]);
    const next = step > 0 ? places.find((p) => p > s[edge]) : places.findLast((p) => p < s[edge]);
    if (next === undefined) return;
    const to = { start: s.start, end: s.end, [edge]: next };
    if (to.start >= to.end) return;
    setSpan(to);
    getSelection().removeAllRanges();
  };

  // --- Keys ---------------------------------------------------------------

  const open = (g) => {
    group?.classList.remove("open");
    group = g;
    group?.classList.add("open");
    form?.classList.toggle("choosing", Boolean(group));
    group?.scrollIntoView({ block: "nearest" });
    if (group) say(`${group.querySelector("h3").textContent.trim()}: which?`);
  };
  const digit = (d) => {
    if (group) {
      const b = group.querySelector(`.pick[data-key="${d}"]`);
      if (b) pick(b.dataset.narrative); else { say(`There is no ${d} in this group.`); open(null); }
      return;
    }
    if (d === "0") { setNone(!none.checked); return; }
    const g = document.querySelector(`[data-group="${d}"]`);
    if (g) open(g); else say(`There is no group ${d}.`);
  };
  const step = (key) => ((key === "ArrowRight") === (getComputedStyle(passage).direction === "ltr") ? 1 : -1);
  const select = (by) => {
    if (labels.length === 0) return false;
    current = (current + by + labels.length) % labels.length;
    render();
    settle();
    say(describe(labels[current]));
    return true;
  };
  const letters = {
    a: () => setStance("asserts"), r: () => setStance("reports"), b: () => setStance("rebuts"),
    d: () => byWord("start", -1), f: () => byWord("start", 1), j: () => byWord("end", -1), k: () => byWord("end", 1),
    w: () => setSpan({ start: 0, end: size }), x: () => remove(current), n: () => setNone(!none.checked),
    s: () => press("skip"), u: undo, g: () => { by("guess").open = !by("guess").open; if (by("guess").open) by("guess").scrollIntoView({ block: "nearest" }); },
  };
  // keyOf gives the key as on a Latin keyboard: who reads Russian may have a
  // Russian one. A digit may need the shift key, as in France.
  const keyOf = (e) => {
    if (/^[0-9]$/.test(e.key)) return e.key;
    if (/^(Digit|Numpad)[0-9]$/.test(e.code) && !e.shiftKey) return e.code.at(-1);
    if (e.code === "Slash" && e.key === ".") return "/";
    if (e.code === "Slash" && e.key === ",") return "?";
    if (e.key.length === 1 && e.key > "\x7f" && /^Key[A-Z]$/.test(e.code)) return e.code.at(-1).toLowerCase();
    return e.key;
  };

  document.addEventListener("keydown", (e) => {
    if (dialog.open || e.isComposing || e.metaKey || e.altKey) return;
    if (e.key === "Enter" && e.ctrlKey) { e.preventDefault(); press("save"); return; }
    if (e.ctrlKey || e.target.closest("input[type=search], textarea, select")) return;
    const key = keyOf(e);
    if (!form) { if (key === "u" && keysOn.checked) press("undo"); return; }
    const control = e.target.closest("button, a, summary, input");
    if (key === "Enter") { if (!control) { e.preventDefault(); press("save"); } return; }
    if (key === "Escape") { open(null); return; }
    if (key === "ArrowLeft" || key === "ArrowRight") { e.preventDefault(); bySentence(step(key), e.shiftKey); return; }
    if ((key === "ArrowUp" || key === "ArrowDown") && labels.length > 1) { if (select(key === "ArrowUp" ? -1 : 1)) e.preventDefault(); return; }
    if (!keysOn.checked) return; // WCAG 2.1.4
    if (/^[0-9]$/.test(key)) { e.preventDefault(); digit(key); return; }
    if (key !== e.key && key === "/") { e.preventDefault(); filter.focus(); return; }
    if (key !== e.key && key === "?") { dialog.showModal(); return; }
    if (letters[key]) { e.preventDefault(); open(null); letters[key](); }
  });

  if (!form) return;

  // --- Mouse and filter ---------------------------------------------------

  form.addEventListener("click", (e) => {
    const b = e.target.closest("button");
    if (!b || b.type !== "button") return;
    const row = b.closest("[data-label]");
    if (b.dataset.narrative) pick(b.dataset.narrative);
    else if (row) {
      const i = all("[data-label]", list).indexOf(row);
      if (b.dataset.act === "remove") remove(i);
      else {
        current = i;
        if (b.dataset.act === "current") { render(); settle(); } else setStance(b.dataset.act);
      }
    }
    if (e.detail > 0) passage.focus({ preventScroll: true }); // by mouse: Enter shall save, not press again
  });
  none.addEventListener("change", () => { const on = none.checked; none.checked = !on; setNone(on); });
  for (const kind of ["pointerover", "focusin"]) {
    form.addEventListener(kind, (e) => { const b = e.target.closest(".pick"); if (b) define(b.dataset.narrative); });
  }
  form.querySelector(".groups").addEventListener("pointerleave", settle);

  // Words that are selected become the mark, as soon as the button is let go;
  // by touch, when the handles rest.
  let touched = 0;
  const take = () => {
    const s = getSelection();
    if (s.rangeCount === 0 || s.isCollapsed || !s.getRangeAt(0).intersectsNode(passage)) return;
    const marked = spanOfRange(s.getRangeAt(0));
    const was = span();
    if (marked && (marked.start !== was.start || marked.end !== was.end)) setSpan(marked);
  };
  document.addEventListener("pointerup", (e) => { if (e.pointerType !== "touch") setTimeout(take); });
  document.addEventListener("keyup", (e) => { if (e.key === "Shift") take(); }); // selected by caret browsing
  document.addEventListener("selectionchange", () => {
    clearTimeout(touched);
    if (matchMedia("(pointer: coarse)").matches) touched = setTimeout(take, 400);
  });

  filter.addEventListener("input", () => {
    const asked = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const b of all(".pick")) {
      const text = `${b.dataset.narrative} ${names.get(b.dataset.narrative)} ${document.querySelector(`[data-definition="${CSS.escape(b.dataset.narrative)}"]`).textContent}`.toLowerCase();
      b.parentElement.hidden = !asked.every((w) => text.includes(w));
    }
    for (const g of all("[data-group]")) g.hidden = all("li:not([hidden])", g).length === 0;
    const first = matches()[0];
    if (asked.length > 0 && first) define(first.dataset.narrative);
  });
  // What is found by its name comes before what is found in a definition.
  const matches = () => {
    const asked = filter.value.trim().toLowerCase();
    const found = all("li:not([hidden]) > .pick");
    const named = found.filter((b) => `${b.dataset.narrative} ${names.get(b.dataset.narrative).toLowerCase()}`.includes(asked));
    return [...named, ...found.filter((b) => !named.includes(b))];
  };
  const clear = () => { filter.value = ""; filter.dispatchEvent(new Event("input")); filter.blur(); passage.focus({ preventScroll: true }); };
  filter.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    if (e.key === "Escape") { clear(); return; }
    if (e.key !== "Enter" || e.ctrlKey) return;
    e.preventDefault();
    e.stopPropagation();
    const first = matches()[0];
    if (!filter.value.trim() || !first) { say("No narrative has these words."); return; }
    clear();
    pick(first.dataset.narrative);
  });

  // What the server knows of this passage: it came back by undo.
  for (const li of all("[data-label]", list)) {
    const l = Object.fromEntries(all("input", li).map((f) => [f.name, f.value]));
    labels.push({ ...l, start: Number(l.start), end: Number(l.end) });
  }
  current = labels.length - 1;
  for (const e of [list, definition, by("keypad")]) e.hidden = false;
  render();
  settle();
  passage.focus({ preventScroll: true });
})();
