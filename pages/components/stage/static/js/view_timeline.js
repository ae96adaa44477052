/* How an answer went, moment by moment: pace as a line with its band, loudness below it, the words with their pauses. */

import { clock, h, s } from "./dom.js";
import { beside } from "./marks.js";
import { chartHead } from "./take_away.js";

const WIDE = 600;
const TALL = 132;
const PACE_WINDOW_S = 15;
const GAP_PX_PER_S = 14;
const QUIET_LUFS = -50;
const LOUD_LUFS = -10;

/** One card for a spoken answer; parts that were not measured are left out. */
export function momentsCard(stage, metrics) {
  const text = stage.rewrite?.transcript || "";
  const parts = [paceLine(stage, metrics), loudnessStrip(stage, metrics), text ? spokenText(stage, metrics, text) : null].filter(Boolean);
  return parts.length ? h("section", { class: "jf-card jf-moments", "aria-label": "Moment by moment" }, h("h2", {}, "Moment by moment"), h("p", { class: "jf-hint" }, "Every point, bar, gap and underlined word plays its moment."), parts) : null;
}

function paceLine(stage, metrics) {
  const points = metrics.pace || [];
  if (points.length < 2) return null;
  const total = metrics.duration_s || points[points.length - 1].at_s;
  const [low, high] = metrics.pace_band_wpm;
  const values = points.map((p) => p.wpm);
  const top = Math.max(high + 20, ...values) + 10;
  const floor = Math.max(0, Math.min(low - 20, ...values) - 10);
  const x = (at) => (at / total) * WIDE;
  const y = (wpm) => TALL - ((wpm - floor) / (top - floor)) * TALL;
  const line = points.map((p) => `${x(p.at_s).toFixed(1)},${y(p.wpm).toFixed(1)}`).join(" ");
  return h("div", { class: "jf-time-row" }, chartHead("Pace, words a minute", "pace", points),
    h("div", { class: "jf-pace jf-chart" },
      s("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", "aria-hidden": "true" },
        s("rect", { x: 0, y: y(high), width: WIDE, height: y(low) - y(high), class: "jf-pace-band" }),
        s("polyline", { points: line, class: "jf-pace-line", "vector-effect": "non-scaling-stroke" })),
      [high, low].map((wpm) => h("span", { class: "jf-pace-label", "aria-hidden": "true", "data-drawn": "", style: { top: `${(100 * y(wpm)) / TALL}%` } }, String(wpm))),
      points.map((p, i) => {
        const inside = p.wpm >= low && p.wpm <= high;
        const name = `${clock(p.at_s)}: ${Math.round(p.wpm)} words a minute, ${inside ? "in the easy band" : p.wpm > high ? "fast" : "slow"}. Hear it`;
        return h("button", { type: "button", class: `jf-point ${inside ? "" : "jf-point-out"}`, "data-key": `pace-${i}`, "aria-label": name, title: name, style: { left: `${Math.min(100, (100 * p.at_s) / total)}%`, top: `${(100 * y(p.wpm)) / TALL}%` }, onclick: () => stage.playMoment(p.at_s - PACE_WINDOW_S, p.at_s) });
      })));
}

