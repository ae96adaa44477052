/* The stage: one element that shows every state of an interview and sends the person's commands. */

import { AudioPath } from "./audio_path.js";
import { Camera } from "./camera.js";
import { COMMANDS } from "./commands.js";
import { button, clock, fill, h, icon } from "./dom.js";
import { forgetMode, keepMode, keepWish, modeOf, wishOf } from "./drafts.js";
import { GATE_MS, receive } from "./events.js";
import { onKey } from "./keys.js";
import { LEAVING } from "./leaving.js";
import { Link } from "./link.js";
import { LivePicture } from "./live_picture.js";
import { inputDevices, Microphone, openMicrophone } from "./microphone.js";
import { Player } from "./player.js";
import { MENDS, Preflight } from "./preflight.js";
import { Scene } from "./scene.js";
import { figureOf } from "./still.js";
import { dashboardView, delayedView, errorView, summaryView } from "./view_feedback.js";
import { isUnscored } from "./view_care.js";
import { introView } from "./view_intro.js";
import { reviewView, skeletonView } from "./view_live.js";
import { selfRateView } from "./view_selfrate.js";
import { Voice } from "./voice.js";

const NO_STATE = { status: "", view_state: "INTRO_LOADING", current_question: null, attempt_number: 0, history: [] };
const SCENE_STATES = ["ASKING", "LISTENING"];
const SILENT_LINE = "The line is open, but nothing comes. What you say is kept in this browser and sent as soon as it flows again.";
const CUT_LINE = "We go on trying. What you say and write is kept in this browser and sent as soon as the line is back.";
/** So many tries without success are told until one succeeds. */
const TOLD_TRIES = 3;
const TICK_MS = 100;
const OTHER_WINDOW = "This answer is being recorded in another window. Finish it there, or start over here.";

function freshUi() {
  return { tab: "content", notes: false, side: "polished", saved: "", copied: false, heard: null };
}

export class Stage {
  constructor(host) {
    this.host = host;
    this.data = { personas: [], jobs: [], saved: [] };
    this.setup = { persona_id: "", q_count: 3, job_id: "", device_id: "", camera: false, self_rating: wishOf("self_rating") };
    this.mic = new Microphone();
    this.micState = "closed";
    this.devices = [];
    this.preflight = new Preflight();
    this.voice = new Voice();
    this.player = new Player();
    this.path = new AudioPath({ mic: this.mic, wanted: (on) => this.act("audio_path", { webrtc: on }) });
    this.camera = new Camera({
      sample: (found) => this.link?.send("EYE_CONTACT", found),
      wanted: () => this.view === "LISTENING",
      lost: (why) => this.toast(why),
    });
    this.picture = new LivePicture({
      report: (session_id, shown) => this.link?.send("AVATAR_VIEW", { session_id, shown }),
      changed: () => this.scene.refresh(),
    });
    this.level = null;
    this.levelAt = 0;
    this.unheard = [];
    this.askedLast = 0;
    this.#clear();
    this.#build();
  }

