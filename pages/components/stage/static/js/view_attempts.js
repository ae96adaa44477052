/* An earlier attempt, looked at again: alone, or beside another attempt at the same question with what changed. */

import { band, button, h, icon, score } from "./dom.js";
import { changes } from "./diff.js";
import { marked } from "./marks.js";
import { isTyped } from "./view_delivery.js";

const STORY_PARTS = ["situation", "task", "action", "result"];
const STANDS = { present: "there", weak: "thin", missing: "missing" };
const WORTH = { present: 2, weak: 1, missing: 0 };

/** Opens over the stage; the focus comes back to where it was. */
export function openAttempts(stage, shown) {
  const opener = document.activeElement;
  const [one, two] = [...shown].sort((a, b) => a.scores.attempt_number - b.scores.attempt_number);
  const title = two ? `Attempt ${one.scores.attempt_number} beside attempt ${two.scores.attempt_number}` : `Attempt ${one.scores.attempt_number}`;
  const dialog = h("dialog", { class: "jf-dialog", "aria-labelledby": "jf-attempts-title", "data-testid": "attempts" },
    h("header", { class: "jf-dialog-head" }, h("div", {}, h("h2", { id: "jf-attempts-title" }, title), one.question ? h("p", { class: "jf-note" }, one.question) : null),
      button("Close", { kind: "ghost", onclick: () => dialog.close() })),
    two ? changesTable(one.scores, two.scores) : null,
    h("div", { class: two ? "jf-sides jf-both" : "jf-both" }, two ? [column(stage, one, textMarks(one, two).gone), column(stage, two, textMarks(one, two).came)] : column(stage, one, [])));
  dialog.addEventListener("close", () => {
    stage.player.stop();
    dialog.remove();
    opener?.focus?.({ preventScroll: true });
  });
  stage.root.append(dialog);
  dialog.showModal();
  return dialog;
}

const textMarks = (one, two) => changes(one.rewrite?.transcript || "", two.rewrite?.transcript || "");

function column(stage, shown, marks) {
  const { scores, rewrite } = shown;
  const name = `attempt ${scores.attempt_number}`;
  const rank = (stage.scores?.history || []).find((dot) => dot.attempt_id === scores.attempt_id)?.rank || scores.attempt_status;
  const length = scores.delivery_metrics?.duration_s || 0;
  return h("section", { class: "jf-side jf-attempt", "aria-label": `Attempt ${scores.attempt_number}` },
    h("div", { class: "jf-row" }, h("h3", {}, `Attempt ${scores.attempt_number}`), h("strong", { class: `jf-b-${band(scores.overall)} jf-tone` }, score(scores.overall)),
      rank === "best" ? h("span", { class: "jf-badge jf-badge-best" }, icon("star", 13), "Best") : null,
      h("span", { class: "jf-grow" }),
      length ? button("Hear it", { kind: "secondary", glyph: "play", name: `Hear ${name}`, onclick: () => stage.playMoment(0, length, scores.attempt_id) }) : h("span", { class: "jf-hint" }, "Typed")),
    h("p", { class: "jf-insight jf-insight-small" }, scores.content_feedback.headline),
    h("p", { class: "jf-text" }, marked(rewrite?.transcript || "", marks)));
}

function changesTable(a, b) {
  const rows = [...scoreRows(a, b), ...starRows(a, b), ...figureRows(a, b)];
  return h("table", { class: "jf-changes" }, h("caption", { class: "jf-sr" }, "What changed"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "What changed"), h("th", { scope: "col" }, `Attempt ${a.attempt_number}`), h("th", { scope: "col" }, `Attempt ${b.attempt_number}`), h("th", { scope: "col" }, "Change"))),
    h("tbody", {}, rows.map(([name, before, after, change, tone]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, before), h("td", {}, after), h("td", { class: tone ? `jf-b-${tone} jf-tone` : "" }, change)))));
}

/** `better` is 1 where more is better, -1 where less is, 0 where neither is. */
function row(name, before, after, better, digits = 0) {
  const known = [before, after].every((v) => v !== null && v !== undefined);
  const gap = known ? Number((after - before).toFixed(digits)) : null;
  const text = (v) => (v === null || v === undefined ? "–" : Number(v).toFixed(digits));
  const change = gap === null ? "" : gap === 0 ? "the same" : `${gap > 0 ? "+" : "−"}${Math.abs(gap).toFixed(digits)}`;
  return [name, text(before), text(after), change, gap && better ? (Math.sign(gap) === better ? "high" : "low") : ""];
}

function scoreRows(a, b) {
  const spoken = !isTyped(a.delivery_metrics || {}) && !isTyped(b.delivery_metrics || {});
  return [row("Overall", a.overall, b.overall, 1, 1), row("Content", a.content, b.content, 1, 1), spoken ? row("Delivery", a.delivery, b.delivery, 1, 1) : null].filter(Boolean);
}

function starRows(a, b) {
  return STORY_PARTS.map((item) => [item, a.star_checklist[item].status, b.star_checklist[item].status]).map(([item, before, after]) => {
    const gap = WORTH[after] - WORTH[before];
    const change = gap === 0 ? "the same" : gap > 0 ? "better" : "lost";
    return [item[0].toUpperCase() + item.slice(1), STANDS[before], STANDS[after], change, gap === 0 ? "" : gap > 0 ? "high" : "low"];
  });
}

function figureRows(a, b) {
  const [x, y] = [a.delivery_metrics || {}, b.delivery_metrics || {}];
  const spoken = [["Words a minute", x.wpm, y.wpm, 0], ["Fillers", x.filler_count, y.filler_count, -1], ["Pauses over 3 s", x.long_pause_count, y.long_pause_count, -1], ["Length in seconds", x.duration_s, y.duration_s, 0]];
  const rows = isTyped(x) || isTyped(y) ? [] : spoken;
  return [...rows, ["Words", x.word_count, y.word_count, 0]].filter(([, p, q]) => p !== undefined || q !== undefined).map(([name, p, q, better]) => row(name, p, q, better));
}
