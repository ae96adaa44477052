/* The microphone in the browser: 16 kHz mono Int16 frames of 40 ms and levels for the meter. */

export const SAMPLE_RATE_HZ = 16000;
export const FRAME_SAMPLES = 640;
/** Longer than a person takes to answer the browser's question, unless it was overlooked. */
const ANSWER_MS = 8000;
/** How long the last sound may take to come over from the audio thread of a busy machine; one that stands brings none. */
const FLUSH_MS = 1000;
const STANDING_FLUSH_MS = 80;

const WORKLET = `
class JfCapture extends AudioWorkletProcessor {
  constructor() {
    super();
    this.out = new Float32Array(${FRAME_SAMPLES});
    this.n = 0; this.phase = 0; this.low = 0; this.mixed = 0; this.best = [];
    this.port.onmessage = ({ data }) => {
      if (data === "flush") { this.port.postMessage(this.out.slice(0, this.n)); this.port.postMessage(null); }
      this.n = 0;
    };
  }
  push(v) {
    this.out[this.n++] = v;
    if (this.n === ${FRAME_SAMPLES}) { this.port.postMessage(this.out.slice()); this.n = 0; }
  }
  /* The mean of the channels; where they cancel each other out, the loudest one. */
  mono(channels) {
    const mean = new Float32Array(channels[0].length);
    for (const channel of channels) for (let i = 0; i < mean.length; i++) mean[i] += channel[i] / channels.length;
    if (channels.length === 1) return mean;
    const energy = (block) => block.reduce((sum, v) => sum + v * v, 0);
    this.mixed = this.mixed * 0.98 + energy(mean);
    this.best = channels.map((channel, c) => (this.best[c] || 0) * 0.98 + energy(channel));
    const loudest = this.best.indexOf(Math.max(...this.best));
    return this.mixed < 0.1 * this.best[loudest] ? channels[loudest] : mean;
  }
  process(inputs) {
    const input = inputs[0];
    if (!input || !input.length) return true;
    const step = sampleRate / ${SAMPLE_RATE_HZ};
    for (const v of this.mono(input)) {
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

export const ERROR_CODES = {
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
    this.onlate = null;
    this.armed = false;
    this.asked = 0;
    this.seen = () => this.#goOn();
    this.clipAt = 1;
    this.level = { rms: 0, clipped: 0, dbfs: -100 };
  }

  get open() {
    return !!this.stream && this.stream.getAudioTracks().some((t) => t.readyState === "live");
  }

  /** The audio device's own clock, ms. */
  get audioMs() {
    return this.context ? this.context.currentTime * 1000 : 0;
  }

  /**
   * Opens the device; throws MicrophoneError with a code the pre-flight knows a mend for. When the person answers the
   * browser's question later than `ANSWER_MS`, `onlate` is called.
   */
  async start(deviceId = "") {
    if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) throw new MicrophoneError("unsupported");
    this.stop();
    const audio = { echoCancellation: true, noiseSuppression: false, autoGainControl: true };
    if (deviceId) audio.deviceId = { exact: deviceId };
    const number = this.asked;
    const asking = navigator.mediaDevices.getUserMedia({ audio, video: false });
    await this.#use(await this.#answered(asking, number));
  }

  /** The stream, or `unanswered` in time; one that comes later is taken if it is still wanted, else stopped. */
  async #answered(asking, number) {
    let timer;
    let late = false;
    const patience = new Promise((_, reject) => {
      timer = setTimeout(() => {
        late = true;
        reject(new MicrophoneError("unanswered"));
      }, ANSWER_MS);
    });
    asking.then(async (stream) => {
      if (number !== this.asked) for (const track of stream.getTracks()) track.stop();
      else if (late) {
        await this.#use(stream);
        this.onlate?.();
      }
    }, () => {});
    try {
      const stream = await Promise.race([asking, patience]);
      if (number !== this.asked) throw new MicrophoneError("closed");
      return stream;
    } catch (error) {
      throw error instanceof MicrophoneError ? error : new MicrophoneError(ERROR_CODES[error.name] || "failed", error.message);
    } finally {
      clearTimeout(timer);
    }
  }

  async #use(stream) {
    this.stream = stream;
    for (const track of stream.getAudioTracks()) track.onended = () => this.onended && this.onended();
    await this.#wire();
    this.arm();
  }

  async #wire() {
    const Context = window.AudioContext || window.webkitAudioContext;
    try {
      this.context = new Context({ sampleRate: SAMPLE_RATE_HZ });
      this.context.createMediaStreamSource(this.stream);
    } catch {
      this.context?.close();
      this.context = new Context();
    }
    document.addEventListener("visibilitychange", this.seen);
    await this.context.resume();
    const url = URL.createObjectURL(new Blob([WORKLET], { type: "text/javascript" }));
    try {
      await this.context.audioWorklet.addModule(url);
    } finally {
      URL.revokeObjectURL(url);
    }
    this.capture = new AudioWorkletNode(this.context, "jf-capture", { numberOfOutputs: 0 });
    this.capture.port.onmessage = (event) => this.#message(event.data);
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
  }

  /** A call or a locked screen stops the sound, and not every browser (iOS) goes on by itself when the person is back. */
  #goOn() {
    const state = this.context?.state;
    if (!document.hidden && state !== "running" && state !== "closed") this.context?.resume().catch(() => {});
  }

  /** Sound flows from now on: through a track of its own, so that it can be stopped at once and started at once. */
  arm() {
    if (!this.context || !this.open) return;
    this.#goOn();
    this.#unplug();
    for (const track of this.stream.getAudioTracks()) track.enabled = true;
    this.live = new MediaStream(this.stream.getAudioTracks().map((track) => track.clone()));
    this.source = this.context.createMediaStreamSource(this.live);
    this.capture.port.postMessage("drop");
    this.source.connect(this.capture);
    this.source.connect(this.analyser);
    this.armed = true;
  }

  /** The track is stopped when this returns; what it had brought already has reached `onframe` when it resolves. */
  disarm() {
    if (!this.armed) return Promise.resolve();
    this.#unplug();
    return new Promise((resolve) => {
      this.flushed = resolve;
      this.capture.port.postMessage("flush");
      setTimeout(resolve, this.context.state === "running" ? FLUSH_MS : STANDING_FLUSH_MS);
    });
  }

  #unplug() {
    if (!this.live) return;
    for (const track of [...this.live.getTracks()]) track.stop();
    for (const track of this.stream?.getAudioTracks() || []) track.enabled = false;
    this.source.disconnect();
    this.live = this.source = null;
    this.armed = false;
    this.level = { rms: 0, clipped: 0, dbfs: -100 };
  }

  #message(floats) {
    if (!floats) this.flushed?.();
    else if (floats.length) this.#frame(floats);
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
    if (this.armed) this.level = { rms, clipped: clipped / floats.length, dbfs: rms > 0 ? 20 * Math.log10(rms) : -100 };
    if (this.onframe) this.onframe(pcm);
  }

  stop() {
    this.asked += 1;
    document.removeEventListener("visibilitychange", this.seen);
    this.#unplug();
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
  }
}

export async function openMicrophone(mic, deviceId) {
  try {
    await mic.start(deviceId);
    return "open";
  } catch (error) {
    return error instanceof MicrophoneError ? error.code : "failed";
  }
}
