/* Moments of a recording: what was said about which second, played from there; the second under the playhead; Space. */

const WRITES = "input:not([type=radio], [type=checkbox], [type=range]), textarea, select, [contenteditable], [role=dialog] *";
const OWN_USE = "button, a[href], summary, audio, video, input, [role=switch], [role=tab], [role=slider], [role=option]";
let byPointer = false;
addEventListener("pointerdown", () => { byPointer = true; }, true);
addEventListener("keydown", (event) => { if (event.key === "Tab") byPointer = false; }, true);

const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function made(tag, className, text, click) {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  if (tag === "button") { element.type = "button"; element.onclick = click; }
  return element;
}

/** Space plays and pauses, unless the person writes or walks through the page by keyboard. */
function onSpace(event, toggle) {
  if (event.key !== " " || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.composedPath()[0];
  if (!(target instanceof Element) || target.closest(WRITES) || (target.closest(OWN_USE) && !byPointer)) return;
  if (!toggle(event.repeat)) return;
  event.preventDefault();
  addEventListener("keyup", (up) => up.key === " " && up.preventDefault(), { capture: true, once: true });
}

class Moments {
  constructor(host) {
    this.host = host;
    this.over = new AbortController();
    const options = { capture: true, signal: this.over.signal };
    for (const name of ["timeupdate", "seeked", "loadedmetadata"]) {
      document.addEventListener(name, (event) => event.target === this.sound() && this.tell(), options);
    }
    document.addEventListener("keydown", (event) => this.data.keys && onSpace(event, (again) => this.toggle(again)), { signal: this.over.signal });
  }

  sound() { return document.querySelector(`${this.data.within} audio`); }

  update(data, send) {
    this.data = data;
    this.send = send;
    const said = JSON.stringify(data);
    if (said === this.shown) return;
    this.shown = said;
    this.host.replaceChildren(...this.controls(), ...this.list());
    this.tell();
  }

  controls() {
    if (!this.data.add) return [];
    const row = made("div", "row", "");
    this.button = made("button", "add", "Comment", () => this.comment());
    row.append(this.button);
    if (this.data.keys) row.append(made("span", "hint", "Space plays and pauses"));
    return [row];
  }

  list() {
    if (!this.data.moments.length) return [];
    const list = made("ul", "said", "");
    list.setAttribute("aria-label", "Comments");
    for (const moment of this.data.moments) list.append(this.item(moment));
    return [list];
  }

  item(moment) {
    const item = made("li", "", "");
    if (moment.at === null) item.append(made("q", "", moment.quote));
    else if (this.data.plays) {
      const play = made("button", "play", `▶ ${clock(moment.at)}`, () => this.play(moment.at));
      play.setAttribute("aria-label", `Play from ${clock(moment.at)}`);
      item.append(play);
    } else item.append(made("span", "hint", clock(moment.at)));
    const words = made("p", "", moment.text);
    words.prepend(made("b", "", `${moment.author} `));
    if (moment.edited) words.append(made("span", "hint", " (edited)"));
    item.append(words);
    if (moment.mine) {
      for (const name of ["Edit", "Remove"]) {
        const button = made("button", "quiet", name, () => this.send("act", { name: name.toLowerCase(), id: moment.id }));
        button.setAttribute("aria-label", `${name}: ${moment.text.slice(0, 40)}`);
        item.append(button);
      }
    }
    return item;
  }

  tell() {
    const sound = this.sound();
    if (this.button && this.data.plays) this.button.textContent = `Comment at ${clock(sound ? sound.currentTime : 0)}`;
  }

  comment() {
    const sound = this.sound();
    if (sound) sound.pause();
    this.send("act", { name: "comment", at: this.data.plays && sound ? sound.currentTime : null });
  }

  async play(at) {
    const sound = this.sound();
    if (!sound) return;
    sound.currentTime = at;
    await sound.play().catch(() => {});
  }

  toggle(again) {
    const sound = this.sound();
    if (!sound) return false;
    if (!again) { if (sound.paused) sound.play().catch(() => {}); else sound.pause(); }
    return true;
  }
}

export default function mount({ parentElement, data, setTriggerValue }) {
  const host = parentElement.querySelector(".moments");
  if (!host) return undefined;
  if (!host.moments) host.moments = new Moments(host);
  const moments = host.moments;
  moments.update(data, setTriggerValue);
  return () => {
    moments.over.abort();
    host.moments = null;
  };
}
