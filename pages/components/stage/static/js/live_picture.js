/* The live interviewer: joins the LiveKit room the conductor names and shows its face over the drawn one.

   The library (vendored, /assets/livekit/) is loaded when there is a picture to show. What cannot be joined is reported,
   and the drawn persona goes on. In FULL mode the avatar is told here what to say, over the room's data channel. */

import { h } from "./dom.js";

const LIBRARY = "/assets/livekit/livekit-client.umd.js";
const LIVE_JOIN_MS = 8000;
const LIVE_START_MS = 4000;
const LIVE_LONGEST_MS = 180_000;
const TO_AVATAR = "agent-control";
const FROM_AVATAR = "agent-response";

let loading = null;

/** The library, once; a failed attempt may be repeated. */
function library() {
  loading ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = () => (window.LivekitClient ? resolve(window.LivekitClient) : reject(new Error("no library")));
    script.onerror = () => reject(new Error("not loaded"));
    document.head.append(script);
  }).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

export class LivePicture {
  /** `report(session_id, shown)` tells the conductor; `changed()` is called when the face comes or goes. */
  constructor({ report, changed }) {
    this.report = report;
    this.changed = changed;
    this.node = h("div", { class: "jf-live", "aria-hidden": "true" });
    this.room = null;
    this.session = "";
    this.shown = false;
    this.saying = null;
  }

  /** AVATAR_STREAM: a room to join, or none any more. */
  async follow(stream, name) {
    if (!stream.url) return this.leave();
    if (stream.session_id === this.session) return undefined;
    this.leave();
    const session = (this.session = stream.session_id);
    this.joined = new Promise((resolve) => (this.settle = resolve));
    this.patience = setTimeout(() => this.#failed(session), LIVE_JOIN_MS);
    try {
      const kit = await library();
      if (session !== this.session) return undefined;
      this.room = this.#roomOf(kit, session, name);
      await this.room.connect(stream.url, stream.token);
    } catch {
      this.#failed(session);
    }
    return undefined;
  }

  #roomOf(kit, session, name) {
    const room = new kit.Room({ adaptiveStream: false, dynacast: false });
    const events = kit.RoomEvent;
    room.on(events.TrackSubscribed, (track) => session === this.session && this.#attach(track, session, name));
    room.on(events.DataReceived, (payload, _from, _kind, topic) => topic === FROM_AVATAR && this.#heard(payload));
    room.on(events.Disconnected, (reason) => {
      if (session !== this.session) return;
      // The same person in another tab took the room over: that one shows the face, this one the drawing.
      if (reason === kit.DisconnectReason?.DUPLICATE_IDENTITY) this.leave();
      else this.#failed(session);
    });
    return room;
  }

  #attach(track, session, name) {
    const media = track.attach();
    if (track.kind === "video") {
      media.setAttribute("aria-label", `${name}, live`);
      media.playsInline = true;
      media.addEventListener("playing", () => this.#appeared(session), { once: true });
    }
    this.node.append(media);
    if (media.readyState >= 2 && track.kind === "video" && !media.paused) this.#appeared(session);
  }

  #appeared(session) {
    if (session !== this.session || this.shown) return;
    clearTimeout(this.patience);
    this.shown = true;
    this.settle(true);
    this.report(session, true);
    this.changed();
  }

  #failed(session) {
    if (session !== this.session) return;
    this.leave();
    this.report(session, false);
  }

  /** What it was to say has to be said otherwise. */
  giveUp() {
    if (this.session) this.#failed(this.session);
  }

  /** Back to the drawing, without a word to anybody. */
  leave() {
    clearTimeout(this.patience);
    const { room, shown } = this;
    this.room = null;
    this.session = "";
    this.shown = false;
    this.settle?.(false);
    this.#over(false);
    room?.disconnect();
    this.node.replaceChildren();
    if (shown) this.changed();
  }

  /** FULL mode: has the avatar say it; false when it cannot. */
  async say({ task_id, text }, on) {
    if (!this.session || !(await this.joined)) return false;
    return new Promise((resolve) => {
      this.#over(false);
      const started = setTimeout(() => this.#over(false), LIVE_START_MS);
      const limit = setTimeout(() => this.#over(true), LIVE_LONGEST_MS);
      this.saying = { task_id, resolve, on, started, limit };
      this.#tell("avatar.speak_text", { event_id: task_id, text }).catch(() => this.#over(false));
    });
  }

  /** Cut off. */
  hush() {
    if (!this.saying) return;
    this.#over(true);
    this.#tell("avatar.interrupt", {}).catch(() => {});
  }

  async #tell(event_type, fields) {
    const event = { event_type, session_id: this.session, ...fields };
    const data = new TextEncoder().encode(JSON.stringify(event));
    await this.room.localParticipant.publishData(data, { reliable: true, topic: TO_AVATAR });
  }

  #heard(payload) {
    let event;
    try {
      event = JSON.parse(new TextDecoder().decode(payload));
    } catch {
      return;
    }
    const said = this.saying;
    if (!said || (event.source_event_id && event.source_event_id !== said.task_id)) return;
    if (event.event_type === "avatar.speak_started") {
      clearTimeout(said.started);
      said.on.start?.("live");
    }
    if (event.event_type === "avatar.speak_ended") this.#over(true);
  }

  #over(ok) {
    const said = this.saying;
    this.saying = null;
    if (!said) return;
    clearTimeout(said.started);
    clearTimeout(said.limit);
    said.resolve(ok);
  }
}
