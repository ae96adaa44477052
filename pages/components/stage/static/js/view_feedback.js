/* The dashboard of one attempt: score, history, the two tabs, and what to do next. Also the summary and the errors. */

import { band, button, h, icon, s, score } from "./dom.js";
import { careNote, careView, isUnscored } from "./view_care.js";
import { contentPanel } from "./view_content.js";
import { deliveryPanel, isTyped } from "./view_delivery.js";
import { bothViews } from "./view_selfrate.js";

const TABS = [["content", "What you said", contentPanel], ["delivery", "How you said it", deliveryPanel]];
const VERDICTS = { low: "A start to build on", mid: "Close. One change lifts it.", high: "Strong answer", none: "Feedback" };
const ROUND = 2 * Math.PI * 46;

export function ring(value, size = 116) {
  const filled = (Math.max(0, Math.min(10, value || 0)) / 10) * ROUND;
  return h("div", { class: `jf-ring jf-b-${band(value)}`, style: { width: `${size}px`, height: `${size}px` } },
    s("svg", { viewBox: "0 0 108 108", "aria-hidden": "true" },
      s("circle", { cx: 54, cy: 54, r: 46, class: "jf-ring-track" }),
      s("circle", { cx: 54, cy: 54, r: 46, class: "jf-ring-value", "stroke-dasharray": `${filled} ${ROUND}`, transform: "rotate(-90 54 54)" })),
    h("div", { class: "jf-ring-text" }, h("span", { "data-testid": "overall-score" }, score(value)), h("small", {}, "of 10")));
}

/** One dot per attempt at the question; an earlier one opens beside the one on the screen. */
export function dots(stage, history, currentId) {
  const shown = history.filter((d) => d.status !== "discarded");
  if (!shown.length) return null;
  return h("ol", { class: "jf-dots", "aria-label": "Attempts at this question" }, shown.map((d) => {
    const best = d.rank === "best";
    const now = d.attempt_id === currentId;
    const name = `Attempt ${d.attempt_number}: ${d.overall === null ? "no score yet" : score(d.overall)}${best ? ", best" : ""}${now ? ", this one" : ""}`;
    const look = { class: `jf-dot jf-b-${band(d.overall)}${best ? " jf-best" : ""}${now ? " jf-now" : ""}`, title: name, "data-rank": d.rank };
    const sign = [h("span", { class: "jf-sr" }, name), h("span", { "aria-hidden": "true" }, best ? "★" : String(d.attempt_number))];
    const opens = !now && d.status === "evaluated";
    return h("li", {}, opens ? h("button", { ...look, type: "button", "data-key": `attempt-${d.attempt_id}`, onclick: () => stage.lookAt(d.attempt_id) }, sign) : h("span", look, sign));
  }));
}

function scoreCard(stage) {
  const data = stage.scores;
  const chip = (name, value) => h("span", { class: `jf-chip jf-b-${band(value)}` }, name, h("strong", {}, score(value)));
  return h("header", { class: "jf-card jf-scorecard" }, ring(data.overall),
    h("div", { class: "jf-scoretext" },
      h("div", { class: "jf-row jf-scoretop" }, h("span", { class: "jf-eyebrow" }, `Attempt ${data.attempt_number}`), data.attempt_status === "best" ? h("span", { class: "jf-badge jf-badge-best" }, icon("star", 13), "Best so far") : null,
        data.label ? h("span", { class: "jf-badge" }, data.label) : null, data.updated ? h("span", { class: "jf-badge" }, "updated") : null, dots(stage, (data.history || []).map((d) => (d.attempt_id === data.attempt_id ? { ...d, overall: data.overall } : d)), data.attempt_id)),
      h("h1", { tabindex: "-1", "data-key": "headline" }, VERDICTS[band(data.overall)]),
      h("div", { class: "jf-row" }, chip("Content", data.content), chip("Delivery", isTyped(data.delivery_metrics || {}) ? null : data.delivery), data.comparison ? h("span", { class: "jf-compare" }, data.comparison) : null)));
}

