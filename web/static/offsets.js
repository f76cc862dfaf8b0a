// Offsets into a text: the browser counts UTF-16 units, the files UTF-8 bytes.
"use strict";

globalThis.chorusOffsets = (() => {
  const size = (c) => (c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);

  // toBytes gives the bytes of the first n units. An n inside a pair of
  // surrogates counts as before it.
  const toBytes = (text, n) => {
    let bytes = 0;
    for (let i = 0; i < n && i < text.length;) {
      const c = text.codePointAt(i);
      i += c > 0xffff ? 2 : 1;
      if (i <= n) bytes += size(c);
    }
    return bytes;
  };

  // toUnits gives the units of the first n bytes. An n inside a character
  // counts as before it.
  const toUnits = (text, n) => {
    let units = 0;
    for (let bytes = 0; units < text.length;) {
      const c = text.codePointAt(units);
      bytes += size(c);
      if (bytes > n) break;
      units += c > 0xffff ? 2 : 1;
    }
    return units;
  };

  // widen gives the least range of whole characters, as a reader sees them,
  // about a range of units: no accent without its letter, no half an emoji.
  const widen = (text, from, to) => {
    const pair = (i) => i > 0 && i < text.length && text.codePointAt(i - 1) > 0xffff;
    let [a, b] = [pair(from) ? from - 1 : from, pair(to) ? to + 1 : to];
    if (!globalThis.Intl?.Segmenter) return [a, b];
    for (const g of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(text)) {
      const end = g.index + g.segment.length;
      if (g.index < a && a < end) a = g.index;
      if (g.index < b && b < end) { b = end; break; }
    }
    return [a, b];
  };

  // words gives the words of a text as pairs of units.
  const words = (text, lang) => {
    if (globalThis.Intl?.Segmenter) {
      let s;
      try { s = new Intl.Segmenter(lang || undefined, { granularity: "word" }); } catch { s = new Intl.Segmenter(undefined, { granularity: "word" }); }
      return [...s.segment(text)].filter((w) => w.isWordLike).map((w) => [w.index, w.index + w.segment.length]);
    }
    return [...text.matchAll(/\p{Script=Han}|(?:(?!\p{Script=Han})[\p{L}\p{N}\p{M}'’-])+/gu)].map((m) => [m.index, m.index + m[0].length]);
  };

  return { toBytes, toUnits, widen, words };
})();
