/* "What you said": STAR bars, key insight, improvements, and the answer beside its better version. */

import { button, h, icon } from "./dom.js";
import { keepMended, mendedOf } from "./drafts.js";
import { rewriteBones } from "./view_live.js";
import { beside, marked, notesOf } from "./marks.js";
import { shownRewrite } from "./view_care.js";
import { openResay } from "./view_resay.js";

const STAR = [["situation", "Situation"], ["task", "Task"], ["action", "Action"], ["result", "Result"]];
const FULL = { present: 100, weak: 50, missing: 0 };
const UNNEEDED = "Not needed for this question";
const WORDS = { present: "there", weak: "thin", missing: "missing" };

function spanFor(stage, path) {
  const spans = [...(stage.scores?.evidence || []), ...(stage.rewrite?.evidence || [])];
  return spans.find((e) => e.path === path || e.path.startsWith(`${path}.`) || e.path.replace("content_feedback.", "") === path);
}

/** A point with evidence can be heard: the click plays that moment and marks it in the transcript. */
export function hear(stage, path, label) {
  const span = spanFor(stage, path);
  if (!span) return null;
  return h("button", { type: "button", class: "jf-hearit", "data-key": `hear-${path}`, "aria-label": `Hear it: ${label}`, title: "Hear this moment", onclick: () => stage.hear(span) }, icon("play", 14));
}

