/* Plays a moment of a recorded answer: the browser's own copy when it has one, else the one the server keeps. */

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

  /** True when something plays. */
  async play(attemptId, from, to, session) {
    const remote = session?.audio_url ? session.audio_url.replace("{attempt_id}", attemptId) : "";
    const url = this.own.get(attemptId) || remote;
    if (!url) return false;
    if (this.url !== url) {
      this.audio.src = url;
      this.url = url;
    }
    this.until = to;
    try {
      await this.#ready();
      this.audio.currentTime = from;
      await this.audio.play();
      return true;
    } catch {
      return false;
    }
  }

  /** Plays a sound made here from a moment on; true when something plays. */
  async playUrl(url, from = 0) {
    this.audio.src = this.url = url;
    this.until = 0;
    try {
      await this.#ready();
      this.audio.currentTime = from;
      await this.audio.play();
      return true;
    } catch {
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
      this.audio.addEventListener("loadedmetadata", resolve, { once: true });
      this.audio.addEventListener("error", reject, { once: true });
    });
  }

  stop() {
    this.until = 0;
    this.audio.pause();
  }
}
