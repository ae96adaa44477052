/* A question that is left without an answer, and one that is opened again. Mixed into the stage. */

import { keepDraft } from "./drafts.js";
import { button, h } from "./dom.js";

/** The second click of a double click never reaches the question after, nor answers what the first one asked. */
const SETTLE_MS = 700;
/** So much said is asked about before it is dropped. */
const WORTH_KEEPING_S = 3;
/** *Start over* is at hand for a false start; an answer this long is not dropped by a slip of the finger. */
const LONG_ANSWER_S = 20;
const OVER = "Start over";

export const LEAVING = {
  skipLabel() {
    if (this.state.is_last_question) return "Skip and finish";
    return this.state.is_follow_up ? "Skip follow-up" : "Skip question";
  },

  /** Again while it is asked about: it is meant. */
  skip() {
    if (!["ASKING", "LISTENING"].includes(this.view)) return;
    const last = this.state.is_last_question;
    this.leaveFor(this.skipLabel(), () => this.move("SKIP_QUESTION", this.ref()), last ? "It is the last one: the interview ends, and its summary comes." : "");
  },

  openQuestion(question_id) {
    this.leaveFor("Go to that question", () => this.move("OPEN_QUESTION", { question_id }));
  },

  leaveFor(label, go, ends = "") {
    if (this.moving || performance.now() - (this.settledAt || 0) < SETTLE_MS) return;
    const said = this.view === "LISTENING" ? this.recordedS() : 0;
    const loses = said >= WORTH_KEEPING_S ? `The ${Math.floor(said)} s you said to this question are dropped; its dot opens it again.` : "";
    if (!this.banners.has("leaving") && (loses || ends)) return this.askLeaving(label, () => this.goFrom(go), [loses, ends].filter(Boolean).join(" "));
    this.goFrom(go);
  },

  goFrom(go) {
    this.keepWriting();
    this.stay();
    this.endSpeech();
    go();
  },

  /** Whether *Start over* is asked about before it drops a long answer; again while it is asked about, it is meant. */
  asksFirst() {
    const said = this.recordedS();
    const asked = this.banners.has("leaving") && this.askedAbout === OVER;
    if (asked) return performance.now() - this.settledAt < SETTLE_MS;
    if (said < LONG_ANSWER_S) return false;
    this.askLeaving(OVER, () => this.startOver(), `The ${Math.floor(said)} s you said are dropped.`, "Start this answer over?");
    return true;
  },

  askLeaving(label, sure, says, title = "Leave this question unanswered?") {
    this.settledAt = performance.now();
    this.askedAbout = label;
    this.banner("leaving", h("div", {}, h("strong", {}, title), h("span", {}, says)),
      button("Keep answering", { kind: "ghost", onclick: () => this.stay() }), button(label, { kind: "secondary", key: "leave", onclick: sure }));
  },

  stay() {
    this.banner("leaving", null);
  },

  /** What was written waits for the question to be opened again. */
  keepWriting() {
    const text = this.view === "LISTENING" ? this.scene.controls.typedText() : "";
    if (text.trim()) keepDraft(this.ref().question_id, text);
  },
};
