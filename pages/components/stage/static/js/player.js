/* Plays a moment of a recorded answer: the browser's own copy when it has one, else the one the server keeps. */

/** A recording that has not begun to come by then is told as missing. */
const READY_MS = 10_000;

export class Player {
  constructor() {
    this.audio = new Audio();
    this.own = new Map();
    this.audio.ontimeupdate = () => {
      if (this.until && this.audio.currentTime >= this.until) this.stop();
    };
  }

  keep(attemptId, blob) {
    for (const url of this.own.values()) URL.revokeObjectURL(url);
    this.own.clear();
    if (blob) this.own.set(attemptId, URL.createObjectURL(blob));
  }

  /** True when something plays; what failed is fetched anew the next time. */
  async play(attemptId, from, to, session) {
    const remote = session?.audio_url ? session.audio_url.replace("{attempt_id}", attemptId) : "";
    const url = this.own.get(attemptId) || remote;
    if (!url) return false;
    if (this.url !== url) this.#take(url);
    return this.#from(from, to);
  }

  /** Plays a sound made here from a moment on; true when something plays. */
  async playUrl(url, from = 0) {
    this.#take(url);
    return this.#from(from, 0);
  }

  #take(url) {
    this.audio.src = this.url = url;
    this.audio.load();
  }

  async #from(from, to) {
    this.until = to;
    try {
      await this.#ready();
      this.audio.currentTime = from;
      await this.audio.play();
      return true;
    } catch (error) {
      if (error.name !== "AbortError") this.url = "";
      return false;
    }
  }

  /** The whole recording of an attempt as bytes. */
  async sound(attemptId, session) {
    const remote = session?.audio_url ? session.audio_url.replace("{attempt_id}", attemptId) : "";
    const answer = await fetch(this.own.get(attemptId) || remote);
    if (!answer.ok) throw new Error("no recording");
    return answer.arrayBuffer();
  }

  #ready() {
    if (this.audio.readyState >= 1) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error("nothing comes")), READY_MS);
      const done = (settle) => () => {
        clearTimeout(patience);
        settle(new Error("not playable"));
      };
      this.audio.addEventListener("loadedmetadata", done(resolve), { once: true });
      this.audio.addEventListener("error", done(reject), { once: true });
    });
  }

  stop() {
    this.until = 0;
    this.audio.pause();
  }
}
