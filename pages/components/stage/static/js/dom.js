/* Small tools to build elements; everything the stage draws goes through here, so text is never parsed as HTML. */

const SVG_NS = "http://www.w3.org/2000/svg";

function assign(node, props) {
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.setAttribute("class", value);
    else if (name === "style" && typeof value === "object") {
      for (const [key, v] of Object.entries(value)) node.style.setProperty(key, v);
    } else if (name.startsWith("on") && typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

export function h(tag, props, ...children) {
  return append(assign(document.createElement(tag), props), children);
}

export function s(tag, props, ...children) {
  return append(assign(document.createElementNS(SVG_NS, tag), props), children);
}

export function fill(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

const ICONS = {
  mic: "M12 3a3 3 0 0 1 3 3v6a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3",
  arrow: "M5 12h14M13 6l6 6-6 6",
  loop: "M4 12a8 8 0 1 1 2.5 5.8M4 12V6.8M4 12h5.2",
  check: "M5 12.5l4.5 4.5L19 7.5",
  play: "M8 5.5v13l10.5-6.5z",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  copy: "M9 9h10v11H9zM5 15V4h10",
  bookmark: "M7 4h10v16l-5-4-5 4z",
  alert: "M12 4l9 16H3zM12 10v4.5M12 17.2v.3",
  spark: "M12 3l1.8 5.4L19 10l-5.2 1.7L12 17l-1.8-5.3L5 10l5.2-1.6zM18.5 16l.7 2 2 .7-2 .7-.7 2-.7-2-2-.7 2-.7z",
  bulb: "M9 18h6M10 21h4M12 3a6 6 0 0 1 3.6 10.8c-.6.5-.9 1.2-.9 2H9.3c0-.8-.3-1.5-.9-2A6 6 0 0 1 12 3z",
  flag: "M6 21V4M6 5h11l-2 4 2 4H6",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l1 13h8l1-13",
  keyboard: "M3.5 7h17v10h-17zM7 10.2h.2M10.4 10.2h.2M13.8 10.2h.2M17 10.2h.2M8 13.8h8",
  skip: "M6.5 5.5v13l9-6.5zM18 5.5v13",
  star: "M12 4l2.4 5 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.7l5.6-.7z",
};

export function icon(name, size = 18) {
  return s(
    "svg",
    { viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", class: `jf-icon jf-icon-${name}` },
    s("path", {
      d: ICONS[name] || "",
      fill: name === "play" ? "currentColor" : "none",
      stroke: "currentColor",
      "stroke-width": "1.8",
      "stroke-linecap": "round",
      "stroke-linejoin": "round",
    }),
  );
}

export function button(label, { kind = "secondary", glyph, name, onclick, disabled, pressed, key } = {}) {
  return h(
    "button",
    {
      type: "button",
      class: `jf-button jf-${kind}`,
      "aria-label": name && name !== label ? name : null,
      "aria-pressed": pressed === undefined ? null : String(pressed),
      "data-key": key || name || label,
      disabled: disabled || null,
      onclick,
    },
    glyph ? icon(glyph) : null,
    h("span", {}, label),
  );
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function score(value) {
  return value === null || value === undefined ? "–" : Number(value).toFixed(1);
}

/** Traffic light of a 0-10 score: the same bands everywhere on the stage. */
export function band(value) {
  if (value === null || value === undefined) return "none";
  if (value < 5) return "low";
  return value < 7.5 ? "mid" : "high";
}

export function plural(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

export function reducedMotion() {
  return window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}
