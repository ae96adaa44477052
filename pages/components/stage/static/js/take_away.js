/* A drawing of the stage that can be taken away: its figures as CSV, itself as PNG. */

import { savePicture, saveTable } from "../../../shared/static/picture.js";
import { h } from "./dom.js";

/** The heading of a drawing with its two ways to be taken away; the drawing is the `.jf-chart` in the same `.jf-time-row` or card. */
export function chartHead(title, name, rows, { heading = "h3", called = title } = {}) {
  const take = (kind, act) => h("button", { type: "button", class: "jf-link jf-note", "data-key": `${kind}-${name}`, "aria-label": `${kind} of ${called}`, onclick: act }, kind);
  const drawing = (link) => link.closest(".jf-time-row, .jf-metric").querySelector(".jf-chart");
  return h("div", { class: "jf-chart-head" }, h(heading, {}, title),
    take("CSV", () => saveTable(rows, name)),
    take("PNG", (event) => savePicture(drawing(event.currentTarget), called, name)));
}
