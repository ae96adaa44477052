/* The drawn interviewer: one SVG that breathes, blinks, nods while listening, thinks, and speaks with a moving mouth. */

import { s, reducedMotion } from "./dom.js";
import { EXTRAS, HAIR, OUTFIT } from "./persona_parts.js";

let serial = 0;

function face(c) {
  return [
    s("path", { d: "M138 170c-24-6-26 38 0 38zM262 170c24-6 26 38 0 38z", fill: c.skinDark }),
    s("path", { d: "M130 152c0-52 30-76 70-76s70 24 70 76c0 58-26 104-70 104s-70-46-70-104z", fill: c.skin }),
    s("ellipse", { cx: 154, cy: 203, rx: 15, ry: 9, fill: c.blush, opacity: 0.5 }),
    s("ellipse", { cx: 246, cy: 203, rx: 15, ry: 9, fill: c.blush, opacity: 0.5 }),
    s("path", { d: "M200 172c-2 10-7 18-6 22 1 4 8 5 12 3", fill: "none", stroke: c.skinLine, "stroke-width": 3.4, "stroke-linecap": "round" }),
  ];
}

function eyes(c, lashes) {
  const one = (x) =>
    s("g", { class: "jf-eye", style: { "transform-origin": `${x}px 168px` } },
      s("ellipse", { cx: x, cy: 168, rx: 11.5, ry: 10, fill: "#fff" }),
      s("g", { class: "jf-gaze" },
        s("circle", { cx: x, cy: 168.5, r: 7, fill: c.iris }),
        s("circle", { cx: x + 2.4, cy: 165.6, r: 2.3, fill: "#fff" })),
      s("path", { d: `M${x - 13} 165c4-9 22-9 26 0`, fill: "none", stroke: c.brow, "stroke-width": lashes ? 4 : 3, "stroke-linecap": "round" }));
  return [one(170), one(230)];
}

function brows(c) {
  const path = (d) => s("path", { d, fill: "none", stroke: c.brow, "stroke-width": 5.4, "stroke-linecap": "round" });
  return s("g", { class: "jf-brows" }, path("M154 145c8-7 20-8 29-3"), path("M217 142c9-5 21-4 29 3"));
}

class Mouth {
  constructor(c) {
    serial += 1;
    const clip = `jf-mouth-${serial}`;
    this.shape = s("path", {});
    this.outline = s("path", { fill: "none", stroke: c.lip, "stroke-width": 4, "stroke-linecap": "round", "stroke-linejoin": "round" });
    this.inner = s("path", { fill: "#6b2430" });
    this.tongue = s("ellipse", { cx: 200, cy: 240, rx: 13, ry: 8, fill: "#d9707a" });
    this.node = s("g", {},
      s("clipPath", { id: clip }, this.shape),
      this.inner,
      s("g", { "clip-path": `url(#${clip})` }, s("rect", { x: 178, y: 206, width: 44, height: 11, fill: "#fff" }), this.tongue),
      this.outline);
    this.set(0, 0);
  }

  /** `open` 0-1, `wide` -1 (round) to 1 (broad smile). */
  set(open, wide) {
    const half = 19 + wide * 5 - open * 3;
    const top = 222 - open * 8;
    const low = 224 + open * 26;
    const d = `M${200 - half} 215Q200 ${top} ${200 + half} 215Q200 ${low} ${200 - half} 215Z`;
    for (const path of [this.shape, this.inner, this.outline]) path.setAttribute("d", d);
    this.inner.setAttribute("opacity", open > 0.04 ? "1" : "0");
    this.tongue.setAttribute("cy", String(222 + open * 16));
  }
}

export class Persona {
  kind = "drawn";

