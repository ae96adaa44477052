/* The one connection to the conductor: JSON events both ways, audio frames up, back again after a cut or a long silence.
   It is tried again for as long as the stage stands: what was said meanwhile waits here, and nowhere else. */

const RETRY_MS = [300, 700, 1500, 3000, 5000];
const WATCH_MS = 500;
/** The server is heard once a second; so long without a word is told, and after the longer one we connect anew. */
const SILENT_MS = 3300;
const GIVE_UP_MS = 15_000;
const REFUSED = [1008, 4401, 4429];

export class Link {
  constructor({ url, onevent, onstatus }) {
    this.url = url;
    this.onevent = onevent;
    this.onstatus = onstatus;
    this.tries = 0;
    this.closed = false;
    this.waiting = [];
    this.beats = false;
    this.back = () => this.now();
    window.addEventListener("online", this.back);
    this.#connect();
    this.watch = setInterval(() => this.#listenForLife(), WATCH_MS);
  }

  /** Whether the conductor has us: its first word was no refusal. */
  get up() {
    return this.welcome && this.socket.readyState === WebSocket.OPEN;
  }

  /** Bytes on their way out. */
  get backlog() {
    return this.socket ? this.socket.bufferedAmount : 0;
  }

  #connect() {
    this.onstatus(this.tries ? "reconnecting" : "connecting");
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    this.heardAt = performance.now();
    this.expecting = true;
    this.silent = false;
    this.welcome = false;
    socket.onopen = () => {
      this.heardAt = performance.now();
    };
    socket.onmessage = (message) => {
      this.#heard();
      if (typeof message.data !== "string") return;
      let event;
      try {
        event = JSON.parse(message.data);
      } catch {
        return;
      }
      if (event.type === "SOUND_KEPT") this.beats = true;
      this.expecting = this.beats;
      const early = !this.welcome && event.type === "ERROR";
      if (early && event.payload?.recoverable) return this.onstatus("turned away", event.payload.message);
      if (!early && !this.welcome) this.#welcomed();
      this.onevent(event);
    };
    socket.onclose = (event) => this.#lost(event);
  }

  #welcomed() {
    this.welcome = true;
    this.tries = 0;
    for (const text of this.waiting.splice(0)) this.socket.send(text);
    this.onstatus("open");
  }

  #heard() {
    this.heardAt = performance.now();
    if (!this.silent) return;
    this.silent = false;
    if (this.welcome) this.onstatus("open");
  }

  #listenForLife() {
    const socket = this.socket;
    const pending = socket.readyState === WebSocket.CONNECTING || (socket.readyState === WebSocket.OPEN && this.expecting);
    if (!pending) return;
    const silence = performance.now() - this.heardAt;
    if (silence > SILENT_MS && !this.silent) {
      this.silent = true;
      this.onstatus("silent");
    }
    if (silence > GIVE_UP_MS) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
      this.#lost({ code: 1006, reason: "" });
    }
  }

  #lost(event) {
    if (this.closed) return;
    this.welcome = false;
    if (REFUSED.includes(event.code)) {
      this.onstatus("refused", event.reason);
      return;
    }
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    this.onstatus("reconnecting");
    this.timer = setTimeout(() => this.#connect(), wait);
  }

  /** Where we wait for another try, it is made at once. */
  now() {
    if (this.closed || this.socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.timer);
    this.#connect();
  }

  /** Commands wait for the connection; a command is never dropped. */
  send(type, payload = {}) {
    const text = JSON.stringify({ type, payload });
    if (this.up) this.socket.send(text);
    else this.waiting.push(text);
  }

  audio(packet) {
    this.socket.send(packet);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.watch);
    window.removeEventListener("online", this.back);
    if (this.socket) this.socket.close(1000);
  }
}
