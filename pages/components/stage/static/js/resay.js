/* One sentence said again: recorded in this browser alone, heard beside the old one, and stitched into the whole answer. */

const FADE_S = 0.02;

/** Records until `stop` is called. Nothing is sent anywhere. */
export class Clip {
  constructor() {
    this.chunks = [];
  }

  async start(deviceId) {
    const audio = deviceId ? { deviceId: { ideal: deviceId } } : true;
    this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    try {
      this.recorder = new MediaRecorder(this.stream);
      this.recorder.ondataavailable = (event) => event.data.size && this.chunks.push(event.data);
      this.recorder.start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** The recording as a blob; empty when nothing was recorded. */
  async stop() {
    if (this.recorder?.state === "recording") {
      const ended = new Promise((resolve) => this.recorder.addEventListener("stop", resolve, { once: true }));
      this.recorder.stop();
      await ended;
    }
    for (const track of this.stream?.getTracks() || []) track.stop();
    return new Blob(this.chunks, { type: this.recorder?.mimeType || "audio/webm" });
  }
}

/** The old recording with the seconds `from` to `to` replaced by the new one; a WAV blob. */
export async function stitched(oldSound, newSound, from, to) {
  const context = new AudioContext();
  try {
    const [before, fresh] = await Promise.all([oldSound, newSound].map((sound) => context.decodeAudioData(sound)));
    const rate = before.sampleRate;
    const head = before.getChannelData(0).slice(0, Math.max(0, Math.round(from * rate)));
    const tail = before.getChannelData(0).slice(Math.min(before.length, Math.round(to * rate)));
    const spoken = trimmed(await resampled(fresh, rate), rate);
    return asWav([faded(head, rate), faded(spoken, rate), faded(tail, rate)], rate);
  } finally {
    context.close();
  }
}

async function resampled(buffer, rate) {
  const offline = new OfflineAudioContext(1, Math.max(1, Math.round(buffer.duration * rate)), rate);
  const source = offline.createBufferSource();
  source.buffer = buffer;
  source.connect(offline.destination);
  source.start();
  return (await offline.startRendering()).getChannelData(0);
}

/** Without the silence at both ends. */
function trimmed(samples, rate) {
  const step = Math.round(rate * 0.02);
  const loud = (at) => samples.subarray(at, at + step).some((v) => Math.abs(v) > 0.02);
  let from = 0;
  let to = samples.length;
  while (from + step < to && !loud(from)) from += step;
  while (to - step > from && !loud(to - step)) to -= step;
  return samples.slice(Math.max(0, from - step * 3), Math.min(samples.length, to + step * 3));
}

/** A soft edge, so that the seam does not click. */
function faded(samples, rate) {
  const length = Math.min(Math.round(FADE_S * rate), samples.length >> 1);
  for (let i = 0; i < length; i++) {
    samples[i] *= i / length;
    samples[samples.length - 1 - i] *= i / length;
  }
  return samples;
}

function asWav(pieces, rate) {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + count * 2));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + count * 2, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, count * 2, true);
  let at = 44;
  for (const piece of pieces) {
    for (const v of piece) {
      view.setInt16(at, Math.max(-1, Math.min(1, v)) * 32767, true);
      at += 2;
    }
  }
  return new Blob([view.buffer], { type: "audio/wav" });
}