function tabBar(stage) {
  const move = (event) => {
    if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
    event.preventDefault();
    stage.setUi({ tab: stage.ui.tab === "content" ? "delivery" : "content" }, `tab-${stage.ui.tab === "content" ? "delivery" : "content"}`);
  };
  return h("div", { class: "jf-tabs", role: "tablist", "aria-label": "Feedback", onkeydown: move }, TABS.map(([id, name]) => {
    const on = stage.ui.tab === id;
    return h("button", { type: "button", role: "tab", id: `jf-tab-${id}`, class: "jf-tab", "aria-selected": String(on), "aria-controls": `jf-panel-${id}`, tabindex: on ? 0 : -1, "data-key": `tab-${id}`, onclick: () => stage.setUi({ tab: id }) }, name);
  }));
}

export function actions(stage) {
  const state = stage.state;
  const canFollow = state.can_follow_up || !!stage.followUp;
  const busy = stage.moving;
  const primary = canFollow
    ? button("Answer follow-up", { kind: "primary", glyph: "mic", onclick: () => stage.answerFollowUp(), disabled: busy })
    : state.is_last_question ? null : button("Next question", { kind: "primary", glyph: "arrow", onclick: () => stage.next(), disabled: busy });
  const skip = canFollow && !state.is_last_question ? button("Next question", { kind: "secondary", glyph: "arrow", onclick: () => stage.next(), disabled: busy }) : null;
  return h("footer", { class: "jf-actions" },
    button("Retry question", { kind: primary ? "secondary" : "secondary", glyph: "loop", onclick: () => stage.retry(), disabled: busy }),
    h("span", { class: "jf-grow" }),
    button("Finish interview", { kind: primary ? "ghost" : "primary", glyph: "flag", onclick: () => stage.finishInterview(), disabled: busy }), skip, primary);
}

/** How the feedback came about; what the delivery tab says anyway is not repeated. */
function noticeLine(notices) {
  const said = [...new Set(notices)].filter((n) => !/fillers.*not measurable|second pass/i.test(n));
  return said.length ? h("p", { class: "jf-notes-line" }, said.join(" ")) : null;
}

export function dashboardView(stage) {
  if (isUnscored(stage.scores.care)) return careView(stage, actions);
  const panel = TABS.find(([id]) => id === stage.ui.tab)[2];
  return h("div", { class: "jf-dash" }, scoreCard(stage),
    bothViews(stage),
    careNote(stage),
    noticeLine(stage.scores.notices || []),
    tabBar(stage), panel(stage), actions(stage));
}

/** Feedback is delayed: the answer is safe, the interview goes on. */
export function delayedView(stage, message) {
  return h("div", { class: "jf-dash" }, h("section", { class: "jf-card jf-plain", role: "status" }, icon("alert", 28), h("h1", {}, "We captured your answer. Feedback is delayed."), h("p", { class: "jf-lead" }, message),
    button("Try feedback again", { kind: "secondary", glyph: "loop", onclick: () => stage.retryFeedback() })), actions(stage));
}

const DOING = {
  strength: null,
  gap: { label: "Practise this", glyph: "mic", done: null },
  plan: { label: "Practise this", glyph: "mic", done: null },
  story: { label: "Save this", glyph: "bookmark", done: "Saved" },
  resume: { label: "Add to resume", glyph: "arrow", done: "Added" },
};

/** What a line of the summary leads to; done things say so. */
function doing(stage, line) {
  const what = DOING[line.kind];
  const id = line.kind === "story" || line.kind === "resume" ? line.attempt_id : line.exchange_id;
  if (!what || !id) return null;
  const done = line.kind === "story" ? (stage.data.saved || []).includes(id) : line.kind === "resume" && (stage.data.in_resume || []).includes(id);
  const act = { gap: () => stage.practise(id), plan: () => stage.practise(id), story: () => stage.act("save", { attempt_id: id }), resume: () => stage.act("add_to_resume", { attempt_id: id }) }[line.kind];
  return button(done ? what.done : what.label, { kind: "secondary", glyph: done ? "check" : what.glyph, name: `${done ? what.done : what.label}: ${line.text}`, key: `${line.kind}-${id}-${line.text.slice(0, 24)}`, disabled: done, onclick: act });
}

