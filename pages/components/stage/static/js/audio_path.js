/* Which way the microphone's audio reaches the server: WebRTC when it is up in time, else frames over the socket. */

import { MicrophoneError } from "./microphone.js";

export const WEBRTC_PATIENCE_MS = 4000;
const SILENT_PATH_MS = 900;

/**
 * `offered`: the page mounted a WebRTC sender; `wanted(false)` tells it to stop. For one answer the conductor takes
 * socket frames or WebRTC frames, never both: the first socket frame of an answer shuts WebRTC out of it. The path never changes inside an answer, except when WebRTC goes silent: then the socket takes over and the
 * frames since its last sign of life are sent again.
 */
export class AudioPath {
  constructor({ mic, wanted }) {
    this.mic = mic;
    this.wanted = wanted;
    this.link = null;
    this.kind = "socket";
    this.webrtc = "off";
    this.listening = false;
    this.armed = true;
    this.sign = 0;
    mic.onframe = (pcm) => this.#frame(pcm);
  }

  begin(link, { offered, kind }) {
    this.link = link;
    this.kind = kind;
    this.webrtc = offered && kind === "socket" ? "waiting" : "off";
    if (this.webrtc === "waiting") this.timer = setTimeout(() => this.#giveUp(), WEBRTC_PATIENCE_MS);
  }

  /** The page reports whether its WebRTC sender plays. */
  report({ playing }) {
    if (this.webrtc === "off") return;
    if (playing && this.webrtc === "waiting") {
      clearTimeout(this.timer);
      this.webrtc = "ready";
    }
    if (!playing && this.webrtc === "ready") this.#giveUp();
    if (!this.listening) this.kind = this.#choose();
  }

  #choose() {
    if (this.kind === "none" || this.kind === "upload") return this.kind;
    return this.webrtc === "ready" ? "webrtc" : "socket";
  }

  #giveUp() {
    clearTimeout(this.timer);
    this.webrtc = "off";
    this.wanted(false);
    if (this.kind === "webrtc") this.#takeOver();
  }

  startListening() {
    this.listening = true;
    this.sign = performance.now();
    this.mic.keep(true);
  }

  stopListening() {
    this.listening = false;
    this.kind = this.#choose();
  }

  /** A level arrived from the server, so frames reach it. */
  alive() {
    this.sign = performance.now();
  }

  #takeOver() {
    const silent = Math.min(6, (performance.now() - this.sign) / 1000);
    this.kind = "socket";
    if (this.listening) for (const pcm of this.mic.recent(silent)) this.link.audio(pcm);
  }

  #frame(pcm) {
    if (!this.link) return;
    if (this.kind === "webrtc" && this.listening && performance.now() - this.sign > SILENT_PATH_MS) {
      this.#giveUp();
      return;
    }
    if (this.kind === "socket" && this.armed) this.link.audio(pcm);
  }

  end() {
    clearTimeout(this.timer);
    if (this.webrtc !== "off" && this.link) this.wanted(false);
    this.webrtc = "off";
    this.link = null;
    this.listening = false;
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