  #clear() {
    this.session = null;
    this.starting = false;
    this.waiting = false;
    this.moving = false;
    this.state = NO_STATE;
    this.view = "INTRO_LOADING";
    this.scores = this.rewrite = this.review = this.error = this.summary = null;
    this.submitted = this.setAside = null;
    this.followUp = "";
    this.gateMs = GATE_MS;
    this.processingSince = 0;
    this.connection = "idle";
    this.ui = freshUi();
  }

  #build() {
    this.scene = new Scene(this);
    this.board = h("section", { class: "jf-board", "aria-label": "Interview" });
    this.live = h("div", { class: "jf-sr", "aria-live": "polite" });
    this.toasts = h("div", { class: "jf-toasts", role: "status" });
    this.banners = new Map();
    this.standing = h("div", { class: "jf-banners" });
    this.root = h("div", { class: "jf", "data-state": this.view }, this.scene.node, this.board, this.standing, this.toasts, this.live);
    fill(this.host, this.root);
    this.keyed = (event) => onKey(this, event);
    document.addEventListener("keydown", this.keyed);
  }

  /** The person wanted to rate themselves first, and has not yet, nor passed. */
  get asksSelfRating() {
    const scores = this.scores;
    if (!this.setup.self_rating || !scores || scores.self_rating || this.selfPassed === scores.attempt_id) return false;
    return !isUnscored(scores.care);
  }

  /** Called by Streamlit at every run of the page. */
  update(data, { trigger }) {
    this.trigger = trigger;
    const first = !this.data.personas.length;
    const left = (data.reset || 0) > (this.data.reset || 0);
    const savedBefore = JSON.stringify([this.data.saved, this.data.in_resume]);
    this.data = { ...this.data, ...data };
    this.unheard = this.unheard.filter((wish) => wish.seq > (this.data.heard || 0));
    this.preflight.limits = this.data.preflight || null;
    this.mic.clipAt = this.data.preflight?.clip_at || 1;
    if (first) Object.assign(this.setup, { persona_id: data.persona_id, q_count: data.q_count || 3, job_id: data.job_id || "" });
    if (data.session && this.starting && data.session.join === this.joining) this.#join(data.session);
    if (!data.session && this.session && !this.starting) this.#unseated(left);
    if (data.failure && data.failed_at !== this.failedAt) this.#failed(data.failure, data.failed_at);
    this.path.report(data.webrtc || {});
    this.#showPath();
    if (first || !this.session || savedBefore !== JSON.stringify([this.data.saved, this.data.in_resume])) this.refresh();
    if (data.told && data.told !== this.toldShown) this.toast((this.toldShown = data.told));
  }

  /** The page knows of no interview: the person left it, or the server was started anew and it is taken up again. */
  #unseated(left) {
    if (left || this.summary) return this.leave();
    this.rejoining = true;
    this.begin({ resume: this.session.interview_id, audio: this.audioKind || "socket" });
  }

  #failed(message, at) {
    this.failedAt = at;
    this.starting = false;
    this.joining = 0;
    this.ui.saved = "";
    this.toast(message, "bad");
    const lost = this.rejoining;
    this.rejoining = false;
    if (lost) this.leave();
    else this.refresh();
  }

  /** Asks the page for something. Of two wishes in one run a page hears the last alone, so each brings along what was
      not heard before it; `seq` grows, so that nothing is done twice. */
  act(name, payload) {
    if (!this.trigger) return;
    const seq = (this.askedLast = Math.max(Date.now(), this.askedLast + 1, (this.data.heard || 0) + 1));
    const wish = { name, at: seq, ...payload, seq };
    this.trigger("act", { ...wish, before: this.unheard });
    this.unheard = [...this.unheard, wish];
  }

  get persona() {
    const id = this.state.persona_id || this.setup.persona_id;
    return this.data.personas.find((p) => p.id === id) || this.data.personas[0];
  }

  portrait(spec) {
    return figureOf(spec).node;
  }

  choose(change) {
    Object.assign(this.setup, change);
    if ("self_rating" in change) keepWish("self_rating", change.self_rating);
    this.scene.refresh();
    if (!("job_id" in change)) this.refresh();
  }

  /* Microphone check ------------------------------------------------------------------------------------------- */

  async checkMicrophone() {
    const asked = (this.micAsked = (this.micAsked || 0) + 1);
    this.preflight.reset();
    this.micState = "opening";
    this.micBox?.refresh();
    this.mic.onended = () => this.#microphoneLost();
    this.mic.onlate = () => this.#microphoneOpened();
    const state = await openMicrophone(this.mic, this.setup.device_id);
    if (asked !== this.micAsked) return false;
    this.micState = state;
    if (state === "open") await this.#microphoneOpened();
    else if (this.banners.has("microphone")) this.#microphoneMissing(state);
    this.devices = await inputDevices();
    this.micBox?.refresh();
    return this.micState === "open";
  }

  async #microphoneOpened() {
    this.micState = "open";
    this.#beat();
    this.banner("microphone", null);
    this.devices = await inputDevices();
    this.micBox?.refresh();
    if (this.view === "LISTENING") {
      this.restartClock(this.recordedS());
      this.#arm();
    } else if (this.view !== "INTRO_LOADING") this.mic.disarm();
  }

  #microphoneLost() {
    const before = this.setup.device_id;
    this.setup.device_id = "";
    this.mic.stop();
    this.path.pause();
    this.scene.controls.setPhase("idle");
    this.micState = "wrong_device";
    this.micBox?.refresh();
    if (this.audioKind !== "socket" || !this.session) {
      if (before || this.view === "INTRO_LOADING") this.toast(MENDS.wrong_device.title, "bad");
      return;
    }
    this.#microphoneMissing("wrong_device");
  }

  /** Said until a new one is taken. */
  #microphoneMissing(code) {
    const says = MENDS[code] || MENDS.failed;
    const kept = this.view === "LISTENING" ? "What you said so far is kept. " : "";
    this.banner("microphone", h("div", {}, h("strong", {}, says.title), h("span", {}, `${kept}${says.mend}`)),
      button("Use another microphone", { kind: "secondary", glyph: "mic", onclick: () => this.checkMicrophone() }));
  }

  /** What is said from now on belongs to the answer. */
  #arm() {
    if (this.audioKind !== "socket") return;
    if (this.mic.open) this.path.listen(this.recordedS());
    else if (this.micState !== "opening") this.#microphoneMissing(this.micState === "closed" ? "none" : this.micState);
  }

  /** Seconds of this answer that the server has. */
  recordedS() {
    return Math.max(this.state.recoverable_s || 0, this.level?.seconds || 0);
  }

  /** What stands until it is over: `content` null takes it away. */
  banner(key, ...content) {
    this.banners.get(key)?.remove();
    this.banners.delete(key);
    if (content[0] === null) return;
    const note = h("div", { class: "jf-banner", role: "alert", "data-key": `banner-${key}` }, icon("alert"), content);
    this.banners.set(key, note);
    this.standing.append(note);
  }

  pickDevice(id) {
    this.setup.device_id = id;
    this.checkMicrophone();
  }

  /* Start, resume, leave ----------------------------------------------------------------------------------------- */

  async begin({ audio = "socket", resume = "", practise = "" } = {}) {
    if (this.starting && (audio === "socket" || this.joining)) return;
    const asked = (this.beganAt = performance.now());
    this.starting = true;
    this.audioKind = audio;
    this.voice.unlock();
    this.refresh();
    if (audio === "socket" && !this.mic.open && !this.rejoining && !(await this.checkMicrophone())) {
      if (asked !== this.beganAt) return;
      this.starting = false;
      this.refresh();
      return;
    }
    if (asked !== this.beganAt) return;
    if (audio !== "socket") this.#withoutMicrophone();
    if (this.setup.camera) this.camera.start();
    const { persona_id, q_count, job_id, device_id } = this.setup;
    if (!resume && !practise && !this.session) practise = this.data.again?.id || "";
    this.joining = Date.now();
    this.act(resume ? "resume" : practise ? "practise" : "start", { at: this.joining, id: resume || practise, persona_id, q_count, job_id, device_id, audio });
  }

  /** One question again, in an interview of its own. */
  practise(exchange_id) {
    const audio = this.audioKind === "none" ? "none" : "socket";
    this.leave();
    this.begin({ practise: exchange_id, audio });
  }

  #withoutMicrophone() {
    this.micAsked = (this.micAsked || 0) + 1;
    this.mic.stop();
    this.micState = "closed";
  }

  /** Goes on in the mode it was in. */
  resume(id) {
    this.begin({ resume: id, audio: modeOf(id) });
  }

  /** Type or speak, at any moment of an answer; what was said or written so far is kept. */
  async answerBy(kind) {
    if (this.view !== "LISTENING" || kind === this.audioKind) return;
    this.audioKind = this.path.kind = kind;
    keepMode(this.session.interview_id, kind);
    this.banner("microphone", null);
    this.scene.refresh();
    if (kind !== "socket") {
      this.path.pause();
      this.scene.controls.querySelector("textarea")?.focus();
    } else if (this.mic.open) this.#arm();
    else await this.checkMicrophone();
    if (this.audioKind === "socket" && !this.mic.open) this.#microphoneMissing(this.micState);
  }

  #join(session) {
    const keep = this.session?.interview_id === session.interview_id;
    this.link?.close();
    this.session = session;
    this.rejoining = false;
    this.error = null;
    const url = new URL(session.ws_url, window.location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("framing", "clocked");
    if (!url.searchParams.has("token")) url.searchParams.set("token", session.token);
    this.link = new Link({ url: url.href, onevent: (e) => receive(this, e), onstatus: (status, why) => this.#connectionChanged(status, why) });
    this.path.begin(this.link, { offered: !!this.data.webrtc?.offered, kind: this.audioKind, keep });
    this.starting = false;
    this.joining = 0;
    keepMode(session.interview_id, this.audioKind);
    this.waiting = true;
    if (this.path.ending) this.#enter("PROCESSING");
    this.refresh();
  }

  #connectionChanged(status, why) {
    if (status === "turned away") return this.toast(why, "bad");
    const before = this.connection;
    this.connection = status;
    this.root.setAttribute("data-connection", status);
    if (status === "open" && before !== "silent") this.#resend();
    if (status === "silent") this.banner("line", h("div", {}, h("strong", {}, "The coach does not answer"), h("span", {}, SILENT_LINE)));
    if (status === "open" || status === "refused") this.banner("line", null);
    if (status === "reconnecting" && this.link.tries === TOLD_TRIES) this.#cutOff();
    if (status === "open" && before === "reconnecting") this.toast("Connected again. You are where you were.");
    if (status === "reconnecting" && before === "open") this.toast("The connection was cut. Reconnecting…");
    if (status === "refused") {
      this.path.pause();
      this.error = { recoverable: true, message: why || "The connection to the coach was lost." };
      this.follow("ERROR_RECOVERABLE");
    }
  }

  #cutOff() {
    this.banner("line", h("div", {}, h("strong", {}, "There is no connection to the coach"), h("span", {}, CUT_LINE)),
      button("Try now", { kind: "secondary", glyph: "loop", onclick: () => this.link?.now() }));
  }

  #resend() {
    if (this.restarting) this.link?.send("RESTART_ANSWER", { attempt_id: this.restarting });
    this.sendTextAgain();
    this.path.resume();
  }

  recover() {
    const id = this.session?.interview_id;
    this.link?.close();
    this.starting = false;
    this.joining = 0;
    if (id) this.begin({ resume: id, audio: this.audioKind || "socket" });
  }

  /** The interview is over: nothing is sent or heard any more, the summary stays. */
  settle() {
    if (this.session) forgetMode(this.session.interview_id);
    for (const key of [...this.banners.keys()]) this.banner(key, null);
    this.link?.close();
    this.path.end();
    this.mic.stop();
    this.camera.stop();
    this.picture.leave();
    this.micState = "closed";
  }

  leave() {
    for (const key of [...this.banners.keys()]) this.banner(key, null);
    this.link?.close();
    this.link = null;
    this.path.end();
    this.mic.stop();
    this.camera.stop();
    this.micState = "closed";
    this.voice.stop();
    this.picture.leave();
    this.player.stop();
    this.#clear();
    this.root.setAttribute("data-state", this.view);
    this.refresh();
  }

  /* Following the conductor --------------------------------------------------------------------------------------- */

  freshAttempt(next) {
    this.settledAt = performance.now();
    this.path.forget();
    if (next === "FEEDBACK" || next === "ERROR_RECOVERABLE") return;
    this.scores = this.rewrite = this.review = null;
    this.submitted = this.setAside = null;
    this.followUp = "";
    this.ui = freshUi();
    this.level = null;
  }

  restartClock(recorded = 0) {
    this.listeningSince = performance.now() - recorded * 1000;
    this.armedAt = performance.now();
    this.scene.controls.setKept(recorded);
    this.preflight.reset();
  }

  afterGate(action) {
    const left = this.processingSince + this.gateMs - performance.now();
    if (left <= 0) action();
    else setTimeout(action, left);
  }

  /** What was shown ahead of the conductor is taken back when it refuses. */
  takeBack() {
    if (this.view === "PROCESSING" && this.state.view_state === "LISTENING") this.#enter("LISTENING");
    this.submitted = null;
    if (this.view !== "PROCESSING" || !this.setAside) return;
    Object.assign(this, this.setAside);
    this.setAside = null;
    this.#enter("FEEDBACK");
  }

  follow(view) {
    if (["FEEDBACK", "ERROR_RECOVERABLE"].includes(view) && this.view === "PROCESSING" && !this.error) {
      if (view === "FEEDBACK" && !this.scores && !this.summary) return;
      this.afterGate(() => this.view === "PROCESSING" && this.#enter(view));
      return;
    }
    this.#enter(view);
  }

  #enter(view) {
    const before = this.view;
    this.view = view;
    this.root.setAttribute("data-state", view);
    if (view !== before) {
      this.stay();
      if (view === "PROCESSING") this.processingSince = performance.now();
      if (view === "LISTENING") {
        this.restartClock(this.recordedS());
        this.#arm();
      } else this.path.stop();
      if (view !== "INTRO_LOADING") this.waiting = false;
      this.toTop();
    }
    this.refresh();
    if (view !== before) this.#focusFor(view);
  }

  toTop() {
    window.scrollTo({ top: 0 });
    this.host.closest("[data-testid=stMain]")?.scrollTo({ top: 0 });
    if (this.summary) this.#focusFor("FEEDBACK");
  }

  #focusFor(view) {
    const target = view === "FEEDBACK" ? this.board.querySelector('[data-key="headline"]') : view === "LISTENING" ? this.scene.controls.finish : null;
    target?.focus({ preventScroll: true });
  }

  async speak(p) {
    this.speaking = p.task_id;
    this.leadIn = { words: p.lead_in || "", to: p.text };
    this.scene.refresh();
    const on = { start: (how) => this.scene.speaks(how), word: () => this.scene.drawn?.word() };
    if (p.by === "avatar") {
      const said = await this.picture.say({ ...p, text: [p.lead_in, p.text].filter(Boolean).join(" ") }, on);
      if (this.speaking !== p.task_id) return;
      if (said) return this.#spoken(p, true);
      this.picture.giveUp();
    }
    const how = { wish: this.persona?.voice, muted: this.data.voice === "none", on };
    if (p.lead_in) await this.voice.say(p.lead_in, { ...how, audioUrl: p.lead_in_url });
    if (this.speaking !== p.task_id) return;
    const result = await this.voice.say(p.text, { ...how, audioUrl: p.audio_url });
    if (this.speaking === p.task_id) this.#spoken(p, result.ok);
  }

  #spoken(p, ok) {
    this.endSpeech();
    this.link?.send("SPEECH_DONE", { task_id: p.task_id, ok });
  }

  endSpeech() {
    this.speaking = "";
    this.voice.stop();
    this.picture.hush();
    this.scene.refresh();
  }

  /** SOUND_KEPT: what the server has. */
  soundKept(p) {
    const other = this.path.acknowledged(p);
    const elsewhere = other && this.view === "LISTENING" && p.attempt_id === this.state.attempt_id;
    if (elsewhere !== this.banners.has("window")) this.banner("window", elsewhere ? h("div", {}, h("span", {}, OTHER_WINDOW)) : null);
  }

  showLevel() {
    this.scene.showLevel(this.level);
  }

  say(text) {
    this.live.textContent = text;
  }

  toast(text, kind = "info") {
    if ([...this.toasts.children].some((t) => t.textContent === text)) return;
    const note = h("div", { class: `jf-toast jf-toast-${kind}` }, icon(kind === "bad" ? "alert" : "spark"), h("span", {}, text));
    this.toasts.append(note);
    setTimeout(() => note.remove(), 6000);
  }

  /** Ten times a second while something is heard or answered; else the stage rests. */
  #beat() {
    const live = this.view === "LISTENING" || (this.micState === "open" && this.mic.armed);
    if (live && !this.ticker) this.ticker = setInterval(() => this.#tick(), TICK_MS);
    if (live || !this.ticker) return;
    clearInterval(this.ticker);
    this.ticker = 0;
  }

  /** For whoever looks on: how an answer is given, and whether WebRTC stands in. */
  #showPath() {
    this.root.setAttribute("data-audio", this.path.link ? this.path.kind : "");
    this.root.setAttribute("data-stand-in", this.path.webrtc);
  }

  #tick() {
    this.#beat();
    if (this.micState === "open" && this.mic.armed) {
      this.preflight.push(this.mic.level);
      if (this.view === "INTRO_LOADING") this.micBox?.refresh();
    }
    this.#showPath();
    const heard = this.audioKind !== "socket" || this.path.take;
    if (this.view === "LISTENING" && heard) this.scene.tick(clock((performance.now() - this.listeningSince) / 1000));
  }

  /* Drawing ------------------------------------------------------------------------------------------------------- */

  refresh() {
    this.#beat();
    this.#showPath();
    this.root.toggleAttribute("data-moving", this.moving);
    this.#turn(SCENE_STATES.includes(this.view) ? "scene" : "board");
    this.scene.refresh();
    const key = this.#boardKey();
    if (key && key === this.boardKey) return;
    this.boardKey = key;
    const active = this.board.contains(document.activeElement) ? document.activeElement.getAttribute("data-key") : null;
    this.boardView?.dispose?.();
    this.boardView = this.#boardView();
    fill(this.board, this.boardView);
    if (active) this.board.querySelector(`[data-key="${CSS.escape(active)}"]`)?.focus({ preventScroll: true });
  }

  /** Scene and board fade into one another: what stood elsewhere before does not jump to its new place. */
  #turn(layout) {
    const before = this.root.getAttribute("data-layout");
    if (before === layout) return;
    this.root.setAttribute("data-layout", layout);
    if (!before) return;
    this.root.classList.add("jf-turn");
    requestAnimationFrame(() => requestAnimationFrame(() => this.root.classList.remove("jf-turn")));
  }

  /** Views with a life of their own (typing, countdown, shimmer) are not drawn anew while nothing of theirs changed. */
  #boardKey() {
    if (SCENE_STATES.includes(this.view)) return "scene";
    if (this.view === "PROCESSING") return this.review && performance.now() >= this.processingSince + this.gateMs - 5 ? `review/${this.review.attempt_id}` : `bones/${this.state.attempt_id}`;
    return "";
  }

  #boardView() {
    if (SCENE_STATES.includes(this.view)) return null;
    if (this.summary) return summaryView(this);
    if (this.error) return errorView(this, this.error);
    if (this.view === "ERROR_RECOVERABLE") return delayedView(this, this.state.notice);
    if (this.view === "PROCESSING") return this.boardKey.startsWith("review") ? reviewView(this, this.review) : skeletonView();
    if (this.view === "FEEDBACK") {
      if (this.asksSelfRating) return selfRateView(this);
      return this.scores ? dashboardView(this) : skeletonView();
    }
    return introView(this);
  }

  destroy() {
    this.trigger = null;
    clearInterval(this.ticker);
    document.removeEventListener("keydown", this.keyed);
    this.link?.close();
    this.path.end();
    this.mic.stop();
    this.camera.stop();
    this.voice.close();
    this.picture.leave();
    this.player.stop();
    this.scene.destroy();
  }
}

Object.assign(Stage.prototype, COMMANDS, LEAVING);
