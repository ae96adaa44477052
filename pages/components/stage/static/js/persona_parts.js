/* Hair, clothes and small things of the drawn personas, in the persona's own 400 x 440 space. */

import { s } from "./dom.js";

export const HAIR = {
  bob: {
    back: (c) => [
      s("path", { d: "M112 170C98 66 302 66 288 170c8 48 12 92-6 118-16 18-148 18-164 0-18-26-14-70-6-118z", fill: c.hair }),
      s("path", { d: "M118 200c-4 40-2 66 8 82 12 8 30 10 40 8-24-22-34-56-36-100z", fill: c.hairDark, opacity: 0.55 }),
      s("path", { d: "M282 200c4 40 2 66-8 82-12 8-30 10-40 8 24-22 34-56 36-100z", fill: c.hairDark, opacity: 0.55 }),
    ],
    front: (c) => [
      s("path", { d: "M131 168c-8-58 22-92 74-93 46 0 74 34 65 92-6-24-16-41-36-51-26 22-66 32-90 33-7 5-11 11-13 19z", fill: c.hair }),
      s("path", { d: "M150 122c14-22 40-32 66-28", fill: "none", stroke: c.hairLight, "stroke-width": 5, "stroke-linecap": "round", opacity: 0.6 }),
    ],
  },
  sidepart: {
    back: (c) => [s("path", { d: "M128 176c-8-60 14-96 72-96s80 36 72 96z", fill: c.hairDark })],
    front: (c) => [
      s("path", { d: "M130 160c-10-44 6-84 56-90 52-8 92 16 86 86-4-18-10-32-20-41-30 6-66 2-90-9-16 10-28 28-32 54z", fill: c.hair }),
      s("path", { d: "M164 98c24-16 58-18 82-4", fill: "none", stroke: c.hairLight, "stroke-width": 5, "stroke-linecap": "round", opacity: 0.7 }),
    ],
  },
  bun: {
    back: (c) => [
      s("circle", { cx: 200, cy: 66, r: 34, fill: c.hair }),
      s("path", { d: "M176 60c6-14 26-20 40-12", fill: "none", stroke: c.hairLight, "stroke-width": 4, "stroke-linecap": "round", opacity: 0.5 }),
      s("path", { d: "M124 190c-14-74 18-112 76-112s90 38 76 112z", fill: c.hairDark }),
    ],
    front: (c) => [
      s("path", { d: "M130 172c-8-60 20-94 70-94s78 34 70 94c-8-30-30-54-70-60-40 6-62 30-70 60z", fill: c.hair }),
      s("path", { d: "M200 80c-24 8-44 22-56 44M200 80c24 8 44 22 56 44", fill: "none", stroke: c.hairLight, "stroke-width": 3, "stroke-linecap": "round", opacity: 0.35 }),
    ],
  },
  curls: {
    back: (c) =>
      [[136, 128, 26], [128, 160, 20], [272, 160, 20], [264, 128, 26]].map(([x, y, r]) =>
        s("circle", { cx: x, cy: y, r, fill: c.hairDark }),
      ),
    front: (c) => [
      ...[[148, 108, 27], [176, 90, 29], [208, 84, 30], [238, 94, 28], [258, 116, 24], [136, 134, 17], [266, 138, 15]].map(([x, y, r]) =>
        s("circle", { cx: x, cy: y, r, fill: c.hair }),
      ),
      s("path", { d: "M168 84c8-8 18-10 26-7M214 80c10-2 20 3 26 10", fill: "none", stroke: c.hairLight, "stroke-width": 4, "stroke-linecap": "round", opacity: 0.5 }),
    ],
  },
};

const SHOULDERS = "M36 440c2-78 44-116 128-134 14 22 58 22 72 0 84 18 126 56 128 134z";

