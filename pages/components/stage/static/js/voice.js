/* The voice of the question: a recording when there is one, the browser's own voice, else reading time. */

const START_PATIENCE_MS = 1500;
const CLIP_PATIENCE_MS = 3000;
const READING_WORDS_PER_MINUTE = 240;

export function readingTimeMs(text) {
  const words = text.trim().split(/\s+/).length;
  return Math.min(9000, Math.max(1200, 700 + (words / READING_WORDS_PER_MINUTE) * 60000));
}

function pickVoice(wish) {
  const voices = window.speechSynthesis ? window.speechSynthesis.getVoices() : [];
  const lang = (wish.lang || "en-US").toLowerCase();
  const fitting = voices.filter((v) => v.lang.toLowerCase().startsWith(lang.slice(0, 2)));
  for (const name of wish.names || []) {
    const hit = fitting.find((v) => v.name.toLowerCase().includes(name.toLowerCase()));
    if (hit) return hit;
  }
  return fitting.find((v) => v.lang.toLowerCase() === lang) || fitting[0] || null;
}

export class Voice {
  constructor() {
    this.stopNow = null;
    if (window.speechSynthesis) window.speechSynthesis.getVoices();
  }

  /** Called inside a click: browsers let a page speak only after the person did something. */
  unlock() {
    if (!window.speechSynthesis) return;
    const silent = new SpeechSynthesisUtterance(" ");
    silent.volume = 0;
    window.speechSynthesis.speak(silent);
  }

  /** Resolves `{ok, how}` once the text was spoken, or shown long enough to be read. `on.mouth(0..1)` follows it. */
  async say(text, { wish = {}, audioUrl = null, muted = false, on = {} } = {}) {
    this.stop();
    if (audioUrl) {
      const played = await this.#play(audioUrl, on);
      if (played) return { ok: true, how: "recording" };
    }
    const voice = muted ? null : pickVoice(wish);
    if (voice) {
      const spoken = await this.#synthesise(text, voice, wish, on);
      if (spoken) return { ok: true, how: "browser" };
    }
    await this.#showLongEnough(text, on);
    return { ok: !!muted, how: "subtitle" };
  }

  stop() {
    if (this.stopNow) this.stopNow();
    this.stopNow = null;
    if (window.speechSynthesis) window.speechSynthesis.cancel();
  }

  #play(url, on) {
    return new Promise((resolve) => {
      const player = new Audio(url);
      const done = (ok) => {
        clearTimeout(patience);
        player.pause();
        resolve(ok);
      };
      const patience = setTimeout(() => done(false), CLIP_PATIENCE_MS);
      player.onplaying = () => {
        clearTimeout(patience);
        if (on.start) on.start("recording");
      };
      player.onended = () => done(true);
      player.onerror = () => done(false);
      this.stopNow = () => done(true);
      player.play().catch(() => done(false));
    });
  }

  #synthesise(text, voice, wish, on) {
    return new Promise((resolve) => {
      const utterance = new SpeechSynthesisUtterance(text);
      Object.assign(utterance, { voice, lang: voice.lang, rate: wish.rate || 1, pitch: wish.pitch || 1 });
      let settled = false;
      const done = (ok) => {
        if (settled) return;
        settled = true;
        clearTimeout(patience);
        clearTimeout(limit);
        resolve(ok);
      };
      const patience = setTimeout(() => {
        window.speechSynthesis.cancel();
        done(false);
      }, START_PATIENCE_MS);
      const limit = setTimeout(() => done(true), readingTimeMs(text) * 3 + 4000);
      utterance.onstart = () => {
        clearTimeout(patience);
        if (on.start) on.start("browser");
      };
      utterance.onboundary = () => on.word && on.word();
      utterance.onend = () => done(true);
      utterance.onerror = () => done(false);
      this.stopNow = () => done(true);
      window.speechSynthesis.speak(utterance);
    });
  }

  #showLongEnough(text, on) {
    if (on.start) on.start("subtitle");
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, readingTimeMs(text));
      this.stopNow = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
