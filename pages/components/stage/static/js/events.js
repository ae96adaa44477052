/* What each event of the conductor does to the stage. The conductor alone decides the state; this only follows. */

import { keepDraft } from "./drafts.js";

export const GATE_MS = 800;

export const HANDLERS = {
  SESSION_STATE(stage, p) {
    const before = stage.state;
    stage.state = p;
    stage.moving = false;
    if (stage.restarting && stage.restarting !== p.attempt_id) stage.restarting = "";
    if (p.view_state === "LISTENING" && stage.path.ending && p.attempt_id === stage.finished) return;
    stage.path.settled();
    if (p.notice && p.view_state !== "ERROR_RECOVERABLE") stage.toast(p.notice);
    if (p.view_state === "INTRO_LOADING" && stage.waiting) stage.link.send("START_INTERVIEW", { audio: stage.audioKind });
    if (before.current_question?.id !== p.current_question?.id || before.attempt_id !== p.attempt_id) stage.freshAttempt(p.view_state);
    if (p.status === "completed") stage.settle();
    const scored = stage.scores && (p.history || []).find((dot) => dot.attempt_id === stage.scores.attempt_id);
    if (scored && scored.overall !== null) stage.scores = { ...stage.scores, history: p.history };
    stage.follow(p.view_state);
  },
  LISTENING_RESET(stage, p) {
    const mine = stage.restarting === stage.state.attempt_id;
    stage.path.forget();
    stage.restarting = "";
    stage.state = { ...stage.state, attempt_id: p.new_attempt_id, recoverable_s: 0 };
    stage.moving = false;
    stage.freshAttempt("LISTENING");
    if (!mine) stage.restartClock();
    if (!mine && stage.view === "LISTENING") stage.path.listen(0);
    stage.follow("LISTENING");
  },
  PROCESSING_HINT(stage, p) {
    stage.path.settled();
    stage.setAside = null;
    if (stage.submitted?.attempt_id === p.attempt_id) stage.submitted.again = false;
    stage.gateMs = p.min_display_ms || GATE_MS;
    if (stage.view !== "PROCESSING" && stage.view !== "FEEDBACK") stage.follow("PROCESSING");
  },
  FOLLOW_UP_QUEUED(stage, p) {
    stage.followUp = p.question_text;
    stage.refresh();
  },
  NO_FOLLOW_UP(stage) {
    stage.followUp = "";
    stage.refresh();
  },
  UPDATE_SCORES(stage, p) {
    keepDraft(p.attempt_id, "");
    stage.textArrived(p.attempt_id);
    stage.scores = { ...p, self_rating: p.self_rating || (stage.scores?.attempt_id === p.attempt_id ? stage.scores.self_rating : null) };
    stage.review = null;
    stage.error = null;
    stage.follow("FEEDBACK");
    stage.say(stage.asksSelfRating ? "Feedback is ready. Your own view first." : `Feedback is ready. Overall ${Number(p.overall).toFixed(1)} of 10. ${p.content_feedback.headline}`);
  },
  UPDATE_REWRITE(stage, p) {
    stage.textArrived(p.attempt_id, p.transcript);
    stage.rewrite = p;
    stage.refresh();
  },
  SPEAK(stage, p) {
    stage.speak(p);
  },
  AVATAR_STREAM(stage, p) {
    stage.picture.follow(p, stage.persona.name);
  },
  SPEECH_END(stage) {
    stage.endSpeech();
  },
  TRANSCRIPT_REVIEW(stage, p) {
    stage.review = p;
    if (stage.view !== "PROCESSING") stage.follow("PROCESSING");
    stage.afterGate(() => stage.refresh());
    stage.say("Please check the transcript of your answer.");
  },
  LEVEL(stage, p) {
    stage.level = p;
    stage.levelAt = performance.now();
    stage.showLevel();
  },
  SOUND_KEPT(stage, p) {
    stage.soundKept(p);
  },
  NOTICE(stage, p) {
    stage.toast(p.message);
  },
  INTERVIEW_SUMMARY(stage, p) {
    stage.summary = p;
    stage.moving = false;
    stage.settle();
    stage.follow("FEEDBACK");
    stage.toTop();
    stage.act("finished", {});
    stage.say("Your interview is finished. The summary is ready.");
  },
  ERROR(stage, p) {
    stage.moving = false;
    if (p.recoverable) {
      stage.path.settled();
      stage.restarting = "";
      stage.toast(p.message, "bad");
      stage.takeBack();
      stage.refresh();
    } else {
      stage.error = p;
      stage.follow("ERROR_BLOCKING");
      stage.link?.close();
    }
  },
};

export function receive(stage, event) {
  const handler = HANDLERS[event.type];
  if (handler) handler(stage, event.payload || {});
}
