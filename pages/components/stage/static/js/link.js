/* The one connection to the conductor: JSON events both ways, audio frames up, back again after a cut. */

const RETRY_MS = [300, 700, 1500, 3000, 5000];
const SEND_BUFFER_LIMIT = 2_000_000;

export class Link {
  constructor({ url, onevent, onstatus }) {
    this.url = url;
    this.onevent = onevent;
    this.onstatus = onstatus;
    this.tries = 0;
    this.closed = false;
    this.waiting = [];
    this.dropped = 0;
    this.#connect();
  }

  get up() {
    return this.socket && this.socket.readyState === WebSocket.OPEN;
  }

  #connect() {
    this.onstatus(this.tries ? "reconnecting" : "connecting");
    const socket = new WebSocket(this.url);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    socket.onopen = () => {
      this.tries = 0;
      this.onstatus("open");
      for (const text of this.waiting.splice(0)) socket.send(text);
    };
    socket.onmessage = (message) => {
      if (typeof message.data !== "string") return;
      let event;
      try {
        event = JSON.parse(message.data);
      } catch {
        return;
      }
      this.onevent(event);
    };
    socket.onclose = (event) => this.#lost(event);
  }

  #lost(event) {
    if (this.closed) return;
    const refused = event.code === 1008 || (event.code >= 4400 && event.code < 4500);
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

  /** True when the frame went out; audio does not wait, the recording on the server side keeps what arrived. */
  audio(pcm) {
    if (!this.up || this.socket.bufferedAmount > SEND_BUFFER_LIMIT) {
      this.dropped += 1;
      return false;
    }
    this.socket.send(pcm.buffer);
    return true;
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    if (this.socket) this.socket.close(1000);
  }
}
