/* The voice of the question: a recording when there is one, the browser's own voice, else reading time. */

const START_PATIENCE_MS = 1500;
const CLIP_PATIENCE_MS = 3000;
const WAV_HEADER = 44;
const READING_WORDS_PER_MINUTE = 240;

export function readingTimeMs(text) {
  const words = text.trim().split(/\s+/).length;
  return Math.min(9000, Math.max(1200, 700 + (words / READING_WORDS_PER_MINUTE) * 60000));
}

function joined(before, after) {
  const whole = new Uint8Array(before.length + after.length);
  whole.set(before);
  whole.set(after, before.length);
  return whole;
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
    if (this.context?.state === "running") this.context.suspend();
  }

  /** For good: a page may have only so many audio contexts. */
  close() {
    this.stop();
    this.context?.close();
    this.context = undefined;
  }

  /** A clip that is still being made has no length yet: it is played as it comes, anything else as a file. */
  async #play(url, on) {
    const asking = new AbortController();
    let stopped = false;
    this.stopNow = () => {
      stopped = true;
      asking.abort();
    };
    const patience = setTimeout(() => asking.abort(), CLIP_PATIENCE_MS);
    const response = await fetch(url, { signal: asking.signal }).catch(() => null);
    clearTimeout(patience);
    if (stopped) return true;
    const growing = response?.ok && response.body && !response.headers.has("Content-Length");
    const mayPlay = growing && (await this.#mayPlay());
    if (mayPlay && !stopped) return this.#playGrowing(response.body.getReader(), on);
    if (response?.body) response.body.cancel().catch(() => {});
    return stopped || this.#playFile(url, on);
  }

  /** Browsers hold an audio context back until the person did something. */
  async #mayPlay() {
    this.context ??= new AudioContext();
    await Promise.race([this.context.resume(), new Promise((resolve) => setTimeout(resolve, 300))]);
    return this.context.state === "running";
  }

  /** Int16 mono WAV of unknown length, each part behind the one before; a part that comes late is played at once. */
  async #playGrowing(reader, on) {
    const context = this.context;
    const playing = new Set();
    let [stopped, started, rate, next, rest] = [false, false, 0, 0, new Uint8Array(0)];
    const stop = new Promise((resolve) => {
      this.stopNow = () => {
        stopped = true;
        for (const source of playing) source.stop();
        reader.cancel().catch(() => {});
        resolve();
      };
    });
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stopped) break;
        let bytes = joined(rest, value);
        rest = bytes;
        if (!rate && bytes.length < WAV_HEADER) continue;
        if (!rate) {
          rate = new DataView(bytes.buffer).getUint32(24, true);
          bytes = bytes.slice(WAV_HEADER);
        }
        const even = bytes.length & ~1;
        rest = bytes.slice(even);
        if (!even) continue;
        const buffer = context.createBuffer(1, even / 2, rate);
        buffer.copyToChannel(Float32Array.from(new Int16Array(bytes.slice(0, even).buffer), (s) => s / 32768), 0);
        const source = context.createBufferSource();
        source.buffer = buffer;
        source.connect(context.destination);
        source.onended = () => playing.delete(source);
        playing.add(source);
        next = Math.max(next, context.currentTime + 0.02);
        source.start(next);
        next += buffer.duration;
        if (!started && on.start) on.start("recording");
        started = true;
      }
      const left = Math.max(0, next - context.currentTime) * 1000;
      await Promise.race([stop, new Promise((resolve) => setTimeout(resolve, left))]);
      return started || stopped;
    } catch {
      for (const source of playing) source.stop();
      return stopped;
    }
  }

  #playFile(url, on) {
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
