/* "How you said it": pace against the policy's band, fillers, long pauses, clarity, eye contact where there was a camera. */

import { band, clock, h, icon, plural, s, score } from "./dom.js";
import { chartHead } from "./take_away.js";
import { momentsCard } from "./view_timeline.js";

const PACE = { low: 80, high: 220 };

function polar(cx, cy, r, share) {
  const angle = Math.PI * (1 - share);
  return [cx + r * Math.cos(angle), cy - r * Math.sin(angle)];
}

function arc(r, from, to) {
  const [x1, y1] = polar(110, 108, r, from);
  const [x2, y2] = polar(110, 108, r, to);
  return `M${x1.toFixed(1)} ${y1.toFixed(1)}A${r} ${r} 0 0 1 ${x2.toFixed(1)} ${y2.toFixed(1)}`;
}

function share(wpm) {
  return Math.max(0, Math.min(1, (wpm - PACE.low) / (PACE.high - PACE.low)));
}

function paceWord(wpm, [from, to]) {
  if (wpm < from) return wpm < from - 25 ? "slow" : "a little slow";
  if (wpm > to) return wpm > to + 25 ? "fast" : "a little fast";
  return "comfortable";
}

function gauge(metrics) {
  const wpm = metrics.wpm, [from, to] = metrics.pace_band_wpm;
  const [x, y] = polar(110, 108, 66, share(wpm));
  const stroke = { fill: "none", "stroke-width": 16, "stroke-linecap": "butt" };
  const range = metrics.wpm_range;
  return s("svg", { viewBox: "0 0 220 128", class: "jf-gauge", role: "img", "aria-label": `${Math.round(wpm)} words per minute, ${paceWord(wpm, [from, to])}; the comfortable band is ${from} to ${to}` },
    s("path", { d: arc(84, 0, 1), class: "jf-gauge-track", ...stroke }),
    s("path", { d: arc(84, share(from), share(to)), class: "jf-gauge-band", ...stroke }),
    range ? s("path", { d: arc(70, share(range[0]), Math.max(share(range[1]), share(range[0]) + 0.01)), class: "jf-gauge-range", fill: "none", "stroke-width": 4 }) : null,
    s("path", { d: `M110 108L${x.toFixed(1)} ${y.toFixed(1)}`, class: "jf-gauge-needle" }), s("circle", { cx: 110, cy: 108, r: 7, class: "jf-gauge-hub" }),
    ...[from, to].map((v) => {
      const [tx, ty] = polar(110, 108, 104, share(v));
      return s("text", { x: tx, y: ty + 4, class: "jf-gauge-tick" }, String(v));
    }));
}

/* One quiet line against the speaker's own median; nothing without a history. */
function usually(metrics, name) {
  const row = (metrics.baseline || []).find((r) => r.metric === name);
  return row && row.sentence ? h("p", { class: "jf-note jf-usual" }, row.sentence + ".") : null;
}

function paceRow(metrics) {
  const [slowest, fastest] = metrics.wpm_range || [];
  const [easy_from, easy_to] = metrics.pace_band_wpm;
  return { words_per_minute: metrics.wpm, slowest, fastest, easy_from, easy_to };
}

/** What the strip shows: stretches of speech and pauses over 3 s, by their begin. */
function stretches(metrics, long) {
  const spoken = (metrics.speech_segments || []).map(([from_s, to_s]) => ({ from_s, to_s, what: "speech" }));
  const silent = long.map((pause) => ({ from_s: pause.start_s, to_s: pause.end_s, what: "pause over 3 s" }));
  return [...spoken, ...silent].sort((a, b) => a.from_s - b.from_s);
}

