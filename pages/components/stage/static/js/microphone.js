/* The microphone in the browser: 16 kHz mono Int16 frames of 40 ms, levels for the meter, and the answer kept for replay. */

export const SAMPLE_RATE_HZ = 16000;
export const FRAME_SAMPLES = 640;
const RING_S = 6;
const KEEP_S = 20 * 60;

const WORKLET = `
class JfCapture extends AudioWorkletProcessor {
  constructor() { super(); this.out = new Float32Array(${FRAME_SAMPLES}); this.n = 0; this.phase = 0; this.low = 0; }
  push(v) {
    this.out[this.n++] = v;
    if (this.n === ${FRAME_SAMPLES}) { this.port.postMessage(this.out.slice()); this.n = 0; }
  }
  process(inputs) {
    const input = inputs[0];
    if (!input || !input.length) return true;
    const step = sampleRate / ${SAMPLE_RATE_HZ};
    for (let i = 0; i < input[0].length; i++) {
      let v = 0;
      for (const channel of input) v += channel[i] / input.length;
      if (step === 1) { this.push(v); continue; }
      this.low += (v - this.low) * Math.min(1, 0.9 / step * 1.6);
      this.phase += 1;
      if (this.phase >= step) { this.phase -= step; this.push(this.low); }
    }
    return true;
  }
}
registerProcessor("jf-capture", JfCapture);`;

export class MicrophoneError extends Error {
  constructor(code, detail = "") {
    super(detail || code);
    this.code = code;
  }
}

const ERROR_CODES = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "none",
  OverconstrainedError: "wrong_device",
  NotReadableError: "in_use",
  AbortError: "in_use",
};

export async function inputDevices() {
  if (!navigator.mediaDevices || !navigator.mediaDevices.enumerateDevices) return [];
  const all = await navigator.mediaDevices.enumerateDevices();
  return all.filter((d) => d.kind === "audioinput" && d.deviceId).map((d) => ({ id: d.deviceId, label: d.label }));
}

export class Microphone {
  constructor() {
    this.stream = null;
    this.context = null;
    this.analyser = null;
    this.onframe = null;
    this.onended = null;
    this.ring = [];
    this.kept = null;
    this.clipAt = 1;
    this.level = { rms: 0, clipped: 0, dbfs: -100 };
  }

  get open() {
    return !!this.stream && this.stream.getAudioTracks().some((t) => t.readyState === "live");
  }

  get deviceLabel() {
    const track = this.stream && this.stream.getAudioTracks()[0];
    return track ? track.label : "";
  }

  get muted() {
    const track = this.stream && this.stream.getAudioTracks()[0];
    return !!track && track.muted;
  }

  /** Opens the device; throws MicrophoneError with a code the pre-flight knows a mend for. */
  async start(deviceId = "") {
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw new MicrophoneError("unsupported");
    this.stop();
    const audio = { echoCancellation: true, noiseSuppression: false, autoGainControl: true };
    if (deviceId) audio.deviceId = { exact: deviceId };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio, video: false });
    } catch (error) {
      throw new MicrophoneError(ERROR_CODES[error.name] || "failed", error.message);
    }
    for (const track of this.stream.getAudioTracks()) track.onended = () => this.onended && this.onended();
    await this.#wire();
  }

  async #wire() {
    const Context = window.AudioContext || window.webkitAudioContext;
    let source;
    try {
      this.context = new Context({ sampleRate: SAMPLE_RATE_HZ });
      source = this.context.createMediaStreamSource(this.stream);
    } catch {
      this.context = new Context();
      source = this.context.createMediaStreamSource(this.stream);
    }
    await this.context.resume();
    const url = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    try {
      await this.context.audioWorklet.addModule(url);
    } finally {
      URL.revokeObjectURL(url);
    }
    const capture = new AudioWorkletNode(this.context, "jf-capture", { numberOfOutputs: 0 });
    capture.port.onmessage = (event) => this.#frame(event.data);
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
    source.connect(capture);
    source.connect(this.analyser);
  }

  #frame(floats) {
    const pcm = new Int16Array(floats.length);
    let sum = 0;
    let clipped = 0;
    for (let i = 0; i < floats.length; i++) {
      const v = Math.max(-1, Math.min(1, floats[i]));
      pcm[i] = v < 0 ? v * 32768 : v * 32767;
      sum += v * v;
      if (Math.abs(v) >= this.clipAt) clipped += 1;
    }
    const rms = Math.sqrt(sum / floats.length);
    this.level = { rms, clipped: clipped / floats.length, dbfs: rms > 0 ? 20 * Math.log10(rms) : -100 };
    this.ring.push(pcm);
    if (this.ring.length > (RING_S * SAMPLE_RATE_HZ) / FRAME_SAMPLES) this.ring.shift();
    if (this.kept && this.kept.length < (KEEP_S * SAMPLE_RATE_HZ) / FRAME_SAMPLES) this.kept.push(pcm);
    if (this.onframe) this.onframe(pcm, this.level);
  }

  /** Frames of the last `seconds`, oldest first: what a path that went silent has to be given again. */
  recent(seconds) {
    const count = Math.ceil((seconds * SAMPLE_RATE_HZ) / FRAME_SAMPLES);
    return this.ring.slice(-Math.min(count, this.ring.length));
  }

  keep(on) {
    this.kept = on ? [] : null;
  }

  /** The kept answer as a WAV blob, null when nothing was kept. */
  recording() {
    if (!this.kept || !this.kept.length) return null;
    const data = new Int16Array(this.kept.length * FRAME_SAMPLES);
    this.kept.forEach((frame, i) => data.set(frame, i * FRAME_SAMPLES));
    const head = new DataView(new ArrayBuffer(44));
    const text = (at, value) => [...value].forEach((c, i) => head.setUint8(at + i, c.charCodeAt(0)));
    text(0, "RIFF");
    head.setUint32(4, 36 + data.byteLength, true);
    text(8, "WAVEfmt ");
    head.setUint32(16, 16, true);
    head.setUint16(20, 1, true);
    head.setUint16(22, 1, true);
    head.setUint32(24, SAMPLE_RATE_HZ, true);
    head.setUint32(28, SAMPLE_RATE_HZ * 2, true);
    head.setUint16(32, 2, true);
    head.setUint16(34, 16, true);
    text(36, "data");
    head.setUint32(40, data.byteLength, true);
    return new Blob([head.buffer, data.buffer], { type: "audio/wav" });
  }

  stop() {
    if (this.stream) {
      for (const track of this.stream.getTracks()) {
        track.onended = null;
        track.stop();
      }
    }
    if (this.context && this.context.state !== "closed") this.context.close();
    this.stream = null;
    this.context = null;
    this.analyser = null;
    this.ring = [];
  }
}
