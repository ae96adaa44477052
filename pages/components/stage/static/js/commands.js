/* What the person can ask for: each sends its command to the conductor or its wish to the page. Mixed into the stage. */

import { keepDraft, keepMended } from "./drafts.js";

import { h } from "./dom.js";
import { openAttempts } from "./view_attempts.js";
import { shownRewrite } from "./view_care.js";

/** What takes longer is told to be on its way. */
const SLOW_MS = 700;

export const COMMANDS = {
  ref() {
    return { question_id: this.state.current_question?.id || "" };
  },

  move(type, payload) {
    this.moving = true;
    this.player.stop();
    this.link.send(type, payload);
    this.refresh();
    setTimeout(() => {
      if (this.moving) {
        this.moving = false;
        this.refresh();
      }
    }, 4000);
  },

  finish() {
    if (this.view !== "LISTENING" || !this.state.attempt_id) return;
    const attempt_id = this.state.attempt_id;
    const typed = this.scene.controls.typedText();
    if (this.audioKind === "none" && !typed.trim()) {
      this.toast("Write your answer first, or speak instead.");
      return;
    }
    if (this.audioKind === "none") this.sendText(attempt_id, typed);
    else {
      const ref = { ...this.ref(), attempt_id };
      this.finished = attempt_id;
      this.path.finish((end) => this.link?.send("FINISH_ANSWER", { ...ref, ...end })).then((sound) => this.player.keep(attempt_id, sound));
    }
    this.follow("PROCESSING");
  },

  /** A recorded file is the answer; the conductor's events tell how it goes on. */
  async upload(file) {
    this.follow("PROCESSING");
    const url = `/attempts/${this.state.attempt_id}/recording?token=${encodeURIComponent(this.session.token)}`;
    this.player.keep(this.state.attempt_id, file);
    try {
      const answer = await fetch(url, { method: "POST", body: file });
      if (!answer.ok) throw new Refusal(await told(answer));
    } catch (error) {
      this.toast((error instanceof Refusal && error.message) || "The recording did not arrive. Try again.", "bad");
      this.takeBack();
    }
  },

  startOver() {
    if (this.view !== "LISTENING" || this.asksFirst()) return;
    this.stay();
    this.restarting = this.state.attempt_id;
    this.link.send("RESTART_ANSWER", { attempt_id: this.restarting });
    keepDraft(this.restarting, "");
    this.path.forget();
    this.path.listen(0);
    this.restartClock();
  },

  retry() {
    this.move("RETRY_QUESTION", this.ref());
  },

  next() {
    this.move("READY_FOR_NEXT", { last_question_id: this.ref().question_id });
  },

  answerFollowUp() {
    this.move("ANSWER_FOLLOW_UP", this.ref());
  },

  finishInterview() {
    this.move("FINISH_INTERVIEW", {});
  },

  retryFeedback() {
    this.move("RETRY_FEEDBACK", { attempt_id: this.state.attempt_id });
    this.follow("PROCESSING");
  },

  submitTranscript(attempt_id, text) {
    this.review = null;
    keepMended(attempt_id, text);
    this.sendText(attempt_id, text);
    this.refresh();
  },

  /** A text on its way: after a cut it is sent again until feedback on it comes; the same text twice is one answer. */
  sendText(attempt_id, text) {
    this.submitted = { attempt_id, text, again: false };
    this.link.send("SUBMIT_TRANSCRIPT", { attempt_id, text });
  },

  sendTextAgain() {
    if (!this.submitted) return;
    const { attempt_id, text } = this.submitted;
    this.submitted.again = true;
    this.link?.send("SUBMIT_TRANSCRIPT", { attempt_id, text });
  },

  /** Feedback came: unless it is what stood before the cut (`heard`: the words it is on), the text has arrived. */
  textArrived(attempt_id, heard = "") {
    const sent = this.submitted;
    if (sent?.attempt_id !== attempt_id || (sent.again && wordsOf(sent.text) !== wordsOf(heard))) return;
    this.submitted = null;
    this.ui.draft = null;
    keepMended(attempt_id, "");
  },

  /** The same attempt with a corrected text; the same text is no correction. */
  scoreAgain(text) {
    const attempt_id = this.scores.attempt_id;
    const changed = text.trim() && text.trim() !== this.rewrite.transcript.trim();
    keepMended(attempt_id, changed ? text : "");
    if (!changed) {
      this.setUi({ draft: null }, "mend");
      return this.toast("Nothing was changed, so the feedback stands.");
    }
    this.ui.draft = null;
    this.setAside = { scores: this.scores, rewrite: this.rewrite };
    this.scores = this.rewrite = null;
    this.sendText(attempt_id, text);
    this.follow("PROCESSING");
  },

  /** An earlier attempt: beside the one on the screen where both answer the same question, else alone. */
  async lookAt(attempt_id) {
    if (this.opening) return;
    this.opening = setTimeout(() => this.toast("Opening that attempt…"), SLOW_MS);
    try {
      const other = await feedbackOf(this.session, attempt_id);
      const mine = (this.scores?.history || []).some((dot) => dot.attempt_id === attempt_id);
      openAttempts(this, mine && this.rewrite ? [other, { scores: this.scores, rewrite: this.rewrite }] : [other]);
    } catch (error) {
      this.toast((error instanceof Refusal && error.message) || "That attempt cannot be shown just now. Try again.", "bad");
    } finally {
      clearTimeout(this.opening);
      this.opening = 0;
    }
  },

  /** One of three taps; with the third the scores show, and all three go to the server. */
  rateMyself(part, value) {
    this.selfRating = { ...this.selfRating, [part]: value };
    const { content, delivery, overall } = this.selfRating;
    if (content && delivery && overall) {
      const attempt_id = this.scores.attempt_id;
      this.link?.send("SELF_RATING", { attempt_id, content, delivery, overall });
      this.scores = { ...this.scores, self_rating: { content, delivery, overall } };
      this.selfRating = null;
    }
    this.refresh();
    if (!this.asksSelfRating) this.board.querySelector('[data-key="headline"]')?.focus();
  },

  skipSelfRating() {
    this.selfPassed = this.scores.attempt_id;
    this.selfRating = null;
    this.refresh();
    this.board.querySelector('[data-key="headline"]')?.focus();
  },

  save() {
    this.act("save", { attempt_id: this.scores.attempt_id });
    this.setUi({ saved: this.scores.attempt_id });
  },

  async copy() {
    await copyText(shownRewrite(this));
    this.setUi({ copied: true });
    this.say("Copied");
    setTimeout(() => this.setUi({ copied: false }), 1800);
  },

  hear(span) {
    this.setUi({ heard: span, side: "transcript" });
    const mark = this.board.querySelector(".jf-m-heard");
    mark?.scrollIntoView({ block: "nearest", behavior: "smooth" });
    if (span.start_s !== null && span.start_s !== undefined) this.playMoment(span.start_s - 0.2, (span.end_s ?? span.start_s + 4) + 0.3);
  },

  async playMoment(from, to, attempt_id = this.scores.attempt_id) {
    const ok = await this.player.play(attempt_id, Math.max(0, from), to, this.session);
    if (!ok) this.toast("There is no recording of this answer to play.");
  },

  setUi(change, focus = "") {
    Object.assign(this.ui, change);
    this.refresh();
    if (focus) this.board.querySelector(`[data-key="${focus}"]`)?.focus();
  },
};

const wordsOf = (text) => text.trim().replace(/\s+/g, " ");

async function feedbackOf(session, attempt_id) {
  const answer = await fetch(`/attempts/${encodeURIComponent(attempt_id)}/feedback?token=${encodeURIComponent(session.token)}`);
  if (!answer.ok) throw new Refusal(await told(answer));
  return answer.json();
}

/** What the server says against it; the browser's own words of a failure are no help to anybody. */
class Refusal extends Error {}

async function told(answer) {
  const body = await answer.json().catch(() => null);
  return body?.error?.message || "";
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "jf-sr" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}