function paceCard(metrics) {
  const wpm = metrics.wpm;
  const word = wpm ? paceWord(wpm, metrics.pace_band_wpm) : "";
  const body = wpm === null || wpm === undefined
    ? h("p", { class: "jf-unknown" }, "Not measurable for this answer")
    : [h("div", { class: "jf-chart" }, gauge(metrics)), h("p", { class: "jf-figure" }, metrics.wpm_range ? `${Math.round(metrics.wpm_range[0])}–${Math.round(metrics.wpm_range[1])}` : String(Math.round(wpm)), h("small", {}, " words a minute")),
        h("p", { class: "jf-note" }, `${word[0].toUpperCase()}${word.slice(1)}. Easy to follow is ${metrics.pace_band_wpm.join("–")}.`)];
  return h("section", { class: "jf-card jf-metric", "aria-label": "Pace" }, wpm ? chartHead("Pace", "pace-gauge", [paceRow(metrics)], { heading: "h2", called: "the pace gauge" }) : h("h2", {}, "Pace"), body, usually(metrics, "wpm"));
}

function fillerCard(metrics) {
  const head = h("h2", {}, "Fillers");
  if (!metrics.verbatim || metrics.filler_count === null || metrics.filler_count === undefined) {
    return h("section", { class: "jf-card jf-metric", "aria-label": "Fillers" }, head, h("p", { class: "jf-unknown" }, "Fillers not measurable with this transcriber"),
      h("p", { class: "jf-note" }, "It leaves out “um” and “uh”, so any count would be wrong."));
  }
  const top = Object.entries(metrics.fillers || {}).sort((a, b) => b[1] - a[1]).slice(0, 3);
  const most = top.length ? top[0][1] : 1;
  return h("section", { class: "jf-card jf-metric", "aria-label": "Fillers" }, head, h("p", { class: "jf-figure" }, metrics.fillers_about && metrics.filler_count ? h("small", {}, "about ") : null, String(metrics.filler_count), h("small", {}, metrics.filler_count === 1 ? " filler" : " fillers")),
    top.length ? h("ul", { class: "jf-fillers" }, top.map(([word, n]) => h("li", {}, h("span", {}, `“${word}”`), h("span", { class: "jf-bar" }, h("span", { style: { width: `${(100 * n) / most}%` } })), h("span", {}, `${n}×`))))
      : h("p", { class: "jf-note" }, "None. Nicely done."),
    saidTwice(metrics),
    metrics.fillers_about && metrics.filler_count ? h("p", { class: "jf-note" }, "“Um” and “uh” are heard in a second pass; about one in six counted was not said.") : null, usually(metrics, "fillers_per_100_words"));
}

/* Whisper writes some of them away ("of the the" becomes "of the"): what it leaves is a lower bound, and said to be one. */
function saidTwice(metrics) {
  const count = (metrics.repetitions || []).length;
  if (!count) return null;
  return h("p", { class: "jf-note" }, `${metrics.fillers_about ? "At least " : ""}${plural(count, "word or phrase", "words or phrases")} said twice; dotted in your words.`);
}

function pauseStrip(metrics) {
  const total = metrics.duration_s || 1;
  const speech = metrics.speech_segments && metrics.speech_segments.length ? metrics.speech_segments : [];
  const long = (metrics.pauses || []).filter((p) => p.end_s - p.start_s >= 3);
  return s("svg", { viewBox: "0 0 300 34", class: "jf-strip", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { x: 0, y: 13, width: 300, height: 8, rx: 4, class: "jf-strip-base" }),
    ...speech.map(([a, b]) => s("rect", { x: (300 * a) / total, y: 7, width: Math.max(1.5, (300 * (b - a)) / total), height: 20, rx: 3, class: "jf-strip-speech" })),
    ...long.map((p) => s("rect", { x: (300 * p.start_s) / total, y: 3, width: (300 * (p.end_s - p.start_s)) / total, height: 28, rx: 3, class: "jf-strip-long" })));
}

