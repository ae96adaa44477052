/* One unbroken capture of an answer: its frames with number, place and clock, kept until the server has them. */

export const SAMPLES_PER_MS = 16;
const HEAD_BYTES = 24;
const VERSION = 1;
const KEEP_FRAMES = 20 * 60 * 25;
const SUSPENDED_MS = 300;
const LAGS = 4;

export class Take {
  constructor(now = () => performance.timeOrigin + performance.now()) {
    this.now = now;
    this.id = crypto.getRandomValues(new Uint32Array(1))[0];
    this.frames = [];
    this.samples = 0;
    this.kept = 0;
    this.sent = 0;
    this.lags = [];
    this.asleep = 0;
  }

  /** The browser's clock at a sample, ms since 1970. */
  clockAt(sample) {
    return this.origin + sample / SAMPLES_PER_MS;
  }

  /** `audioMs`: how long the audio device has been running, by its own clock. */
  push(pcm, audioMs) {
    const now = this.now();
    if (!this.frames.length) {
      this.origin = now - pcm.length / SAMPLES_PER_MS;
      this.ahead = now - audioMs;
    }
    this.#bridge(now - audioMs - this.ahead);
    this.frames.push({ pcm, first: this.samples });
    this.samples += pcm.length;
    if (this.frames.length > KEEP_FRAMES) this.#forget(this.frames.length - KEEP_FRAMES - 1);
  }

  /** A device that was put to sleep delivers nothing and its clock stands: that time is silence, not nothing. */
  #bridge(asleep) {
    this.lags = [...this.lags.slice(1 - LAGS), asleep - this.asleep];
    const least = this.lags.length < LAGS ? 0 : Math.min(...this.lags);
    if (least < SUSPENDED_MS) return;
    this.samples += Math.round(least * SAMPLES_PER_MS);
    this.asleep += least;
    this.lags = [];
  }

  #forget(index) {
    const frame = this.frames[index];
    if (frame?.pcm && frame.first + frame.pcm.length <= this.kept) frame.pcm = null;
  }

  /** The server has everything before `samples`. */
  acknowledge(samples) {
    this.kept = Math.max(this.kept, samples);
  }

  /** After a cut: what is not acknowledged goes out again. */
  rewind() {
    const first = this.frames.findIndex((f) => f.pcm && f.first + f.pcm.length > this.kept);
    this.sent = first < 0 ? this.frames.length : Math.min(this.sent, first);
  }

  get done() {
    return this.sent >= this.frames.length;
  }

  /** The next frame as it goes over the socket; the shape stands in docs/protocol.md. */
  next() {
    const sequence = this.sent++;
    const { pcm, first } = this.frames[sequence];
    const packet = new ArrayBuffer(HEAD_BYTES + pcm.byteLength);
    const head = new DataView(packet);
    head.setUint8(0, VERSION);
    head.setUint32(4, this.id, true);
    head.setUint32(8, sequence, true);
    head.setUint32(12, first, true);
    head.setFloat64(16, this.clockAt(first), true);
    new Int16Array(packet, HEAD_BYTES).set(pcm);
    return packet;
  }

  /** Everything as a WAV blob; null when there is nothing, or not all of it is here any more. */
  recording() {
    if (!this.frames.length || this.frames.some((f) => !f.pcm)) return null;
    const data = new Int16Array(this.samples);
    for (const { pcm, first } of this.frames) data.set(pcm, first);
    return wav(data);
  }
}

function wav(data) {
  const rate = SAMPLES_PER_MS * 1000;
  const head = new DataView(new ArrayBuffer(44));
  const text = (at, value) => [...value].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  head.setUint32(4, 36 + data.byteLength, true);
  text(8, "WAVEfmt ");
  head.setUint32(16, 16, true);
  head.setUint16(20, 1, true);
  head.setUint16(22, 1, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, rate * 2, true);
  head.setUint16(32, 2, true);
  head.setUint16(34, 16, true);
  text(36, "data");
  head.setUint32(40, data.byteLength, true);
  return new Blob([head.buffer, data.buffer], { type: "audio/wav" });
}
