/* Three taps before the coach's scores: what the person thinks of the answer themselves. Both are shown afterwards. */

import { button, h, score } from "./dom.js";

const ASKED = [["content", "Your story", "Was it clear what you did and what came of it?"], ["delivery", "How you said it", "Was it easy to listen to?"], ["overall", "All in all", "Would you give this answer again?"]];
const STEPS = [[2, "weak"], [4, "so-so"], [6, "fair"], [8, "good"], [10, "strong"]];

/** Waits on the feedback's place until the three are tapped, or the person would rather see the scores. */
export function selfRateView(stage) {
  const given = stage.selfRating || {};
  return h("div", { class: "jf-dash" }, h("section", { class: "jf-card jf-selfrate", "data-testid": "self-rating" },
    h("h1", { tabindex: "-1", "data-key": "headline" }, "Your own view first"), h("p", { class: "jf-lead" }, "Three taps, then the coach's scores beside yours."),
    ASKED.map(([key, name, hint]) => h("fieldset", { class: "jf-field" }, h("legend", {}, name, h("span", { class: "jf-hint" }, ` ${hint}`)),
      h("div", { class: "jf-steps" }, STEPS.map(([value, word]) => h("button", { type: "button", class: "jf-step", "aria-pressed": String(given[key] === value), "aria-label": `${name}: ${word}`, "data-key": `self-${key}-${value}`, onclick: () => stage.rateMyself(key, value) }, word))))),
    button("Show the scores", { kind: "ghost", onclick: () => stage.skipSelfRating() })));
}

/** "You 6, the coach 6.9" for every part that was rated. */
export function bothViews(stage) {
  const mine = stage.scores?.self_rating;
  if (!mine) return null;
  const rows = ASKED.filter(([key]) => mine[key] !== undefined).map(([key, name]) => `${name}: you ${score(mine[key])}, the coach ${score(stage.scores[key])}`);
  return h("p", { class: "jf-notes-line", "data-testid": "both-views" }, rows.join(" · "));
}