function starCard(stage, checklist) {
  return h("section", { class: "jf-card jf-slot-star", "aria-label": "STAR checklist" }, h("h2", {}, "Your story"),
    h("ul", { class: "jf-star" }, STAR.map(([key, name]) => {
      const item = checklist[key];
      const unneeded = item.status === "missing" && item.note.startsWith(UNNEEDED);
      return h("li", { class: unneeded ? "jf-star-unneeded" : `jf-star-${item.status}` },
        h("div", { class: "jf-star-head" }, h("strong", {}, name), h("span", { class: "jf-star-word" }, unneeded ? "not needed" : WORDS[item.status]), hear(stage, `content_feedback.star_checklist.${key}`, name)),
        h("div", { class: "jf-bar", role: "progressbar", "aria-label": `${name}: ${unneeded ? "not needed" : item.status}`, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": FULL[item.status] }, h("span", { style: { width: `${FULL[item.status]}%` } })),
        item.note ? h("p", {}, item.note) : null);
    })));
}

/** Practises an improvement alone: the words it is about where they are known, else the advice itself. */
function again(stage, text, field, i) {
  const span = spanFor(stage, `content_feedback.${field}.${i}`);
  const said = span && stage.rewrite ? stage.rewrite.transcript.slice(span.start, span.end) : "";
  return sayAgain(stage, said || text, `${field}-${i}`, text);
}

function sayAgain(stage, sentence, key, name) {
  return h("button", { type: "button", class: "jf-again", "data-key": `again-${key}`, "aria-label": `Say it again: ${name}`, title: "Say this one again", onclick: () => openResay(stage, sentence) }, icon("mic", 13));
}

/** The text sentence by sentence, each with its *Say it again*; marks stay where they are. */
function bySentence(stage, text, marks) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(/[^.!?]+(?:[.!?]+["”’)]*|$)\s*/g)) {
    const end = found.index + found[0].length;
    const inside = marks.filter((m) => m.start >= at && m.end <= end).map((m) => ({ ...m, start: m.start - at, end: m.end - at }));
    const sentence = text.slice(at, end);
    nodes.push(...marked(sentence.trimEnd(), inside), sayAgain(stage, sentence.trim(), `sentence-${at}`, sentence.trim()), " ");
    at = end;
  }
  return nodes.length ? nodes : marked(text, marks);
}

function points(stage, title, list, field, glyph, kind) {
  if (!list.length) return null;
  return h("div", { class: `jf-points jf-points-${kind}` }, h("h3", {}, title),
    h("ul", {}, list.slice(0, 3).map((text, i) => h("li", {}, icon(glyph, 16), h("span", {}, text), h("span", { class: "jf-row" }, hear(stage, `content_feedback.${field}.${i}`, text), kind === "improve" ? again(stage, text, field, i) : null)))));
}

function insightCard(stage, feedback) {
  return h("section", { class: "jf-card jf-slot-insight", "aria-label": "Key insight" },
    h("h2", {}, "Key insight"), h("p", { class: "jf-insight" }, feedback.headline),
    feedback.relevance_note ? h("p", { class: "jf-note" }, feedback.relevance_note) : null,
    points(stage, "Change next time", feedback.top_improvements, "top_improvements", "arrow", "improve"),
    points(stage, "Keep doing", feedback.top_strengths, "top_strengths", "check", "keep"));
}

function rewriteTools(stage) {
  const ui = stage.ui;
  const toggle = h("button", { type: "button", role: "switch", class: "jf-switch", "aria-checked": String(ui.notes), "aria-label": "Coach notes", "data-key": "Coach notes", onclick: () => stage.setUi({ notes: !ui.notes }) },
    h("span", { class: "jf-knob" }), h("span", {}, "Coach notes"));
  const saved = (stage.data.saved || []).includes(stage.scores.attempt_id) || ui.saved === stage.scores.attempt_id;
  return h("div", { class: "jf-tools" }, toggle,
    h("span", { class: "jf-grow" }),
    button(ui.copied ? "Copied" : "Copy", { kind: "ghost", glyph: ui.copied ? "check" : "copy", name: "Copy", onclick: () => stage.copy() }),
    button(saved ? "Saved" : "Save to library", { kind: "secondary", glyph: saved ? "check" : "bookmark", name: "Save to library", onclick: () => stage.save() }));
}

function sideSwitch(stage) {
  const one = (mode, label) => h("button", { type: "button", class: "jf-segment", "aria-pressed": String(stage.ui.side === mode), "data-key": `side-${mode}`, onclick: () => stage.setUi({ side: mode }) }, label);
  return h("div", { class: "jf-sideswitch", role: "group", "aria-label": "Which version" }, one("polished", "Polished"), one("transcript", "Your words"));
}

function rewriteCard(stage) {
  const rewrite = stage.rewrite;
  if (!rewrite) return rewriteBones();
  const polished = shownRewrite(stage);
  const notes = notesOf({ ...rewrite, polished_answer: polished });
  const played = stage.ui.heard ? [{ start: stage.ui.heard.start, end: stage.ui.heard.end, kind: "heard" }] : [];
  const fillers = (rewrite.filler_hits || []).map(([start, end]) => ({ start, end, kind: "filler" }));
  const twice = (rewrite.repetitions || []).map(([start, end]) => ({ start, end }));
  const again = beside(twice, fillers).map((part) => ({ ...part, kind: "again", title: "Said twice" }));
  const rewritten = stage.ui.notes ? notes.map((n, i) => ({ start: n.start, end: n.end, kind: "green", label: String(i + 1), title: n.reason })).filter((n) => n.start >= 0) : [];
  return h("section", { class: "jf-card jf-slot-rewrite", "aria-label": "Your answer and its polished version", "data-side": stage.ui.side },
    h("div", { class: "jf-rewrite-head" }, h("h2", {}, "Your answer, polished"), rewriteTools(stage)), sideSwitch(stage),
    h("div", { class: "jf-sides" },
      h("div", { class: "jf-side jf-side-transcript" }, h("h3", {}, "Your words"), ...yourWords(stage, rewrite, [...fillers, ...again, ...played])),
      h("div", { class: "jf-side jf-side-polished" }, h("h3", {}, "Polished version"), h("p", { class: "jf-text" }, bySentence(stage, polished, rewritten)))),
    stage.ui.notes ? noteList(notes) : null,
    keywords(rewrite.rewrite.keywords_to_include));
}

/** What was heard, and the way to mend it: the same attempt is scored again with the mended text. */
function yourWords(stage, rewrite, marks) {
  const ui = stage.ui;
  ui.draft ??= mendedOf(rewrite.attempt_id) || null;
  if (ui.draft === null) {
    const mend = stage.summary ? null : h("button", { type: "button", class: "jf-link jf-mend", "data-key": "mend", onclick: () => stage.setUi({ draft: rewrite.transcript }, "draft") }, "Not what you said?");
    return [h("p", { class: "jf-text" }, marked(rewrite.transcript, marks)), mend];
  }
  const area = h("textarea", { id: "jf-draft", "data-key": "draft", rows: 9, spellcheck: "true", oninput: () => keepMended(rewrite.attempt_id, (ui.draft = area.value)) });
  area.value = ui.draft;
  return [h("label", { for: "jf-draft", class: "jf-hint" }, "Correct the text; your timing stays. It costs nothing more."), area,
    h("div", { class: "jf-row jf-row-end" },
      button("Cancel", { kind: "ghost", onclick: () => { keepMended(rewrite.attempt_id, ""); stage.setUi({ draft: null }, "mend"); } }),
      button("Correct and score again", { kind: "primary", glyph: "check", onclick: () => stage.scoreAgain(area.value) }))];
}

function noteList(notes) {
  if (!notes.length) return h("p", { class: "jf-note" }, "Nothing was changed that needs a reason.");
  return h("ol", { class: "jf-notes" }, notes.map((n) => h("li", {},
    h("span", { class: "jf-tag" }, n.change_type.replace("_", " ")),
    h("p", {}, n.original_snippet ? [h("s", {}, n.original_snippet), " "] : null, h("mark", { class: "jf-m-green" }, n.revised_snippet)),
    h("p", { class: "jf-why" }, n.reason))));
}

function keywords(list) {
  if (!list || !list.length) return null;
  return h("p", { class: "jf-keywords" }, h("span", {}, "Worth saying:"), list.map((k) => h("span", { class: "jf-keyword" }, k)));
}

export function contentPanel(stage) {
  const f = stage.scores.content_feedback;
  return h("div", { class: "jf-panel", role: "tabpanel", id: "jf-panel-content", "aria-labelledby": "jf-tab-content" },
    h("div", { class: "jf-columns" }, starCard(stage, stage.scores.star_checklist), insightCard(stage, f)),
    rewriteCard(stage),
    f.one_action_tip ? h("p", { class: "jf-tip" }, icon("bulb"), h("span", {}, h("strong", {}, "Try this: "), f.one_action_tip)) : null);
}
