/* The camera, only when the person allowed it: eye-contact samples go to the server, pictures stay in the browser. */

import { h } from "./dom.js";
import { startEyeContact } from "./eye_contact.js";

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 } };

export class Camera {
  /** `sample` takes `{at_ms, face, towards_camera}`; `wanted()` says whether looks count now; `lost(text)` says why not. */
  constructor({ sample, wanted, lost }) {
    Object.assign(this, { sample, wanted, lost });
    this.stream = null;
  }

  get on() {
    return !!this.stream;
  }

  async start() {
    if (this.stream || !navigator.mediaDevices) return;
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: SIZE, audio: false });
    } catch {
      this.lost("The camera is not available, so eye contact is not measured. Everything else goes on.");
      return;
    }
    this.video = h("video", { muted: true, playsinline: true, class: "jf-sr", "aria-hidden": "true" });
    this.video.muted = true;
    this.video.srcObject = this.stream;
    document.body.append(this.video);
    await this.video.play().catch(() => {});
    this.stopLooking = startEyeContact(this.video, (found) => this.wanted() && this.sample(found), {
      wanted: this.wanted,
      onUnavailable: () => {
        this.stop();
        this.lost("This browser is too slow for eye contact, so it is not measured. Everything else goes on.");
      },
    });
  }

  stop() {
    this.stopLooking?.();
    this.stopLooking = null;
    for (const track of this.stream?.getTracks() || []) track.stop();
    this.stream = null;
    this.video?.remove();
  }
}
