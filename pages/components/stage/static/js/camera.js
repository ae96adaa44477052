/* The camera, if the person wants it: only to tell whether they look towards it. No picture is kept or sent. */

import { startEyeContact } from "./eye_contact.js";

export class Camera {
  constructor(onlost) {
    this.onlost = onlost;
    this.onSample = null;
    this.video = null;
    this.stop = null;
  }

  get on() {
    return this.video !== null;
  }

  /** Asks for the camera; false when it is refused or there is none. */
  async open() {
    if (this.on) return true;
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 640 }, height: { ideal: 480 } } });
    } catch {
      return false;
    }
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true, srcObject: stream });
    stream.getVideoTracks()[0].onended = () => this.#lost();
    await this.video.play().catch(() => {});
    this.stop = startEyeContact(this.video, (sample) => this.onSample?.(sample), {
      wanted: () => this.onSample !== null,
      onUnavailable: () => this.#lost(),
    });
    return true;
  }

  /** Samples go to `onSample` until `rest()`. */
  watch(onSample) {
    this.onSample = onSample;
  }

  rest() {
    this.onSample = null;
  }

  close() {
    this.rest();
    this.stop?.();
    this.stop = null;
    this.video?.srcObject?.getTracks().forEach((track) => track.stop());
    this.video = null;
  }

  #lost() {
    if (!this.on) return;
    this.close();
    this.onlost();
  }
}
