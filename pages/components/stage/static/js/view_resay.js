/* "Say it again": one sentence at a time, never sent, never scored. */

import { button, clock, fill, h } from "./dom.js";
import { ERROR_CODES } from "./microphone.js";
import { MENDS } from "./preflight.js";
import { Clip, stitched } from "./resay.js";

const ENOUGH = 0.25;

const bag = (text) => new Set(text.toLowerCase().match(/[\p{L}\p{N}'’]+/gu) || []);

/** The spoken sentence that says most of the same words, with its seconds; null when none says a quarter of them. */
export function spokenLike(stage, text) {
  const asked = bag(text);
  const heard = stage.rewrite?.transcript || "";
  let best = null;
  for (const [start, end, start_s, end_s] of stage.scores?.delivery_metrics?.sentences || []) {
    const said = bag(heard.slice(start, end));
    const both = [...asked].filter((word) => said.has(word)).length;
    const share = both / Math.max(1, Math.min(asked.size, said.size));
    if (share >= ENOUGH && (!best || share > best.share)) best = { share, start, end, start_s, end_s, text: heard.slice(start, end) };
  }
  return best;
}

export function openResay(stage, text) {
  const opener = document.activeElement;
  const old = spokenLike(stage, text);
  const state = { clip: null, sound: null, url: "", whole: "", says: "", busy: false, closed: false };
  const body = h("div", { class: "jf-resay" });
  const dialog = h("dialog", { class: "jf-dialog jf-dialog-small", "aria-labelledby": "jf-resay-title", "data-testid": "resay" },
    h("header", { class: "jf-dialog-head" }, h("h2", { id: "jf-resay-title" }, "Say it again"), button("Close", { kind: "ghost", onclick: () => dialog.close() })),
    h("p", { class: "jf-insight" }, text),
    old ? h("p", { class: "jf-note" }, `You said, at ${clock(old.start_s)}: “${old.text.trim()}”`) : null, body,
    h("p", { class: "jf-hint" }, "What you record here stays in this browser and is gone when you close this. It is not scored."));

  const draw = () => {
    const recording = state.clip !== null;
    fill(body, h("div", { class: "jf-row" },
      recording ? button("Stop", { kind: "primary", glyph: "check", onclick: stop }) : button(state.sound ? "Record again" : "Record", { kind: state.sound ? "secondary" : "primary", glyph: "mic", onclick: record }),
      old && !recording ? button("Hear the old one", { kind: "secondary", glyph: "play", onclick: () => stage.playMoment(old.start_s - 0.1, old.end_s + 0.1) }) : null,
      state.url && !recording ? button("Hear the new one", { kind: "secondary", glyph: "play", onclick: () => stage.player.playUrl(state.url) }) : null,
      state.url && old && !recording ? button("Hear it in your answer", { kind: "secondary", glyph: "play", onclick: whole }) : null),
    h("p", { class: "jf-note", role: "status" }, recording ? "Recording…" : state.says));
    if (!dialog.contains(document.activeElement) || document.activeElement === dialog) body.querySelector("button")?.focus();
  };

  const record = async () => {
    if (state.busy) return;
    state.busy = true;
    stage.player.stop();
    forget(state);
    const clip = new Clip();
    state.says = "";
    try {
      await clip.start(stage.setup.device_id);
      state.clip = clip;
    } catch (error) {
      const why = MENDS[ERROR_CODES[error.name]] || MENDS.failed;
      state.says = `${why.title}. ${why.mend}`;
    }
    state.busy = false;
    if (state.closed) return ended();
    draw();
  };

  const ended = async () => {
    const clip = state.clip;
    state.clip = null;
    return clip ? clip.stop() : new Blob();
  };

  const stop = async () => {
    if (state.busy || !state.clip) return;
    state.busy = true;
    const sound = await ended();
    state.busy = false;
    if (state.closed) return;
    state.sound = sound.size ? sound : null;
    state.url = state.sound ? URL.createObjectURL(state.sound) : "";
    state.says = state.sound ? "" : "Nothing was recorded. Try again.";
    draw();
  };

  const whole = async () => {
    try {
      if (!state.whole) {
        const before = await stage.player.sound(stage.scores.attempt_id, stage.session);
        state.whole = URL.createObjectURL(await stitched(before, await state.sound.arrayBuffer(), old.start_s, old.end_s));
      }
      await stage.player.playUrl(state.whole, Math.max(0, old.start_s - 4));
    } catch {
      state.says = "There is no recording of this answer to put it into.";
      draw();
    }
  };

  dialog.addEventListener("close", async () => {
    state.closed = true;
    stage.player.stop();
    await ended();
    forget(state);
    dialog.remove();
    opener?.focus?.({ preventScroll: true });
  });
  draw();
  stage.root.append(dialog);
  dialog.showModal();
}

function forget(state) {
  for (const url of [state.url, state.whole]) if (url) URL.revokeObjectURL(url);
  Object.assign(state, { url: "", whole: "", sound: null });
}
