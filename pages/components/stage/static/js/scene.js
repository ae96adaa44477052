/* The scene: the interviewer in their room, the question as subtitle, and what is needed while answering. */

import { band, button, fill, h, score } from "./dom.js";
import { backdrop } from "./persona.js";
import { figureOf } from "./still.js";
import { liveControls } from "./view_live.js";
import { loudness, Waveform } from "./waveform.js";

const LOCAL_SPEECH_DBFS = -42;
const SERVER_LEVEL_MS = 1200;
const FINISH_SILENCE_MS = 1500;

const MODES = { LISTENING: "listening", PROCESSING: "thinking", ERROR_RECOVERABLE: "still", ERROR_BLOCKING: "still" };

const STANDING = { ahead: "to come", current: "this one", answered: "answered", skipped: "skipped, open it again" };

const DOT_OPENS = {
  answered: (stage, q) => q.attempt_id && stage.view !== "LISTENING" && (() => stage.lookAt(q.attempt_id)),
  skipped: (stage, q) => stage.view !== "PROCESSING" && (() => stage.openQuestion(q.id)),
};

/** One dot per question; an answered one opens what counts for it, a skipped one is asked again. */
function questionTrail(stage, trail) {
  return h("ol", { class: "jf-trail", "aria-label": "Questions" }, trail.map((q) => {
    const name = `Question ${q.number}, ${STANDING[q.standing]}${q.overall === null || q.overall === undefined ? "" : `: ${score(q.overall)}`}`;
    const look = { class: `jf-dot jf-dot-${q.standing} ${q.overall === null || q.overall === undefined ? "" : `jf-b-${band(q.overall)}`}`, title: `${name}. ${q.text}` };
    const sign = [h("span", { class: "jf-sr" }, name), h("span", { "aria-hidden": "true" }, String(q.number))];
    const opens = DOT_OPENS[q.standing]?.(stage, q);
    return h("li", {}, opens ? h("button", { ...look, type: "button", "data-key": `question-${q.number}`, onclick: opens }, sign) : h("span", look, sign));
  }));
}

export class Scene {
  constructor(stage) {
    this.stage = stage;
    this.room = h("div", { class: "jf-room" });
    this.figure = h("div", { class: "jf-figure-box" });
    this.thought = h("div", { class: "jf-thought", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
    this.top = h("div", { class: "jf-scene-top" });
    this.subtitle = h("div", { class: "jf-subtitle", "aria-live": "polite" });
    this.controls = liveControls(stage);
    this.wave = new Waveform(this.controls.canvas);
    this.name = h("div", { class: "jf-nameplate" });
    this.node = h("section", { class: "jf-scene", "aria-label": "Interviewer", "data-face": "drawn", "data-voice": "" }, this.room, stage.picture.node, h("div", { class: "jf-stagecraft" }, this.figure, this.thought), h("div", { class: "jf-desk" }), this.top, this.subtitle, this.name, this.controls);
    this.speechAt = 0;
  }

  mode(mode) {
    this.drawn?.setMode(mode);
  }

  /** The words begin; `how` they are heard: live, recording, browser, or subtitle. */
  speaks(how) {
    this.node.setAttribute("data-voice", how || "");
    this.mode("speaking");
  }

  #draw(spec) {
    this.drawn?.destroy();
    this.drawn = figureOf(spec);
    fill(this.figure, this.drawn.node);
    const colors = spec.look?.colors;
    fill(this.room, colors ? backdrop(colors) : null);
    if (colors) this.node.style.setProperty("--desk", colors.floor);
    fill(this.name, h("strong", {}, spec.name), h("span", {}, spec.role));
  }

  refresh() {
    const { stage } = this;
    const spec = stage.persona;
    if (!spec) return;
    if (this.shown !== spec.id) {
      this.shown = spec.id;
      this.#draw(spec);
    }
    this.node.setAttribute("data-face", stage.picture.shown ? "live" : this.drawn.kind);
    if (!stage.speaking) this.mode(MODES[stage.view] || "idle");
    this.#top();
    this.#subtitle();
    this.#controls();
  }

  #top() {
    const { stage } = this;
    const st = stage.state;
    const chips = [];
    if (st.question_count && st.question_number && !stage.summary) chips.push(st.is_follow_up ? "Follow-up" : `Question ${st.question_number} of ${st.question_count}`);
    if (st.attempt_number > 1 && stage.view === "LISTENING") chips.push(`Attempt ${st.attempt_number}`);
    if (stage.camera.on && stage.view === "LISTENING") chips.push("Eye contact on");
    const trail = stage.summary ? [] : st.questions || [];
    const key = `${chips.join("|")}/${stage.view}/${JSON.stringify(trail)}`;
    if (key === this.topKey) return;
    this.topKey = key;
    fill(this.top, h("div", { class: "jf-row" }, chips.map((c) => h("span", { class: `jf-pill ${c.startsWith("Question") ? "jf-pill-count" : ""}` }, c)), trail.length > 1 ? questionTrail(stage, trail) : null), h("span", { class: "jf-grow" }),
      stage.view === "LISTENING" ? button("Start over", { kind: "glass", glyph: "loop", onclick: () => stage.startOver() }) : null);
  }

