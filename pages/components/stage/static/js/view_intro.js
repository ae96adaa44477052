/* Before the interview: who asks, how many questions, which job; the microphone check; Start interview. */

import { button, fill, h, icon } from "./dom.js";
import { MENDS } from "./preflight.js";
import { loudness } from "./waveform.js";

function choice(group, value, current, label, hint, onpick) {
  const id = `jf-${group}-${value}`;
  return h("div", { class: "jf-choice" },
    h("input", { type: "radio", id, name: `jf-${group}`, value, checked: value === current, onchange: () => onpick(value) }),
    h("label", { for: id }, h("strong", {}, label), hint ? h("span", {}, hint) : null));
}

function personaPicker(stage) {
  const { data, setup } = stage;
  return h("fieldset", { class: "jf-field" }, h("legend", {}, "Who asks"),
    h("div", { class: "jf-people" },
      data.personas.map((p) => {
        const id = `jf-persona-${p.id}`;
        return h("div", { class: "jf-person" },
          h("input", { type: "radio", id, name: "jf-persona", value: p.id, checked: p.id === setup.persona_id, onchange: () => stage.choose({ persona_id: p.id }) }),
          h("label", { for: id },
            h("span", { class: "jf-face", style: { background: p.look?.colors?.glow || "#fff5ec" } }, stage.portrait(p)),
            h("strong", {}, p.name), h("span", {}, p.role)));
      })));
}

function countPicker(stage) {
  return h("fieldset", { class: "jf-field" }, h("legend", {}, "Questions"),
    h("div", { class: "jf-segments" },
      [1, 2, 3, 4, 5].map((n) => choice("count", n, stage.setup.q_count, String(n), "", () => stage.choose({ q_count: n })))));
}

function jobPicker(stage) {
  const jobs = stage.data.jobs || [];
  if (!jobs.length) return null;
  const select = h("select", { id: "jf-job", "data-key": "job", onchange: (e) => stage.choose({ job_id: e.target.value }) },
    h("option", { value: "" }, "General practice"),
    jobs.map((j) => h("option", { value: j.id, selected: j.id === stage.setup.job_id }, j.label)));
  return h("div", { class: "jf-field" }, h("label", { for: "jf-job" }, "For which job"), select);
}

function cameraChoice(stage) {
  const on = stage.setup.camera;
  return h("div", { class: "jf-camera" },
    h("button", { type: "button", role: "switch", class: "jf-switch", "aria-checked": String(on), "aria-label": "Eye contact", "aria-describedby": "jf-camera-note", "data-key": "camera", onclick: () => stage.choose({ camera: !on }) },
      h("span", { class: "jf-knob" }), h("span", {}, "Eye contact")),
    h("span", { class: "jf-hint", id: "jf-camera-note" }, "Uses your camera. The pictures never leave this browser."));
}

function selfRatingChoice(stage) {
  const on = stage.setup.self_rating;
  return h("div", { class: "jf-camera" },
    h("button", { type: "button", role: "switch", class: "jf-switch", "aria-checked": String(on), "aria-label": "Rate myself first", "aria-describedby": "jf-self-note", "data-key": "self-rating", onclick: () => stage.choose({ self_rating: !on }) },
      h("span", { class: "jf-knob" }), h("span", {}, "Rate myself first")),
    h("span", { class: "jf-hint", id: "jf-self-note" }, "Three taps before the coach's scores, then both side by side."));
}

