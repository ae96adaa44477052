const SEEN = "jf-tour", STEP = "jf-tour-step";

/** Storage may be refused (private windows, blocked cookies): then the tour is simply not remembered. */
const kept = {
  get: (store, name) => { try { return store.getItem(name); } catch { return null; } },
  set: (store, name, value) => { try { store.setItem(name, value); } catch { /* not remembered */ } },
};

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export default function ({ parentElement, data }) {
  const root = parentElement.querySelector(".tour");
  let at = Math.min(Number(kept.get(sessionStorage, STEP)) || 0, data.steps.length - 1);

  function close(asked) {
    kept.set(localStorage, SEEN, "seen");
    kept.set(sessionStorage, STEP, "0");
    at = 0;
    root.querySelector(".card")?.remove();
    if (asked) root.querySelector(".again").focus();
  }

  function turn(to) {
    at = to;
    kept.set(sessionStorage, STEP, String(at));
    show();
    root.querySelector(".next").focus();
  }

  function button(name, text, act) {
    const made = element("button", { type: "button", class: name }, text);
    made.onclick = act;
    return made;
  }

  function show() {
    root.querySelector(".card")?.remove();
    const { title, text } = data.steps[at], last = at === data.steps.length - 1;
    const marks = data.steps.map((_, n) => element("i", n <= at ? { class: "on" } : {}));
    const row = element("div", { class: "row" }, button("skip", last ? "Close" : "Skip the tour", () => close(true)));
    if (at) row.append(button("back", "Back", () => turn(at - 1)));
    row.append(button("next", last ? "Start" : "Next", () => (last ? close(true) : turn(at + 1))));
    const card = element(
      "section", { class: "card", role: "dialog", "aria-labelledby": "tour-title", "aria-describedby": "tour-text" },
      element("div", { class: "step" }, ...marks, `${at + 1} of ${data.steps.length}`),
      element("h2", { id: "tour-title" }, title), element("p", { id: "tour-text" }, text), row,
    );
    card.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Escape") close(true);
      if (event.key === "ArrowRight" && !last) turn(at + 1);
      if (event.key === "ArrowLeft" && at) turn(at - 1);
    };
    root.append(card);
  }

  if (!root.querySelector(".again")) {
    const again = button("again", "?", () => (root.querySelector(".card") ? close(true) : turn(0)));
    again.setAttribute("aria-label", "Take the tour");
    again.title = "Take the tour";
    root.append(again);
    if (data.newcomer && !navigator.webdriver && kept.get(localStorage, SEEN) === null) show();
  }
}