  constructor(spec) {
    this.spec = spec;
    const c = spec.colors;
    const hair = HAIR[spec.hair] || HAIR.bob;
    const extras = spec.extras || [];
    this.mouth = new Mouth(c);
    const early = extras.includes("beard") ? [EXTRAS.beard(c)] : [];
    const late = ["glasses", "earrings"].filter((name) => extras.includes(name)).map((name) => EXTRAS[name](c));
    this.node = s("svg", { viewBox: "0 0 400 440", class: "jf-persona", role: "img", "aria-label": `${spec.name}, ${spec.role}`, preserveAspectRatio: "xMidYMax meet", "data-mode": "idle" },
      s("g", { class: "jf-body" },
        s("g", { class: "jf-head-back jf-head" }, hair.back(c)),
        s("path", { d: "M170 232h60v66c-4 24-56 24-60 0z", fill: c.skin }),
        s("path", { d: "M170 246c18 18 42 18 60 0v22c-20 14-44 12-60-4z", fill: c.skinDark, opacity: 0.75 }),
        OUTFIT[spec.outfit] ? OUTFIT[spec.outfit](c) : OUTFIT.blazer(c),
        extras.includes("lanyard") ? EXTRAS.lanyard(c) : null,
        s("g", { class: "jf-head" }, face(c), early, this.mouth.node, eyes(c, spec.lashes), hair.front(c), brows(c), late)));
    this.mode = "idle";
    this.energy = 0;
  }

  /** idle | listening | thinking | speaking | still */
  setMode(mode) {
    if (mode === this.mode) return;
    this.mode = mode;
    this.node.setAttribute("data-mode", mode);
    cancelAnimationFrame(this.frame);
    if (mode === "speaking") this.#talk(performance.now());
    else this.mouth.set(0, mode === "thinking" ? -0.6 : 0.4);
  }

  /** A word begins: the mouth opens a little more. */
  word() {
    this.energy = 1;
  }

  #talk(started) {
    if (reducedMotion()) {
      this.mouth.set(0.45, 0);
      return;
    }
    const step = (now) => {
      if (this.mode !== "speaking") return;
      const t = (now - started) / 1000;
      const syllable = Math.max(0, Math.sin(t * 13.2) * 0.55 + Math.sin(t * 7.9 + 1) * 0.35);
      const breath = Math.sin(t * 1.15) > -0.82 ? 1 : 0.1;
      this.energy *= 0.9;
      this.mouth.set(Math.min(1, syllable * breath + this.energy * 0.25), Math.sin(t * 5.1) * 0.6);
      this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  destroy() {
    cancelAnimationFrame(this.frame);
  }
}

/** A quiet room behind the persona. */
export function backdrop(c) {
  return s("svg", { viewBox: "0 0 1200 700", class: "jf-backdrop", "aria-hidden": "true", preserveAspectRatio: "xMidYMax slice" },
    s("rect", { width: 1200, height: 700, fill: c.wall }),
    s("circle", { cx: 600, cy: 430, r: 330, fill: c.glow }),
    s("g", { opacity: 0.9 },
      s("rect", { x: 70, y: 190, width: 210, height: 250, rx: 14, fill: c.trim }),
      s("rect", { x: 84, y: 204, width: 182, height: 222, rx: 6, fill: c.sky }),
      s("path", { d: "M84 372c40-44 80-40 110-10 24-26 50-30 72-14v78H84z", fill: c.hill }),
      s("circle", { cx: 222, cy: 254, r: 22, fill: c.sun }),
      s("path", { d: "M175 204v222M84 315h182", stroke: c.trim, "stroke-width": 8 })),
    s("g", { transform: "translate(48 92)" },
      s("rect", { x: 880, y: 232, width: 220, height: 12, rx: 6, fill: c.trim }),
      ...[[896, 156, 26, 76, 0], [926, 170, 20, 62, 1], [950, 148, 30, 84, 2], [986, 176, 18, 56, 0]].map(([x, y, w, hgt, i]) =>
        s("rect", { x, y, width: w, height: hgt, rx: 4, fill: [c.book1, c.book2, c.book3][i] })),
      s("path", { d: "M1040 232v-34c0-8 34-8 34 0v34z", fill: c.pot }),
      s("path", { d: "M1057 196c-30-14-34-42-30-62 20 8 32 30 30 62zM1057 196c28-12 36-36 32-58-20 8-32 28-32 58zM1057 196c-6-30 0-56 4-72 14 20 14 48-4 72z", fill: c.leaf })));
}