function meter(stage) {
  const found = stage.preflight.verdict();
  const fillTo = `${Math.round(loudness(stage.mic.level.dbfs) * 100)}%`;
  const bar = h("div", { class: "jf-meter", role: "meter", "aria-label": "Microphone level", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": parseInt(fillTo, 10) },
    h("span", { style: { width: fillTo } }));
  return { bar, found };
}

export function micVerdict(code) {
  const says = MENDS[code] || MENDS.failed;
  const good = code === "good";
  return h("div", { class: `jf-verdict jf-verdict-${good ? "good" : code === "listening" ? "wait" : "bad"}`, role: good || code === "listening" ? "status" : "alert" },
    icon(good ? "check" : code === "listening" ? "mic" : "alert"),
    h("div", {}, h("strong", {}, says.title), h("span", {}, says.mend)));
}

function devicePicker(stage) {
  if (stage.devices.length < 2) return null;
  return h("select", { "aria-label": "Microphone", "data-key": "device", onchange: (e) => stage.pickDevice(e.target.value) },
    stage.devices.map((d, i) => h("option", { value: d.id, selected: d.id === stage.setup.device_id }, d.label || `Microphone ${i + 1}`)));
}

/** Drawn anew only when its verdict changes; the level bar is moved in place. */
export function micCheck(stage) {
  const box = h("div", { class: "jf-miccheck" });
  let shown = "";
  box.refresh = () => {
    const state = stage.micState;
    const { bar, found } = meter(stage);
    const code = state === "open" ? found.code : state;
    const key = `${state}/${code}/${stage.devices.length}`;
    if (key === shown && state === "open") {
      box.querySelector(".jf-meter span").style.width = bar.firstChild.style.width;
      box.querySelector(".jf-meter").setAttribute("aria-valuenow", bar.getAttribute("aria-valuenow"));
      return;
    }
    if (key === shown) return;
    shown = key;
    if (state === "closed") {
      fill(box, button("Check microphone", { kind: "ghost", glyph: "mic", onclick: () => stage.checkMicrophone() }),
        h("span", { class: "jf-hint" }, "Say a sentence; nothing is kept."),
        button("Type my answers", { kind: "ghost", glyph: "keyboard", onclick: () => stage.begin({ audio: "none" }) }));
    } else if (state === "opening") {
      fill(box, h("span", { class: "jf-hint", role: "status" }, "Asking the browser for the microphone…"),
        button("Type my answers", { kind: "ghost", glyph: "keyboard", onclick: () => stage.begin({ audio: "none" }) }));
    } else if (state === "open") {
      fill(box, h("div", { class: "jf-meter-row" }, icon("mic"), bar, devicePicker(stage)), micVerdict(code));
    } else {
      fill(box, micVerdict(state), h("div", { class: "jf-row" },
        button("Try again", { kind: "secondary", glyph: "loop", onclick: () => stage.checkMicrophone() }),
        button("Type my answers", { kind: "ghost", glyph: "keyboard", onclick: () => stage.begin({ audio: "none" }) }),
        button("Upload recordings", { kind: "ghost", onclick: () => stage.begin({ audio: "upload" }) })));
    }
  };
  box.refresh();
  return box;
}

export function introView(stage) {
  const starting = stage.starting || stage.waiting;
  const left = stage.data.session;
  const resumable = stage.data.resumable || (left ? { id: left.interview_id, label: "Your interview is still open." } : null);
  const again = stage.session ? null : stage.data.again;
  const start = button("Start interview", { kind: "primary", glyph: "mic", onclick: () => stage.begin(), disabled: starting });
  stage.micBox = micCheck(stage);
  return h("div", { class: "jf-intro" },
    h("header", {},
      h("h1", {}, "Practise one answer at a time"),
      h("p", { class: "jf-lead" }, "Speak as you would in the room. After each answer you see what worked, what to change, and a better version of your own words.")),
    again ? againCard(stage, again, starting) : resumable && !stage.session
      ? h("div", { class: "jf-resume" }, h("div", {}, h("strong", {}, "Pick up where you left off"), h("span", {}, resumable.label)),
          button("Resume interview", { kind: "secondary", glyph: "play", onclick: () => stage.resume(resumable.id), disabled: starting }))
      : null,
    h("div", { class: "jf-setup" }, personaPicker(stage), again ? null : h("div", { class: "jf-setup-row" }, countPicker(stage), jobPicker(stage))),
    h("div", { class: "jf-row jf-start" }, start, h("span", { class: "jf-hint", role: "status" }, starting ? "Preparing your coach…" : introLine(stage))),
    h("div", { class: "jf-launch" }, stage.micBox, cameraChoice(stage), selfRatingChoice(stage)));
}

/** One question of before, asked for by a page or a link; *Start interview* asks that very one. */
function againCard(stage, again, starting) {
  return h("div", { class: "jf-resume", "data-testid": "again" }, h("div", {}, h("strong", {}, "Practise this again"), h("span", {}, again.text)),
    button("Other questions instead", { kind: "ghost", onclick: () => stage.act("another", {}), disabled: starting }));
}

function introLine(stage) {
  const n = stage.data.again ? 1 : stage.setup.q_count;
  return `About ${n * 4} minutes. ${stage.data.coach_label ? `Coach: ${stage.data.coach_label}.` : ""}`;
}
