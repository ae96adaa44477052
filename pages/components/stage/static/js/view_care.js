/* What comes before coaching: a caring line with where to find help, or a quiet note beside the feedback. */

import { button, h, icon } from "./dom.js";

const UNSCORED = ["crisis", "other_language", "not_an_answer"];

export const isUnscored = (care) => !!care && UNSCORED.includes(care.kind);

const isAddress = (contact) => /^https:\/\//.test(contact);

function helper(entry) {
  const contact = isAddress(entry.contact) ? h("a", { href: entry.contact, target: "_blank", rel: "noopener" }, entry.contact.replace("https://", "")) : h("strong", {}, entry.contact);
  return h("li", {}, h("span", { class: "jf-care-country" }, entry.country), h("span", {}, entry.name), contact);
}

/** The whole dashboard of an answer that coaching stops for: no score, nothing praised, nothing to save. */
export function careView(stage, actions) {
  const { care, content_feedback: feedback } = stage.scores;
  return h("div", { class: "jf-dash" },
    h("section", { class: `jf-card jf-care jf-care-${care.kind}`, role: "status", "aria-label": "A word before practice" },
      care.kind === "crisis" ? null : icon("bulb", 28),
      h("h1", { tabindex: "-1", "data-key": "headline" }, feedback.headline),
      h("p", { class: "jf-lead" }, care.message),
      (care.resources || []).length ? h("ul", { class: "jf-care-help", "aria-label": "Where to find help" }, care.resources.map(helper)) : null),
    actions(stage));
}

/** Beside the feedback: said once, quietly; protected facts leave the polished version on a click only. */
export function careNote(stage) {
  const care = stage.scores.care;
  if (!care || isUnscored(care)) return null;
  const choice = care.told_rewrite
    ? button(stage.ui.leftOut ? "Put it back" : "Leave it out", { kind: "secondary", name: "Leave it out of the polished version", onclick: () => stage.setUi({ leftOut: !stage.ui.leftOut }) })
    : null;
  const grave = care.kind === "threat" || care.kind === "misconduct";
  return h("section", { class: `jf-card jf-care-note${grave ? " jf-care-grave" : ""}`, role: "note", "aria-label": "Before the feedback" },
    icon(grave ? "alert" : "bulb", 18), h("p", {}, care.message, care.told_rewrite ? " A saved story leaves it out." : null), choice);
}

/** The polished version as it is shown and copied. */
export function shownRewrite(stage) {
  const told = stage.scores?.care?.told_rewrite;
  return told && !stage.ui.leftOut ? told : stage.rewrite?.polished_answer || "";
}
