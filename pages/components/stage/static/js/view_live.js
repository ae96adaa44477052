/* On the scene while asking and listening: the question, the waveform, Finish, Start over. And the skeleton after it. */

import { button, h, icon, reducedMotion } from "./dom.js";
import { keepDraft, keepMended, mendedOf, takeDraft } from "./drafts.js";
import { marked } from "./marks.js";

const FINISH_LABELS = { idle: "Finish answer", speaking: "Listening…", ready: "Complete answer" };

export const TIPS = [
  "Checking STAR structure…",
  "Comparing with what was asked…",
  "Measuring pace and pauses…",
  "Looking for your own part in it…",
  "Polishing your words…",
];
export const TIP_MS = 900;

export function liveControls(stage) {
  const canvas = h("canvas", { class: "jf-wave", "aria-hidden": "true" });
  const label = h("span", {}, FINISH_LABELS.idle);
  const finish = h("button", { type: "button", class: "jf-button jf-finish", "aria-label": "Finish answer", "data-key": "Finish answer", "data-phase": "idle", onclick: () => stage.finish() }, icon("check", 20), label);
  const time = h("span", { class: "jf-time", "aria-hidden": "true" }, "0:00");
  const typed = h("div", { class: "jf-typed" });
  const upload = h("div", { class: "jf-upload" });
  const kept = h("span", { class: "jf-kept", role: "status" });
  const swap = h("button", { type: "button", class: "jf-button jf-ghost jf-swap", "data-key": "swap", onclick: () => stage.answerBy(stage.audioKind === "socket" ? "none" : "socket") });
  const skip = h("button", { type: "button", class: "jf-button jf-ghost jf-skip", "data-key": "skip", onclick: () => stage.skip() });
  const box = h("div", { class: "jf-controls" }, typed, upload, h("div", { class: "jf-hear" }, canvas, time, kept), h("p", { class: "jf-warn", role: "status" }), h("div", { class: "jf-aside" }, swap, skip), finish);
  box.setSkip = (text) => skip.replaceChildren(icon("skip"), h("span", {}, text));
  box.setPhase = (phase) => {
    if (finish.getAttribute("data-phase") === phase) return;
    finish.setAttribute("data-phase", phase);
    label.textContent = FINISH_LABELS[phase];
  };
  box.setTime = (text) => {
    if (time.textContent !== text) time.textContent = text;
  };
  box.setKept = (seconds) => {
    kept.textContent = seconds >= 1 ? `${Math.floor(seconds)} s kept so far` : "";
  };
  box.setWarning = (text) => {
    const line = box.querySelector(".jf-warn");
    if (line.textContent !== text) line.textContent = text;
  };
  box.showTyping = (on, { attempt_id: attemptId, current_question: question }) => {
    typed.replaceChildren();
    swap.replaceChildren(icon(on ? "mic" : "keyboard"), h("span", {}, on ? "Speak instead" : "Type instead"));
    if (!on) return;
    const area = h("textarea", { "aria-label": "Your answer", "data-key": "typed", rows: 5, placeholder: "Type your answer here, in the words you would say.", oninput: () => keepDraft(attemptId, area.value) });
    area.value = takeDraft(attemptId, question.id);
    typed.append(area);
  };
  box.showUpload = (on) => {
    upload.replaceChildren();
    if (!on) return;
    const file = h("input", { type: "file", id: "jf-file", accept: "audio/*,.flac,.opus,.m4a", onchange: () => file.files[0] && stage.upload(file.files[0]) });
    upload.append(h("label", { for: "jf-file" }, h("strong", {}, "Your recorded answer")), file);
  };
  box.typedText = () => (typed.firstChild ? typed.firstChild.value : "");
  box.canvas = canvas;
  box.finish = finish;
  return box;
}

function bar(width, extra = "") {
  return h("span", { class: `jf-bone ${extra}`, style: { width } });
}

/** The dashboard's own boxes, empty: same places, same heights, so nothing jumps when the scores arrive. */
export function skeletonView() {
  const tip = h("p", { class: "jf-analysing", role: "status" }, icon("spark"), h("span", {}, TIPS[0]));
  const view = h("div", { class: "jf-dash jf-skeleton", "aria-busy": "true", "data-testid": "skeleton" },
    h("header", { class: "jf-card jf-scorecard" }, h("span", { class: "jf-bone jf-bone-ring" }),
      h("div", { class: "jf-scoretext" }, tip, bar("70%", "jf-bone-line"), h("div", { class: "jf-row" }, bar("104px", "jf-bone-chip"), bar("104px", "jf-bone-chip")))),
    h("div", { class: "jf-bone jf-bone-tabs" }),
    h("div", { class: "jf-columns" },
      h("section", { class: "jf-card jf-slot-star" }, bar("38%", "jf-bone-line"), [1, 2, 3, 4].map(() => h("div", { class: "jf-bone-star" }, bar("28%"), bar("100%", "jf-bone-thin"), bar("72%")))),
      h("section", { class: "jf-card jf-slot-insight" }, bar("44%", "jf-bone-line"), bar("96%"), bar("88%"), bar("92%"), bar("60%"))),
    rewriteBones());
  let index = 0;
  const timer = setInterval(() => {
    if (!view.isConnected && index > 1) clearInterval(timer);
    index += 1;
    tip.lastChild.textContent = TIPS[index % TIPS.length];
  }, TIP_MS);
  view.classList.toggle("jf-still", reducedMotion());
  view.dispose = () => clearInterval(timer);
  return view;
}

export function rewriteBones() {
  return h("section", { class: "jf-card jf-slot-rewrite", "aria-busy": "true" }, bar("30%", "jf-bone-line"),
    h("div", { class: "jf-sides" }, [0, 1].map(() => h("div", { class: "jf-side" }, ["100%", "94%", "97%", "90%", "96%", "54%"].map((w) => bar(w))))));
}

/** The text with the words in doubt marked, to be read before it is mended. */
function doubtful(review) {
  const spans = (review.doubtful || []).map(([start, end]) => ({ start, end, kind: "doubt", title: "Hard to make out" }));
  return spans.length ? h("p", { class: "jf-text jf-doubtful", "data-testid": "doubtful" }, marked(review.text, spans)) : null;
}

/** A transcript nobody is sure of, to be mended before it is scored. It never sends itself. */
export function reviewView(stage, review) {
  const area = h("textarea", { id: "jf-review", "data-key": "review", rows: 9, spellcheck: "true", oninput: () => keepMended(review.attempt_id, area.value) });
  area.value = mendedOf(review.attempt_id) || review.text;
  const submit = button("Use this text", { kind: "primary", glyph: "check", onclick: () => stage.submitTranscript(review.attempt_id, area.value) });
  return h("div", { class: "jf-card jf-review", "data-testid": "transcript-review" },
    h("h2", {}, "Is this what you said?"), h("p", { class: "jf-lead" }, review.reason), doubtful(review),
    h("label", { for: "jf-review", class: "jf-sr" }, "Transcript of your answer"), area,
    h("div", { class: "jf-row jf-row-end" }, h("span", { class: "jf-hint" }, "Take your time. It is scored when you are done."), submit));
}