function pauseCard(stage, metrics) {
  const long = (metrics.pauses || []).filter((p) => p.end_s - p.start_s >= 3);
  const n = metrics.long_pause_count;
  const shown = metrics.duration_s ? stretches(metrics, long) : [];
  return h("section", { class: "jf-card jf-metric", "aria-label": "Long pauses" }, shown.length ? chartHead("Long pauses", "pauses", shown, { heading: "h2", called: "the pause strip" }) : h("h2", {}, "Long pauses"),
    h("p", { class: "jf-figure" }, String(n), h("small", {}, " over 3 s")), metrics.duration_s ? h("div", { class: "jf-chart" }, pauseStrip(metrics)) : null,
    long.length ? h("p", { class: "jf-note" }, long.slice(0, 3).map((p, i) => [i ? ", " : "At ", h("button", { type: "button", class: "jf-link", "data-key": `pause-${i}`, onclick: () => stage.playMoment(Math.max(0, p.start_s - 1), p.end_s + 1) }, clock(p.start_s)), ` (${(p.end_s - p.start_s).toFixed(1)} s)`]))
      : h("p", { class: "jf-note" }, metrics.duration_s ? `You spoke for ${plural(Math.round(metrics.speech_s), "second")} of ${Math.round(metrics.duration_s)}.` : "Typed answer: nothing to hear."), usually(metrics, "long_pauses_per_min"));
}

function clarityCard(metrics) {
  const known = metrics.clarity !== null && metrics.clarity !== undefined;
  return h("section", { class: "jf-card jf-metric", "aria-label": "Clarity" }, h("h2", {}, "Clarity"),
    known ? [h("p", { class: "jf-figure" }, `${Math.round(metrics.clarity * 100)}`, h("small", {}, " % sure of your words")), h("div", { class: "jf-bar jf-bar-wide" }, h("span", { style: { width: `${metrics.clarity * 100}%` } }))]
      : h("p", { class: "jf-unknown" }, "Not measurable for this answer"),
    metrics.clarity_note ? h("p", { class: "jf-note" }, metrics.clarity_note) : null, usually(metrics, "clarity"));
}

function subScores(stage, metrics) {
  const known = metrics.scores || {};
  const b = stage.scores.scoring.delivery_breakdown;
  const value = (name, fallback) => (known[name] === undefined ? fallback : known[name]);
  const rows = [["Pace", value("pace", b.pace)], ["Fillers", metrics.verbatim === false ? null : value("fillers", b.fillers)], ["Pauses", value("pauses", b.pauses)], ["Confidence", value("confidence", b.confidence)]];
  const eye = metrics.eye_contact;
  return h("ul", { class: "jf-subscores" }, rows.map(([name, v]) => h("li", {}, h("span", {}, name), h("strong", { class: `jf-b-${band(v)}` }, score(v)))),
    h("li", {}, h("span", {}, "Eye contact"), eye === null || eye === undefined ? h("em", {}, "not available") : h("strong", { class: `jf-b-${band(eye)}` }, score(eye))));
}

/** A typed answer has no sound, so nothing about its delivery is shown as if it were measured. */
export function isTyped(metrics) {
  return metrics.duration_s === 0;
}

export function deliveryPanel(stage) {
  const metrics = stage.scores.delivery_metrics || {};
  const f = stage.scores.delivery_feedback;
  return h("div", { class: "jf-panel", role: "tabpanel", id: "jf-panel-delivery", "aria-labelledby": "jf-tab-delivery" },
    h("section", { class: "jf-card jf-delivery-head" }, h("p", { class: "jf-insight" }, f.headline), subScores(stage, metrics)),
    isTyped(metrics) ? null : h("div", { class: "jf-metrics" }, paceCard(metrics), fillerCard(metrics), pauseCard(stage, metrics), clarityCard(metrics)),
    isTyped(metrics) ? null : momentsCard(stage, metrics),
    f.one_action_tip ? h("p", { class: "jf-tip" }, icon("bulb"), h("span", {}, h("strong", {}, "Try this: "), f.one_action_tip)) : null);
}