  #subtitle() {
    const { stage } = this;
    const showing = ["ASKING", "LISTENING", "PROCESSING", "FEEDBACK"].includes(stage.view) && !stage.summary;
    const followed = stage.view === "FEEDBACK" && stage.followUp;
    const text = !showing ? (stage.view === "INTRO_LOADING" ? stage.persona.greeting : "") : followed ? stage.followUp : stage.state.current_question?.text || "";
    const kind = followed ? "Follow-up" : "";
    const lead = (stage.view === "ASKING" || followed) && text && stage.leadIn?.to === text ? stage.leadIn.words : "";
    const key = `${kind}${lead}|${text}`;
    if (key === this.subKey) return;
    this.subKey = key;
    fill(this.subtitle, kind ? h("span", { class: "jf-eyebrow" }, kind) : null, lead ? h("span", { class: "jf-lead-in" }, lead) : null, text ? h("p", {}, text) : null);
    this.subtitle.toggleAttribute("hidden", !text);
  }

  #controls() {
    const { stage } = this;
    const listening = stage.view === "LISTENING";
    const shown = listening ? `${stage.audioKind}/${stage.state.attempt_id}` : "";
    if (shown === this.controlsShown) return;
    this.controlsShown = shown;
    this.controls.toggleAttribute("hidden", !listening);
    this.controls.setPhase("idle");
    this.controls.setWarning("");
    this.controls.setSkip(stage.skipLabel());
    this.controls.showTyping(listening && stage.audioKind === "none", stage.state);
    this.controls.showUpload(listening && stage.audioKind === "upload");
    this.node.classList.toggle("jf-typing", stage.audioKind === "none");
    this.node.classList.toggle("jf-uploading", stage.audioKind === "upload");
    if (listening) this.wave.start(() => this.#loudness());
    else this.wave.stop();
  }

  #loudness() {
    const { stage } = this;
    if (stage.mic.open) return loudness(stage.mic.level.dbfs);
    return stage.level ? loudness(stage.level.rms_dbfs) : 0;
  }

  showLevel(level) {
    if (this.stage.audioKind !== "socket") return;
    if (level.finish_ready) this.controls.setPhase("ready");
    else if (level.speaking) this.controls.setPhase("speaking");
  }

  /** Ten times a second while listening: the clock, the warning, and the fade when the server sends no levels. */
  tick(time) {
    const { stage } = this;
    const now = performance.now();
    this.controls.setTime(time);
    if (stage.audioKind !== "socket") return;
    if (stage.mic.open && now - stage.levelAt > SERVER_LEVEL_MS) {
      if (stage.mic.level.dbfs > LOCAL_SPEECH_DBFS) {
        this.speechAt = now;
        this.controls.setPhase("speaking");
      } else if (this.speechAt > stage.armedAt && now - this.speechAt > FINISH_SILENCE_MS) this.controls.setPhase("ready");
    }
    const late = now - stage.armedAt > 6000;
    const code = late && stage.mic.open ? stage.preflight.verdict().code : "";
    this.controls.setWarning(code === "dead" ? "Nothing comes from your microphone. Check its mute switch." : code === "clipping" ? "You are very loud. Move a little away from the microphone." : "");
  }

  destroy() {
    this.wave.stop();
    this.drawn?.destroy();
  }
}
