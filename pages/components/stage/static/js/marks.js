/* Marks in running text: fillers, what was said twice, changed phrases, the moment being played. Overlaps are resolved to the first mark. */

import { h } from "./dom.js";

/** Text as nodes with the marks `{start, end, kind}` (end exclusive) around their characters. */
export function marked(text, marks) {
  const nodes = [];
  let at = 0;
  for (const mark of [...marks].sort((a, b) => a.start - b.start)) {
    if (mark.start < at || mark.end <= mark.start || mark.end > text.length) continue;
    if (mark.start > at) nodes.push(text.slice(at, mark.start));
    nodes.push(h("mark", { class: `jf-m-${mark.kind}`, title: mark.title }, text.slice(mark.start, mark.end), mark.label ? h("sup", {}, mark.label) : null));
    at = mark.end;
  }
  nodes.push(text.slice(at));
  return nodes;
}

/** What is left of the spans `{start, end}` beside the fillers within them: "we, um, we" is "we, " and "we". */
export function beside(spans, fillers) {
  const parts = [];
  for (const span of spans) {
    let at = span.start;
    for (const filler of fillers.filter((f) => f.end > span.start && f.start < span.end).sort((a, b) => a.start - b.start)) {
      if (filler.start > at) parts.push({ ...span, start: at, end: filler.start, whole: span });
      at = Math.max(at, filler.end);
    }
    if (at < span.end) parts.push({ ...span, start: at, end: span.end, whole: span });
  }
  return parts;
}

/** Coach notes with the place of the revised snippet in the polished answer (-1 when it is not there word for word). */
export function notesOf(rewrite) {
  const folded = rewrite.polished_answer.toLowerCase();
  let from = 0;
  return rewrite.coach_notes.map((note) => {
    const needle = note.revised_snippet.trim().toLowerCase();
    let start = needle ? folded.indexOf(needle, from) : -1;
    if (start < 0 && needle) start = folded.indexOf(needle);
    const end = start < 0 ? -1 : start + needle.length;
    if (start >= 0) from = end;
    return { ...note, start, end };
  });
}
