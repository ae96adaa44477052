/* The one connection to the conductor: JSON events both ways, audio frames up, back again after a cut or a long silence. */

const RETRY_MS = [300, 700, 1500, 3000, 5000];
const WATCH_MS = 500;
/** The server is heard once a second; so long without a word is told, and after the longer one we connect anew. */
const SILENT_MS = 3300;
const GIVE_UP_MS = 15_000;

export class Link {
  constructor({ url, onevent, onstatus }) {
    this.url = url;
    this.onevent = onevent;
    this.onstatus = onstatus;
    this.tries = 0;
    this.closed = false;
    this.waiting = [];
    this.beats = false;
    this.#connect();
    this.watch = setInterval(() => this.#listenForLife(), WATCH_MS);
  }

  get up() {
    return !!this.socket && this.socket.readyState === WebSocket.OPEN;
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
    socket.onopen = () => {
      this.tries = 0;
      this.heardAt = performance.now();
      for (const text of this.waiting.splice(0)) socket.send(text);
      this.onstatus("open");
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
      this.onevent(event);
    };
    socket.onclose = (event) => this.#lost(event);
  }

  #heard() {
    this.heardAt = performance.now();
    if (!this.silent) return;
    this.silent = false;
    this.onstatus("open");
  }

  #listenForLife() {
    const socket = this.socket;
    const pending = socket.readyState === WebSocket.CONNECTING || (this.up && this.expecting);
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
    const refused = [1008, 4401, 4429].includes(event.code);
    if (refused || this.tries >= 12) {
      this.onstatus(refused ? "refused" : "lost", event.reason);
      return;
    }
    const wait = RETRY_MS[Math.min(this.tries, RETRY_MS.length - 1)];
    this.tries += 1;
    this.onstatus("reconnecting");
    this.timer = setTimeout(() => this.#connect(), wait);
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
    if (this.socket) this.socket.close(1000);
  }
}
