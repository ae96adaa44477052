/* Keys that work wherever the focus is, except where the person writes or the focused thing has its own use for them. */

const OWN_USE = "input, textarea, select, button, a[href], summary, audio, video, [contenteditable], [role=switch], [role=tab], [role=slider], [role=dialog] *, dialog *";

/** Space finishes the answer being spoken; r starts it over, and retries the question behind its feedback; s skips it. */
export function onKey(stage, event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const target = event.target instanceof Element ? event.target : document.body;
  const key = event.key.toLowerCase();
  const writes = target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable], [role=dialog] *, dialog, dialog *");
  const action = writes ? null : ACTIONS[key]?.[stage.view];
  if (!action || (key === " " && target.closest(OWN_USE))) return;
  event.preventDefault();
  action(stage);
}

const ACTIONS = {
  " ": { LISTENING: (stage) => stage.finish() },
  r: { LISTENING: (stage) => stage.startOver(), FEEDBACK: (stage) => !stage.summary && !stage.moving && stage.retry() },
  s: { ASKING: (stage) => stage.skip(), LISTENING: (stage) => stage.skip() },
};