function loudnessStrip(stage, metrics) {
  const points = metrics.loudness || [];
  if (points.length < 3) return null;
  const total = metrics.duration_s || points[points.length - 1].at_s + 0.5;
  const share = (lufs) => Math.max(0.06, Math.min(1, (lufs - QUIET_LUFS) / (LOUD_LUFS - QUIET_LUFS)));
  const sorted = [...points].sort((a, b) => a.lufs - b.lufs);
  const moment = (name, p) => h("button", { type: "button", class: "jf-link", "data-key": `loud-${name}`, onclick: () => stage.playMoment(p.at_s - 1.5, p.at_s + 1.5) }, `${name} at ${clock(p.at_s)}`);
  const wide = WIDE / total;
  return h("div", { class: "jf-time-row" }, chartHead("Loudness", "loudness", points),
    h("div", { class: "jf-loud jf-chart", onclick: (event) => {
      const box = event.currentTarget.getBoundingClientRect();
      const at = ((event.clientX - box.left) / box.width) * total;
      stage.playMoment(at - 0.5, at + 3);
    } }, s("svg", { viewBox: `0 0 ${WIDE} 44`, preserveAspectRatio: "none", "aria-hidden": "true" },
      ...points.map((p) => s("rect", { x: (p.at_s - 0.5) * wide + wide * 0.1, width: wide * 0.8, height: 44 * share(p.lufs), y: 44 - 44 * share(p.lufs), rx: Math.min(2, wide * 0.3), class: "jf-loud-bar" })))),
    h("p", { class: "jf-note" }, moment("Loudest", sorted[sorted.length - 1]), ", ", moment("softest", sorted[0]), metrics.loudness_range_lu !== null && metrics.loudness_range_lu !== undefined ? `. Your voice moves within ${metrics.loudness_range_lu.toFixed(0)} decibels.` : "."));
}

/** The words as they were spoken: a pause is a gap as wide as it was long, a filler or what was said twice is underlined; all play. */
function spokenText(stage, metrics, text) {
  const gaps = (metrics.gaps || []).map((gap, i) => ({ at: gap.at, end: gap.at, node: gapNode(stage, gap, i) }));
  const fillers = (metrics.filler_hits || []).filter((hit) => hit.end <= text.length).map((hit, i) => ({ at: hit.start, end: hit.end, node: fillerNode(stage, hit, text, i) }));
  const within = (hit) => hit.end <= text.length;
  const again = beside((metrics.repetitions || []).filter(within), (metrics.filler_hits || []).filter(within)).map((part, i) => ({ at: part.start, end: part.end, node: againNode(stage, part, text, i) }));
  const nodes = [];
  let at = 0;
  for (const item of [...gaps, ...fillers, ...again].sort((a, b) => a.at - b.at || a.end - b.end)) {
    if (item.at < at) continue;
    nodes.push(text.slice(at, item.at), item.node);
    at = item.end;
  }
  nodes.push(text.slice(at));
  return h("div", { class: "jf-time-row" }, h("h3", {}, "Your words with their pauses"), h("p", { class: "jf-text jf-spoken" }, nodes));
}

function gapNode(stage, gap, i) {
  const long = gap.end_s - gap.start_s;
  const name = `Pause of ${long.toFixed(1)} seconds at ${clock(gap.start_s)}. Hear it`;
  return h("button", { type: "button", class: `jf-gap ${long >= 3 ? "jf-gap-long" : ""}`, "data-key": `gap-${i}`, "aria-label": name, title: name, style: { width: `${Math.min(140, Math.max(34, long * GAP_PX_PER_S))}px` }, onclick: () => stage.playMoment(gap.start_s - 1, gap.end_s + 1) }, `${long.toFixed(1)} s`);
}

function fillerNode(stage, hit, text, i) {
  const word = text.slice(hit.start, hit.end);
  if (hit.start_s === null || hit.start_s === undefined) return h("mark", { class: "jf-m-filler" }, word);
  return h("button", { type: "button", class: "jf-filler", "data-key": `filler-${i}`, "aria-label": `Filler “${word}” at ${clock(hit.start_s)}. Hear it`, title: "Hear this moment", onclick: () => stage.playMoment(hit.start_s - 0.6, (hit.end_s ?? hit.start_s + 0.4) + 0.8) }, word);
}

/** A part of what was said twice; its first part is the button that plays the whole. */
function againNode(stage, part, text, i) {
  const words = text.slice(part.start, part.end), whole = part.whole;
  if (part.start !== whole.start || whole.start_s === null || whole.start_s === undefined) return h("mark", { class: "jf-m-again" }, words);
  const name = `Said twice: “${whole.text}” at ${clock(whole.start_s)}. Hear it`;
  return h("button", { type: "button", class: "jf-filler jf-again-said", "data-key": `again-${i}`, "aria-label": name, title: name, onclick: () => stage.playMoment(whole.start_s - 0.6, (whole.end_s ?? whole.start_s + 1) + 0.8) }, words);
}