export const OUTFIT = {
  blazer: (c) => [
    s("path", { d: SHOULDERS, fill: c.outfit }),
    s("path", { d: "M164 304l36 86 36-86c-8 20-64 20-72 0z", fill: c.shirt }),
    s("path", { d: "M166 302c-8 6-16 10-22 18l-6 44 30 10-12 18 44 48V392z", fill: c.outfitDark }),
    s("path", { d: "M234 302c8 6 16 10 22 18l6 44-30 10 12 18-44 48V392z", fill: c.outfitDark }),
    s("path", { d: "M96 440c0-30 2-44 8-58M304 440c0-30-2-44-8-58", fill: "none", stroke: c.outfitDark, "stroke-width": 4, "stroke-linecap": "round" }),
  ],
  suit: (c) => [
    s("path", { d: SHOULDERS, fill: c.outfit }),
    s("path", { d: "M160 302l40 96 40-96c-10 20-70 20-80 0z", fill: c.shirt }),
    s("path", { d: "M192 330h16l5 12-9 12 7 58-11 22-11-22 7-58-9-12z", fill: c.accent }),
    s("path", { d: "M164 300l-14 14 26 28 24-14zM236 300l14 14-26 28-24-14z", fill: c.shirt, stroke: c.shirtLine, "stroke-width": 2, "stroke-linejoin": "round" }),
    s("path", { d: "M156 308c-8 4-14 8-18 14l-6 50 30 6-14 18 52 44zM244 308c8 4 14 8 18 14l6 50-30 6 14 18-52 44z", fill: c.outfitDark }),
    s("path", { d: "M270 388l26-6", stroke: c.shirt, "stroke-width": 5, "stroke-linecap": "round" }),
  ],
  sweater: (c) => [
    s("path", { d: SHOULDERS, fill: c.outfit }),
    s("path", { d: "M158 298c6 34 78 34 84 0l10 6c-4 50-100 50-104 0z", fill: c.outfitDark }),
    s("path", { d: "M92 440c-2-30 0-44 6-60M308 440c2-30 0-44-6-60", fill: "none", stroke: c.outfitDark, "stroke-width": 4, "stroke-linecap": "round" }),
  ],
  overshirt: (c) => [
    s("path", { d: SHOULDERS, fill: c.outfit }),
    s("path", { d: "M162 300c4 30 72 30 76 0l14 8-10 132h-84l-10-132z", fill: c.shirt }),
    s("path", { d: "M162 300c4 28 72 28 76 0l6 6c-4 40-84 40-88 0z", fill: c.shirtLine }),
    s("path", { d: "M160 300l-26 22 22 44 20-26zM240 300l26 22-22 44-20-26z", fill: c.outfitDark }),
  ],
};

export const EXTRAS = {
  glasses: (c) =>
    s("g", { fill: "#ffffff", "fill-opacity": 0.16, stroke: c.frame, "stroke-width": 4 },
      s("rect", { x: 146, y: 148, width: 46, height: 38, rx: 17 }),
      s("rect", { x: 208, y: 148, width: 46, height: 38, rx: 17 }),
      s("path", { d: "M192 164c5-5 11-5 16 0M146 162l-13-4M254 162l13-4", fill: "none", "stroke-linecap": "round" })),
  beard: (c) =>
    s("g", { fill: c.hair },
      s("path", { d: "M132 178c2 46 24 82 68 82s66-36 68-82c-6 14-14 22-24 22-14-10-30-13-44-13s-30 3-44 13c-10 0-18-8-24-22z", opacity: 0.95 }),
      s("path", { d: "M178 208c0-8 10-12 22-8 12-4 22 0 22 8-6 22-38 22-44 0z", fill: c.skin })),
  earrings: (c) =>
    s("g", { fill: c.accent }, s("circle", { cx: 130, cy: 206, r: 5 }), s("circle", { cx: 270, cy: 206, r: 5 })),
  lanyard: (c) =>
    s("g", {}, s("path", { d: "M158 318c8 44 28 70 42 84 14-14 34-40 42-84", fill: "none", stroke: c.accent, "stroke-width": 6 }),
      s("rect", { x: 182, y: 398, width: 36, height: 46, rx: 5, fill: "#fff" }),
      s("path", { d: "M190 416h20M190 426h14", stroke: c.accent, "stroke-width": 4, "stroke-linecap": "round" })),
};
