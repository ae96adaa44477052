/* The way of the microphone's sound to the server: numbered frames over the socket, sent again after a cut. */

import { Take } from "./take.js";

export const WEBRTC_PATIENCE_MS = 10_000;
const SEND_AHEAD_BYTES = 1_000_000;
const PUMP_MS = 100;

/**
 * What is recorded is what the socket brings, each sample once. WebRTC (`offered`: the page mounted its sender;
 * `wanted(false)` tells it to stop) carries the same sound as a stand-in for what a dying browser could not send.
 */
export class AudioPath {
  constructor({ mic, wanted }) {
    this.mic = mic;
    this.wanted = wanted;
    this.link = null;
    this.kind = "socket";
    this.webrtc = "off";
    this.take = null;
    this.held = [];
    this.ending = null;
    this.due = 0;
    mic.onframe = (pcm) => this.#frame(pcm);
  }

  /** `keep`: the same interview over another connection; what it does not have yet goes on waiting. */
  begin(link, { offered, kind, keep = false }) {
    const { take, held, ending } = this;
    this.end();
    if (keep) Object.assign(this, { take, held, ending });
    this.link = link;
    this.kind = kind;
    this.webrtc = offered && kind === "socket" ? "waiting" : "off";
    if (this.webrtc === "waiting") this.timer = setTimeout(() => this.#withoutWebrtc(), WEBRTC_PATIENCE_MS);
  }

  /** The page reports whether its WebRTC sender plays. */
  report({ playing }) {
    if (this.webrtc === "off") return;
    if (playing) clearTimeout(this.timer);
    else if (this.webrtc === "ready") this.#withoutWebrtc();
    if (playing) this.webrtc = "ready";
  }

  #withoutWebrtc() {
    clearTimeout(this.timer);
    this.webrtc = "off";
    this.wanted(false);
  }

  /** Armed: what is said from now on belongs to the answer, of which `recorded` seconds are there already. */
  listen(recorded) {
    if (this.kind !== "socket" || !this.mic.open) return;
    this.ending = null;
    this.take = new Take();
    this.take.whole = !recorded && !this.held.length;
    this.mic.arm();
  }

  /**
   * *Finish*: the track stops at once; `send` goes out behind the last frame, again after a cut, until `settled`.
   * Gives the answer's sound where all of it was captured here.
   */
  async finish(send) {
    const take = this.take;
    this.flushing = true;
    await this.mic.disarm();
    this.flushing = false;
    this.ending = { take, send, out: false };
    this.take = null;
    this.#pump();
    return take?.whole ? take.recording() : null;
  }

  /** Nothing more is heard; what was said is kept and still sent: the person types instead, or the line is refused. */
  async pause() {
    const take = this.take;
    this.flushing = true;
    await this.mic.disarm();
    this.flushing = false;
    if (take) this.held.push(take);
    this.take = null;
    this.#pump();
  }

  /** What was held belongs to an answer that is over. */
  forget() {
    this.held = [];
  }

  /** The capture ended otherwise. */
  stop() {
    if (this.flushing) return;
    this.take = null;
    this.mic.disarm();
  }

  /** The server has acted on *Finish*, or refused it. */
  settled() {
    if (this.ending?.out) this.ending = null;
  }

  /** SOUND_KEPT; true while another window's capture is the one recorded. */
  acknowledged({ take, samples }) {
    for (const mine of [this.take, ...this.held, this.ending?.take]) if (mine?.id === take) mine.acknowledge(samples);
    return !!this.take?.kept && take !== this.take.id;
  }

  /** The connection is there (again). */
  resume() {
    for (const take of this.held) take.rewind();
    this.take?.rewind();
    if (this.ending) {
      this.ending.take?.rewind();
      this.ending.out = false;
    }
    this.#pump();
  }

  #frame(pcm) {
    this.take?.push(pcm, this.mic.audioMs);
    this.#pump();
  }

  #pump() {
    for (const take of this.held) this.#send(take);
    if (this.ending) {
      this.#send(this.ending.take);
      const all = [...this.held, this.ending.take].every((take) => !take || take.done);
      if (this.link?.up && !this.ending.out && all) {
        this.ending.out = true;
        const { take, send } = this.ending;
        send(take?.frames.length ? { take: take.id, timestamp_ms: take.clockAt(take.samples) } : { timestamp_ms: Date.now() });
      }
    }
    this.#send(this.take);
    this.#soonAgain();
  }

  /** What could not go out yet is tried again; where nothing waits, nothing ticks. */
  #soonAgain() {
    const waits = [...this.held, this.ending?.take, this.take].some((take) => take && !take.done);
    if (this.link && !this.due && (waits || (this.ending && !this.ending.out))) {
      this.due = setTimeout(() => {
        this.due = 0;
        this.#pump();
      }, PUMP_MS);
    }
  }

  #send(take) {
    while (take && !take.done && this.link?.up && this.link.backlog < SEND_AHEAD_BYTES) this.link.audio(take.next());
  }

  end() {
    clearTimeout(this.timer);
    clearTimeout(this.due);
    this.due = 0;
    if (this.webrtc !== "off" && this.link) this.wanted(false);
    this.webrtc = "off";
    this.link = this.take = this.ending = null;
    this.held = [];
  }
}
