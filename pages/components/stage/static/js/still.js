/* The still interviewer: for a persona that cannot be drawn. Its voice and its questions are the same. */

import { s } from "./dom.js";
import { Persona } from "./persona.js";

/** The drawn interviewer, and where the drawing fails a still one: a face is never worth an interview. */
export function figureOf(spec) {
  try {
    return new Persona({ ...spec, ...spec.look });
  } catch {
    return new Still(spec);
  }
}

export class Still {
  kind = "still";

  constructor({ name = "Interviewer", role = "" }) {
    const letters = name.split(/\s+/).map((word) => word[0] || "").join("").slice(0, 2).toUpperCase();
    this.node = s("svg", { viewBox: "0 0 400 440", class: "jf-persona", role: "img", "aria-label": [name, role].filter(Boolean).join(", "), preserveAspectRatio: "xMidYMax meet", "data-mode": "still" },
      s("path", { d: "M60 440c0-96 62-150 140-150s140 54 140 150z", fill: "#2f5d62" }),
      s("circle", { cx: 200, cy: 176, r: 92, fill: "#fff6ea", stroke: "#eadcc9", "stroke-width": 4 }),
      s("text", { x: 200, y: 200, "text-anchor": "middle", "font-size": 68, "font-weight": 700, fill: "#2f5d62" }, letters));
  }

  setMode() {}

  word() {}

  destroy() {}
}