function lines(stage, title, list) {
  return list.length ? h("section", { class: "jf-card" }, h("h2", {}, title), h("ul", { class: "jf-lines" }, list.map((line) => h("li", {}, h("span", {}, line.text), h("span", { class: "jf-why" }, line.why), doing(stage, line))))) : null;
}

/** Every question, what counts for it, and the unanswered ones by name. */
function questionList(stage, questions) {
  const open = questions.filter((q) => !q.attempt_id).length;
  const title = open ? `Your questions: ${open} not answered` : "Your questions";
  return questions.length ? h("section", { class: "jf-card" }, h("h2", {}, title), h("ul", { class: "jf-lines" }, questions.map((q) => h("li", {},
    h("span", {}, q.text), h("span", { class: "jf-why" }, q.attempt_id ? `${score(q.overall)} of 10, ${q.attempts === 1 ? "one attempt" : `${q.attempts} attempts`}` : "Not answered"),
    button(q.attempt_id ? "Practise again" : "Practise this", { kind: "secondary", glyph: "mic", name: `Practise: ${q.text}`, key: `question-${q.exchange_id}`, onclick: () => stage.practise(q.exchange_id) }))))) : null;
}

export function summaryView(stage) {
  const data = stage.summary;
  const body = data.summary || {};
  const ready = body.readiness_score;
  const of = (...kinds) => (data.lines || []).filter((line) => kinds.includes(line.kind));
  return h("div", { class: "jf-dash jf-summary" },
    h("header", { class: "jf-card jf-scorecard" }, ring(data.overall_score), h("div", { class: "jf-scoretext" }, h("span", { class: "jf-eyebrow" }, "Interview finished"), h("h1", { tabindex: "-1", "data-key": "headline" }, body.headline || "Well done. Here is what this session showed."),
      ready === null || ready === undefined ? null : h("div", { class: "jf-row" }, h("span", { class: `jf-chip jf-b-${band(ready)}` }, "Readiness", h("strong", {}, score(ready))), h("span", { class: "jf-compare" }, data.readiness_why || "")))),
    h("div", { class: "jf-metrics" }, lines(stage, "What carried you", of("strength")), lines(stage, "What to work on", of("gap")), lines(stage, "Next practice", of("plan")), lines(stage, "Stories worth keeping", of("story")), lines(stage, "For your resume", of("resume")), questionList(stage, data.questions || [])),
    h("footer", { class: "jf-actions" }, button("Delete this session", { kind: "ghost", glyph: "trash", onclick: () => stage.act("delete", {}) }), h("span", { class: "jf-grow" }),
      button("See progress", { kind: "secondary", onclick: () => stage.act("progress", {}) }), button("New interview", { kind: "primary", glyph: "loop", onclick: () => stage.act("again", {}) })));
}

export function errorView(stage, error) {
  const blocking = !error.recoverable;
  return h("div", { class: "jf-dash" }, h("section", { class: `jf-card jf-plain ${blocking ? "jf-blocking" : ""}`, role: "alert" }, icon("alert", 28), h("h1", {}, blocking ? "We have to stop here" : "Something did not work"), h("p", { class: "jf-lead" }, error.message),
    h("p", { class: "jf-note" }, blocking ? "Everything up to your last answer is stored; you find it on Progress." : "Your answers so far are stored. Nothing is lost."),
    h("div", { class: "jf-row" }, blocking ? null : button("Try again", { kind: "primary", glyph: "loop", onclick: () => stage.recover() }), button("Leave", { kind: blocking ? "primary" : "ghost", onclick: () => stage.act("again", {}) }))));
}
