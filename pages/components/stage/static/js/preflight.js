/* Microphone pre-flight: what is wrong, and the mend for it. Levels are dBFS of 40 ms frames; the limits come with the
   stage's data from coach/audio/preflight.py. */

const FRAMES_PER_S = 25;
const LEAST_FRAMES = 12;
const DEAD_AFTER_FRAMES = 50;

export const MENDS = {
  refused: {
    title: "The browser may not use your microphone",
    mend: "Click the microphone or lock icon beside the address, choose Allow, then try again.",
  },
  none: {
    title: "No microphone was found",
    mend: "Plug one in or switch your headset on, then try again. You can also type or upload your answers.",
  },
  in_use: {
    title: "Another program is using the microphone",
    mend: "Close the call or recorder that holds it, then try again.",
  },
  unanswered: {
    title: "The browser is still waiting for your permission",
    mend: "Look for its question near the address and choose Allow. If there is none, click the lock icon there, allow the microphone and try again. You can also type your answers.",
  },
  wrong_device: {
    title: "That microphone is no longer there",
    mend: "Choose another one from the list, then try again.",
  },
  unsupported: {
    title: "This address does not allow a microphone",
    mend: "Open the page on localhost or over https. Until then you can type or upload your answers.",
  },
  failed: { title: "The microphone did not start", mend: "Unplug it, plug it in again and try once more." },
  dead: {
    title: "Nothing comes from this microphone",
    mend: "It may be muted or the wrong one. Check its mute switch, or choose another one from the list.",
  },
  quiet: { title: "You are hard to hear", mend: "Come closer to the microphone or raise its input volume." },
  clipping: { title: "Your voice is cut off at the top", mend: "Move a little away or lower the input volume." },
  noise: { title: "It is noisy around you", mend: "Close a window, switch a fan off, or use a headset." },
  good: { title: "You sound clear", mend: "Ready when you are." },
  listening: { title: "Say a sentence, as you would in the interview", mend: "“I am looking forward to this.”" },
};

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

export class Preflight {
  constructor() {
    this.limits = null;
    this.reset();
  }

  reset() {
    this.frames = [];
    this.heard = 0;
  }

  push({ dbfs, clipped }) {
    if (!this.limits) return;
    this.frames.push({ dbfs: Math.max(-100, dbfs), clipped });
    this.heard += 1;
    if (this.frames.length > this.limits.window_s * FRAMES_PER_S) this.frames.shift();
  }

  /** `{code, level_dbfs, noise_dbfs}` where `code` is a key of MENDS. */
  verdict() {
    const limits = this.limits;
    if (this.frames.length < LEAST_FRAMES) return { code: "listening", level_dbfs: -100, noise_dbfs: -100 };
    const levels = this.frames.map((f) => f.dbfs).sort((a, b) => a - b);
    const noise = percentile(levels, 0.1);
    const loud = levels.filter((l) => l >= (noise + percentile(levels, 0.92)) / 2);
    const level = percentile(loud, 0.75);
    const above = percentile(loud, 0.5) - noise;
    const clipped = this.frames.reduce((sum, f) => sum + f.clipped, 0) / this.frames.length;
    const found = { level_dbfs: level, noise_dbfs: noise };
    if (level < limits.dead_dbfs) return { code: this.heard > DEAD_AFTER_FRAMES ? "dead" : "listening", ...found };
    if (clipped > limits.clipped_share) return { code: "clipping", ...found };
    if (noise > limits.loud_background_dbfs && above < limits.noise_snr_db) return { code: "noise", ...found };
    if (above < limits.noise_snr_db) return { code: "listening", ...found };
    if (level < limits.quiet_speech_dbfs) return { code: "quiet", ...found };
    return { code: "good", ...found };
  }
}
