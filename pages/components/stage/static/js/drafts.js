/* What survives a reload in this browser: the text of a typed answer, and how an interview is being answered. */

const DRAFT = "jf-draft-";
const MODE = "jf-mode-";

/** A browser may refuse storage; then nothing survives, and nothing breaks. */
function guarded(action) {
  try {
    return action();
  } catch {
    return null;
  }
}

/** Kept for this tab only: what a person wrote is theirs. */
export function keepDraft(attemptId, text) {
  guarded(() => (text ? sessionStorage.setItem(DRAFT + attemptId, text) : sessionStorage.removeItem(DRAFT + attemptId)));
}

export function draftOf(attemptId) {
  return guarded(() => sessionStorage.getItem(DRAFT + attemptId)) || "";
}

/** The draft of an attempt, or what was written to its question before that was skipped; from now on the attempt's. */
export function takeDraft(attemptId, questionId) {
  const kept = draftOf(attemptId) || draftOf(questionId);
  keepDraft(questionId, "");
  keepDraft(attemptId, kept);
  return kept;
}

/** What a person made of the words that were heard, until it is scored. */
export function keepMended(attemptId, text) {
  keepDraft(`mended-${attemptId}`, text);
}

export function mendedOf(attemptId) {
  return draftOf(`mended-${attemptId}`);
}

export function keepMode(interviewId, mode) {
  guarded(() => localStorage.setItem(MODE + interviewId, mode));
}

export function forgetMode(interviewId) {
  guarded(() => localStorage.removeItem(MODE + interviewId));
}

export function modeOf(interviewId) {
  const mode = guarded(() => localStorage.getItem(MODE + interviewId));
  return ["socket", "none", "upload"].includes(mode) ? mode : "socket";
}

/** A switch the person set once, kept for this browser. */
export function keepWish(name, on) {
  guarded(() => localStorage.setItem(`jf-${name}`, on ? "1" : ""));
}

export function wishOf(name) {
  return guarded(() => localStorage.getItem(`jf-${name}`)) === "1";
}
