/* The camera, only when the person allowed it: eye-contact samples go to the server, pictures stay in the browser. */

import { h } from "./dom.js";
import { startEyeContact } from "./eye_contact.js";

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };

export class Camera {
  /** `sample` takes `{at_ms, face, towards_camera}`; `wanted()` says whether looks count now; `lost(text)` says why not. */
  constructor({ sample, wanted, lost }) {
    Object.assign(this, { sample, wanted, lost });
    this.stream = null;
    this.asked = 0;
  }

  get on() {
    return !!this.stream;
  }

  async start() {
    if (this.stream || !navigator.mediaDevices) return;
    const asked = (this.asked += 1);
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ video: SIZE, audio: false });
      if (asked !== this.asked) return stopped(stream);
      this.stream = stream;
    } catch {
      if (asked !== this.asked) return;
      this.lost("The camera is not available, so eye contact is not measured. Everything else goes on.");
      return;
    }
    for (const track of this.stream.getTracks()) track.onended = () => this.#gone();
    this.video = h("video", { muted: true, playsinline: true, class: "jf-sr", "aria-hidden": "true" });
    this.video.muted = true;
    this.video.srcObject = this.stream;
    document.body.append(this.video);
    await this.video.play().catch(() => {});
    if (asked !== this.asked) return;
    this.stopLooking = startEyeContact(this.video, (found) => this.wanted() && this.sample(found), {
      wanted: this.wanted,
      onUnavailable: () => {
        this.stop();
        this.lost("This browser is too slow for eye contact, so it is not measured. Everything else goes on.");
      },
    });
  }

  /** It was unplugged, or taken back in the browser: a picture that stands still says nothing. */
  #gone() {
    this.stop();
    this.lost("The camera is gone, so eye contact is not measured any more. Everything else goes on.");
  }

  /** Also one that is only being asked for. */
  stop() {
    this.asked += 1;
    this.stopLooking?.();
    this.stopLooking = null;
    stopped(this.stream);
    this.stream = null;
    this.video?.remove();
  }
}

function stopped(stream) {
  for (const track of stream?.getTracks() || []) {
    track.onended = null;
    track.stop();
  }
}
